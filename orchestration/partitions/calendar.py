"""Days and wall clocks of a zone as instants, and back."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from orchestration.errors import PartitionError

INSTANT = timedelta(microseconds=1)


def known_zone(name: str) -> str:
    """``name`` if it is a time zone; raises PartitionError."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError) as error:
        raise PartitionError(f"{name!r} isn't a time zone; write an IANA name such as 'Europe/Berlin'") from error
    return name


@lru_cache(maxsize=65536)
def midnight(zone: str, ordinal: int) -> datetime:
    """When a day begins, in UTC: the first of two midnights, and the end of a gap that swallows it.

    Raises
    ------
    PartitionError
        The day lies outside the calendar.
    """
    try:
        return datetime.combine(date.fromordinal(ordinal), time(), ZoneInfo(zone)).astimezone(UTC)
    except (OverflowError, ValueError):
        raise PartitionError("that day lies at the end of the calendar; it can't be a partition") from None


def day_of(zone: str, instant: datetime) -> int:
    """The day, as an ordinal, whose interval holds ``instant``: also where a clock goes back over midnight."""
    try:
        ordinal = instant.astimezone(ZoneInfo(zone)).toordinal()
    except OverflowError:
        raise PartitionError(f"{instant} lies at the end of the calendar; no partition holds it") from None
    while midnight(zone, ordinal) > instant:
        ordinal -= 1
    while midnight(zone, ordinal + 1) <= instant:
        ordinal += 1
    return ordinal


def wall(zone: str, instant: datetime) -> str:
    """The wall clock at ``instant``: ``2013-11-03T01:00``, the second time that it shows so ``...T01:00-0500``."""
    local = instant.astimezone(ZoneInfo(zone))
    text = local.replace(tzinfo=None, fold=0).isoformat(timespec="seconds" if local.second else "minutes")
    return text + local.strftime("%z") if local.fold else text


def instant_of(zone: str, text: str) -> datetime | None:
    """The instant at which :func:`wall` says ``text``; None for a time that there is not, or written otherwise."""
    try:
        local = datetime.fromisoformat(text)
        found = (local if local.tzinfo else local.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
        return found if wall(zone, found) == text else None
    except (ValueError, TypeError, OverflowError):
        return None


def a_day(text: str, what: str) -> date:
    """``YYYY-MM-DD`` as a date; raises PartitionError that shows ``what`` was declared."""
    try:
        day = date.fromisoformat(text)
    except (ValueError, TypeError):
        day = None
    if day is None or day.isoformat() != text:
        raise PartitionError(f"{what}: write days as YYYY-MM-DD")
    return day
