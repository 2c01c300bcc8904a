"""A partition from each firing of a cron expression to the next one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from orchestration.errors import PartitionError
from orchestration.partitions.calendar import INSTANT, a_day, instant_of, known_zone, midnight, wall
from orchestration.partitions.firings import Firings, firings_after, tidy_expression
from orchestration.partitions.timed import TimePartitions, in_order


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
            return place if self._firings.at(place) else None
        except PartitionError:
            return None

    def _key(self, place: int) -> str:
        return wall(self.zone, self._begin(place))

    def _begin(self, place: int) -> datetime:
        return datetime.fromtimestamp(place, UTC)

    def _next(self, place: int) -> int:
        return self._firings.next(place)

    def _previous(self, place: int) -> int:
        return self._at(self._begin(place) - INSTANT)

    def _at(self, instant: datetime) -> int:
        found = self._firings.last(instant)
        if found is None:
            raise PartitionError(f"no partition of {self.describe()} holds {instant}")
        return found

    @property
    def _firings(self) -> Firings:
        return Firings(self.expression, self.zone)

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
    tidy = tidy_expression(expression, what)
    first = next(firings_after(tidy, zone, begin - INSTANT), None)
    if first is None:
        raise PartitionError(f"{what}: it never fires; is there such a day?")
    made = CronPartitions(tidy, datetime.fromtimestamp(first, UTC), zone)
    if until is None:
        return made
    in_order(what, first, int(until.timestamp()) - 1)
    last = made._at(until - INSTANT)
    return CronPartitions(tidy, made.start, zone, datetime.fromtimestamp(last, UTC))
