"""A partition an hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from orchestration.errors import PartitionError
from orchestration.partitions.calendar import INSTANT, a_day, day_of, instant_of, known_zone, midnight, wall
from orchestration.partitions.timed import TimePartitions, in_order

_HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class HourlyPartitions(TimePartitions):
    """The hours of each calendar day in ``zone``, counted from its midnight: 23 or 25 when the clocks change.

    The key is the wall clock, ``2013-11-03T01:00``. Only the hour that the clocks show a second time carries
    its offset, ``2013-11-03T01:00-0500``; the one that they leave out is no key. So keys are unique, and their
    order as text is that of time. Where clocks change by half an hour, the day's last partition is shorter.
    """

    start: datetime  # when the first begins, UTC
    zone: str = "UTC"
    end: datetime | None = None  # when the last begins

    @property
    def rule(self) -> tuple[object, ...]:
        return ("hourly", self.zone)

    def describe(self) -> str:
        return f"hourly {self._since()}"

    def _read(self, key: str) -> int | None:
        instant = instant_of(self.zone, key)
        if instant is None:
            return None
        try:
            place = self._at(instant)
        except PartitionError:
            return None
        return place if place == _seconds(instant) else None

    def _key(self, place: int) -> str:
        return wall(self.zone, self._begin(place))

    def _begin(self, place: int) -> datetime:
        return datetime.fromtimestamp(place, UTC)

    def _next(self, place: int) -> int:
        instant = self._begin(place)
        return min(place + _HOUR_S, _seconds(midnight(self.zone, day_of(self.zone, instant) + 1)))

    def _previous(self, place: int) -> int:
        return self._at(self._begin(place) - INSTANT)

    def _at(self, instant: datetime) -> int:
        begin = midnight(self.zone, day_of(self.zone, instant))
        return _seconds(begin) + (instant - begin) // timedelta(hours=1) * _HOUR_S

    @property
    def _first(self) -> int:
        return _seconds(self.start)

    @property
    def _last(self) -> int | None:
        return None if self.end is None else _seconds(self.end)

    def _advice(self, key: str) -> str:
        return (
            f"{key!r} isn't an hourly partition in {self.zone}; write the hour as YYYY-MM-DDTHH:00, e.g. "
            f"{self._key(self._first)}, and where the clocks show it twice the second with its offset"
        )


def hourly(start: str, *, timezone: str = "UTC", end: str | None = None) -> HourlyPartitions:
    """Partitions by hour.

    Parameters
    ----------
    start, end:
        The first and, if there is one, the last hour, ``YYYY-MM-DDTHH:00``; or a day, from its first hour, to its
        last one.
    timezone:
        IANA name of the zone whose wall clock the keys show.

    Raises
    ------
    PartitionError
        An hour or a zone that doesn't exist.

    >>> hourly("2013-01-01", timezone="America/New_York").between("2013-11-03T00:00", "2013-11-03T02:00")
    ('2013-11-03T00:00', '2013-11-03T01:00', '2013-11-03T01:00-0500', '2013-11-03T02:00')
    """
    zone, what = known_zone(timezone), f"hourly(start={start!r}, end={end!r})"
    first = _bound(zone, start, what, last=False)
    made = HourlyPartitions(first, zone, _bound(zone, end, what, last=True) if end else None)
    in_order(what, made._first, made._last)
    return made


def _bound(zone: str, text: str, what: str, *, last: bool) -> datetime:
    if isinstance(text, str) and "T" not in text:
        day = a_day(text, f"{what} takes hours (YYYY-MM-DDTHH:00) or days")
        within = midnight(zone, day.toordinal() + 1) - INSTANT if last else midnight(zone, day.toordinal())
        return _begun(zone, within)
    instant = instant_of(zone, text)
    if instant is None or _begun(zone, instant) != instant:
        raise PartitionError(f"{what}: no hour begins at {text!r} in {zone}; write YYYY-MM-DDTHH:00 or a day")
    return instant


def _begun(zone: str, instant: datetime) -> datetime:
    """The beginning of the hour that holds ``instant``."""
    begin = midnight(zone, day_of(zone, instant))
    return begin + (instant - begin) // timedelta(hours=1) * timedelta(hours=1)


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())
