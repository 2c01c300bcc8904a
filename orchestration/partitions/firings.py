"""When a cron expression fires in a time zone: the same instants, from wherever one begins to count."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from orchestration.errors import PartitionError

_LOOK_BACK = (0, 1, 7, 40, 400, 3000, 12000)  # days, until a firing is found; leap days of a weekday are the rarest


@dataclass(frozen=True, slots=True)
class Firings:
    """The firings of five fields in a zone, as whole seconds since 1970.

    Clock changes are those of Debian's cron: a job at a fixed time runs once on such a day.
    """

    expression: str
    zone: str

    def at(self, place: int) -> bool:
        """Whether it fires at this second; raises PartitionError at the end of the calendar."""
        return place in self._block(place)

    def next(self, place: int) -> int:
        """The first firing after a second; raises PartitionError where there is none."""
        return _next(self.expression, self.zone, place)

    def last(self, instant: datetime) -> int | None:
        """The last firing at or before an instant; None where none is found."""
        place = int(instant.timestamp() // 1)
        noon = _noon_before(self.zone, place)
        for days in _LOOK_BACK:
            found = None
            firings = _noon_to_noon(self.expression, self.zone, max(noon - days, 1))
            while firings[0] <= place:
                found = firings[bisect_right(firings, place) - 1]
                if firings[-1] > place:
                    return found
                firings = self._block(firings[-1])
            if found is not None:
                return found
        return None

    def between(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """Each firing after an instant, up to and at another."""
        place, end = int(after.timestamp() // 1), until.timestamp()
        try:
            while (place := self.next(place)) <= end:
                yield datetime.fromtimestamp(place, UTC)
        except PartitionError:  # it doesn't fire any more
            return

    def _block(self, place: int) -> tuple[int, ...]:
        return _block(self.expression, self.zone, place)


def tidy_expression(expression: str, what: str) -> str:
    """Five fields with a blank between them; raises PartitionError that shows ``what`` was declared."""
    tidy = " ".join(expression.split()) if isinstance(expression, str) else ""
    if len(tidy.split()) != 5:
        raise PartitionError(f"{what}: write the five fields minute hour day-of-month month day-of-week")
    return tidy


@lru_cache(maxsize=65536)  # thousands of schedules ask again at each tick
def _next(expression: str, zone: str, place: int) -> int:
    firings = _block(expression, zone, place)
    return firings[0] if firings[0] > place else firings[bisect_right(firings, place)]


def _block(expression: str, zone: str, place: int) -> tuple[int, ...]:
    return _noon_to_noon(expression, zone, _noon_before(zone, place))


def _noon_before(zone: str, place: int) -> int:
    """The day on whose noon the block of firings begins in which a firing at ``place`` would be."""
    local = datetime.fromtimestamp(place, ZoneInfo(zone))
    noon = datetime.combine(local.date(), time(12), ZoneInfo(zone))
    return local.toordinal() - (1 if place <= noon.timestamp() else 0)


@lru_cache(maxsize=65536)
def _noon_to_noon(expression: str, zone: str, day: int) -> tuple[int, ...]:
    """The firings after noon of a day until noon of the next, and then one more, so that each has a next one.

    At noon no clock changes, so the firings don't depend on where one begins to count.
    """
    noon = datetime.combine(date.fromordinal(day), time(12), ZoneInfo(zone))
    try:
        until = datetime.combine(date.fromordinal(day + 1), time(12), ZoneInfo(zone)).timestamp()
    except (ValueError, OverflowError):
        raise PartitionError("that day lies at the end of the calendar; it can't be a partition") from None
    found = []
    for place in firings_after(expression, zone, noon):
        found.append(place)
        if place > until:
            return tuple(found)
    raise PartitionError(f"cron {expression!r} doesn't fire any more after {noon:%Y-%m-%d}")


def firings_after(expression: str, zone: str, after: datetime) -> Iterator[int]:
    """Each firing after an instant, strictly later than the one before it, as seconds since 1970."""
    from cronsim import CronSim, CronSimError

    last = after.timestamp()
    try:
        for local in CronSim(expression, after.astimezone(ZoneInfo(zone))):
            place = int(local.astimezone(UTC).timestamp())
            if place > last:
                yield place
                last = place
    except CronSimError as error:
        raise PartitionError(f"{expression!r} isn't a cron expression: {error}") from None
    except (OverflowError, ValueError):  # the end of the calendar
        return
