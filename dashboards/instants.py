"""Instants as people read them: in the project's zone, with the exact UTC at hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dashboards.quantities import ABSENT, NBSP


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
        if at is None:
            return ABSENT
        local, today = at.astimezone(self.zone), self.now.astimezone(self.zone)
        clock = f"{local:%H:%M}"
        if local.date() == today.date():
            return clock
        return f"{self.day(at)}{NBSP}{clock}"

    def day(self, at: datetime) -> str:
        """``8 Feb``, with the year if it is not this one."""
        local, today = at.astimezone(self.zone), self.now.astimezone(self.zone)
        year = "" if local.year == today.year else f"{NBSP}{local.year}"
        return f"{local.day}{NBSP}{local:%b}{year}"

    def full(self, at: datetime) -> str:
        """``Friday 8 February 2013, 06:00 EST``."""
        local = at.astimezone(self.zone)
        return f"{local:%A} {local.day} {local:%B %Y}, {local:%H:%M} {local:%Z}"

    def ago(self, at: datetime | None) -> str:
        """How long before ``now``: ``8 s ago``, ``26 h ago``."""
        if at is None:
            return "never"
        seconds = max(0, round((self.now - at).total_seconds()))
        for size, unit in ((172_800, "d"), (5_400, "h"), (90, "min")):
            if seconds >= size:
                divisor = {"d": 86_400, "h": 3_600, "min": 60}[unit]
                return f"{seconds // divisor}{NBSP}{unit} ago"
        return f"{seconds}{NBSP}s ago"


def zone(name: str) -> ZoneInfo:
    """The zone of that IANA name, UTC if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def exact(at: datetime) -> str:
    """The instant in UTC as ISO 8601, e.g. ``2013-02-08T11:00:00Z``."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
