"""A partition a week, named by the day on which it begins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from orchestration.errors import PartitionError
from orchestration.partitions.calendar import a_day, day_of, known_zone, midnight
from orchestration.partitions.timed import TimePartitions, in_order

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class WeeklyPartitions(TimePartitions):
    """Seven calendar days in ``zone``; the key is the first of them, ``YYYY-MM-DD``."""

    start: date  # the first day of the first week
    zone: str = "UTC"
    end: date | None = None  # the first day of the last week

    @property
    def rule(self) -> tuple[object, ...]:
        return ("weekly", self.zone, self.start.weekday())

    def describe(self) -> str:
        return f"weekly from {_WEEKDAYS[self.start.weekday()].title()} {self._since()}"

    def _read(self, key: str) -> int | None:
        try:
            day = date.fromisoformat(key)
        except (ValueError, TypeError):
            return None
        return day.toordinal() if day.isoformat() == key and day.weekday() == self.start.weekday() else None

    def _key(self, place: int) -> str:
        return date.fromordinal(place).isoformat()

    def _begin(self, place: int) -> datetime:
        return midnight(self.zone, place)

    def _next(self, place: int) -> int:
        return place + 7

    def _previous(self, place: int) -> int:
        return place - 7

    def _at(self, instant: datetime) -> int:
        day = day_of(self.zone, instant)
        return day - (day - self._first) % 7

    @property
    def _first(self) -> int:
        return self.start.toordinal()

    @property
    def _last(self) -> int | None:
        return None if self.end is None else self.end.toordinal()

    def _advice(self, key: str) -> str:
        wanted = self.start.weekday()
        try:
            day = date.fromisoformat(key)
            begins = day - timedelta(days=(day.weekday() - wanted) % 7)
        except (ValueError, TypeError, OverflowError):
            return f"{key!r} isn't a weekly partition; write the day on which a week begins, e.g. {self.start}"
        return f"{key!r} isn't a weekly partition: weeks begin on {_WEEKDAYS[wanted].title()}; write {begins}"


def weekly(start: str, *, weekday: str = "monday", timezone: str = "UTC", end: str | None = None) -> WeeklyPartitions:
    """Partitions by week.

    Parameters
    ----------
    start:
        The first week is the first one that begins on this day or later, ``YYYY-MM-DD``.
    weekday:
        On which a week begins, ``"monday"`` to ``"sunday"``, at midnight.
    timezone:
        IANA name of the zone of that midnight.
    end:
        No week that begins after this day.

    Raises
    ------
    PartitionError
        A day, weekday or zone that doesn't exist.

    >>> weekly("2013-01-01").between("2013-01-07", "2013-01-21")
    ('2013-01-07', '2013-01-14', '2013-01-21')
    """
    what = f"weekly(start={start!r}, end={end!r})"
    if not isinstance(weekday, str) or weekday.lower() not in _WEEKDAYS:
        raise PartitionError(f"weekly(weekday={weekday!r}): write one of {', '.join(_WEEKDAYS)}")
    wanted, given = _WEEKDAYS.index(weekday.lower()), a_day(start, what)
    try:
        first = given + timedelta(days=(wanted - given.weekday()) % 7)
        until = a_day(end, what) if end else None
        last = until and until - timedelta(days=(until.weekday() - wanted) % 7)
    except OverflowError:
        raise PartitionError(f"{what}: that lies at the end of the calendar") from None
    made = WeeklyPartitions(first, known_zone(timezone), last)
    in_order(what, made._first, made._last)
    return made
