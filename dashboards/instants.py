"""Instants as people read them: in the project's zone, with the exact UTC at hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from observer.quantities import ABSENT, age, unbroken
from observer.reads.instants import moment


@dataclass(frozen=True, slots=True)
class Clock:
    """Says instants relative to ``now`` in ``zone``; an unknown zone is read as UTC."""

    now: datetime
    zone: ZoneInfo

    @classmethod
    def of(cls, now: datetime, timezone: str) -> Clock:
        """The clock of a page that was read at ``now`` for a project in ``timezone`` (IANA name)."""
        return cls(now, zone(timezone))

    def moment(self, at: datetime | None) -> str:
        """``06:00`` on the same day, ``8 Feb 06:00`` in the same year, else ``8 Feb 2012 06:00``."""
        return ABSENT if at is None else unbroken(moment(at, self.now, self.zone))

    def full(self, at: datetime) -> str:
        """``Friday 8 February 2013, 06:00 EST``."""
        local = at.astimezone(self.zone)
        return f"{local:%A} {local.day} {local:%B %Y}, {local:%H:%M} {local:%Z}"

    def ago(self, at: datetime | None) -> str:
        """How long before ``now``: ``8 s ago``, ``26 h ago``."""
        if at is None:
            return "never"
        return unbroken(f"{age(max(0.0, (self.now - at).total_seconds()))} ago")


def zone(name: str) -> ZoneInfo:
    """The zone of that IANA name, UTC if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


class NotAnInstant(ValueError):
    """A time in an address that can't be read; the message says which."""


def asked(name: str, text: str | None) -> datetime | None:
    """The instant that the field ``name`` of an address asks for, in UTC; None where it is empty.

    One without a zone is of UTC. Raises NotAnInstant, also in the first and the last year that there is: not every
    zone can say those.
    """
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text.replace(" ", "+"))  # a plus that nobody encoded came as a blank
        if not MINYEAR < found.year < MAXYEAR:
            raise ValueError(found)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except ValueError:
        raise NotAnInstant(f"{name}={text[:80]!r} is no instant such as 2013-02-08T11:00:00Z") from None


def exact(at: datetime) -> str:
    """The instant in UTC as ISO 8601, e.g. ``2013-02-08T11:00:00Z``."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
