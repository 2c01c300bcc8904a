"""A partition from each firing of a cron expression to the next one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from orchestration.errors import PartitionError
from orchestration.partitions.calendar import INSTANT, a_day, instant_of, known_zone, midnight, wall
from orchestration.partitions.timed import TimePartitions, in_order

_LOOK_BACK = (0, 1, 7, 40, 400, 3000, 12000)  # days, until a firing is found; leap days of a weekday are the rarest


@dataclass(frozen=True, slots=True)
class CronPartitions(TimePartitions):
    """One partition from each firing of ``expression`` to the next; the key is the wall clock when it begins.

    ``2013-02-08T06:00``; where the clocks show that time twice, the second carries its offset. Clock changes are
    those of Debian's cron: a job at a fixed time runs once on such a day.
    """

    expression: str
    start: datetime  # the first firing, UTC
    zone: str = "UTC"
    end: datetime | None = None  # the last firing

    @property
    def rule(self) -> tuple[object, ...]:
        return ("cron", self.zone, self.expression)

    def describe(self) -> str:
        return f"cron {self.expression} {self._since()}"

    def _read(self, key: str) -> int | None:
        instant = instant_of(self.zone, key)
        if instant is None:
            return None
        place = int(instant.timestamp())
        try:
            return place if place in _noon_to_noon(self.expression, self.zone, self._noon_before(place)) else None
        except PartitionError:
            return None

    def _key(self, place: int) -> str:
        return wall(self.zone, self._begin(place))

    def _begin(self, place: int) -> datetime:
        return datetime.fromtimestamp(place, UTC)

    def _next(self, place: int) -> int:
        firings = _noon_to_noon(self.expression, self.zone, self._noon_before(place))
        return firings[bisect_right(firings, place)]

    def _previous(self, place: int) -> int:
        return self._at(self._begin(place) - INSTANT)

    def _at(self, instant: datetime) -> int:
        place = int(instant.timestamp() // 1)
        noon = self._noon_before(place)
        for days in _LOOK_BACK:
            found = None
            firings = _noon_to_noon(self.expression, self.zone, max(noon - days, 1))
            while firings[0] <= place:
                found = firings[bisect_right(firings, place) - 1]
                if firings[-1] > place:
                    return found
                firings = _noon_to_noon(self.expression, self.zone, self._noon_before(firings[-1]))
            if found is not None:
                return found
        raise PartitionError(f"no partition of {self.describe()} holds {instant}")

    def _noon_before(self, place: int) -> int:
        """The day on whose noon the block of firings begins in which a firing at ``place`` would be."""
        local = datetime.fromtimestamp(place, ZoneInfo(self.zone))
        noon = datetime.combine(local.date(), time(12), ZoneInfo(self.zone))
        return local.toordinal() - (1 if place <= noon.timestamp() else 0)

    @property
    def _first(self) -> int:
        return int(self.start.timestamp())

    @property
    def _last(self) -> int | None:
        return None if self.end is None else int(self.end.timestamp())

    def _advice(self, key: str) -> str:
        example = self._key(self._first)
        return f"{key!r} isn't a partition of cron {self.expression!r} in {self.zone}; they are like {example}"


def cron(expression: str, start: str, *, timezone: str = "UTC", end: str | None = None) -> CronPartitions:
    """Partitions that begin whenever a cron expression fires.

    Parameters
    ----------
    expression:
        Five fields, ``minute hour day-of-month month day-of-week``.
    start, end:
        The first partition is the first that begins on this day or later; none begins after ``end``.
    timezone:
        IANA name of the zone in which the expression is meant.

    Raises
    ------
    PartitionError
        An expression that isn't one or never fires, or a day or zone that doesn't exist.

    >>> cron("0 6 * * mon-fri", "2013-02-01").between("2013-02-01T06:00", "2013-02-05T06:00")
    ('2013-02-01T06:00', '2013-02-04T06:00', '2013-02-05T06:00')
    """
    zone, what = known_zone(timezone), f"cron({expression!r}, start={start!r}, end={end!r})"
    begin = midnight(zone, a_day(start, what).toordinal())
    until = midnight(zone, a_day(end, what).toordinal() + 1) if end else None
    tidy = " ".join(expression.split()) if isinstance(expression, str) else ""
    if len(tidy.split()) != 5:
        raise PartitionError(f"{what}: write the five fields minute hour day-of-month month day-of-week")
    first = next(_firings(tidy, zone, begin - INSTANT), None)
    if first is None:
        raise PartitionError(f"{what}: it never fires; is there such a day?")
    made = CronPartitions(tidy, datetime.fromtimestamp(first, UTC), zone)
    if until is None:
        return made
    in_order(what, first, int(until.timestamp()) - 1)
    last = made._at(until - INSTANT)
    return CronPartitions(tidy, made.start, zone, datetime.fromtimestamp(last, UTC))


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
    for place in _firings(expression, zone, noon):
        found.append(place)
        if place > until:
            return tuple(found)
    raise PartitionError(f"cron {expression!r} doesn't fire any more after {noon:%Y-%m-%d}")


def _firings(expression: str, zone: str, after: datetime) -> Iterator[int]:
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
