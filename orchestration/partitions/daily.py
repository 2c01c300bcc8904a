"""A partition a calendar day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from orchestration.partitions.calendar import a_day, day_of, known_zone, midnight
from orchestration.partitions.timed import TimePartitions, in_order


@dataclass(frozen=True, slots=True)
class DailyPartitions(TimePartitions):
    """One partition a calendar day in ``zone``: a day has 23 or 25 hours when the clocks change."""

    start: date
    zone: str = "UTC"
    end: date | None = None  # the last day, included

    @property
    def rule(self) -> tuple[object, ...]:
        return ("daily", self.zone)

    def describe(self) -> str:
        return f"daily {self._since()}"

    def _read(self, key: str) -> int | None:
        try:
            day = date.fromisoformat(key)
        except (ValueError, TypeError):
            return None
        return day.toordinal() if day.isoformat() == key else None

    def _key(self, place: int) -> str:
        return date.fromordinal(place).isoformat()

    def _begin(self, place: int) -> datetime:
        return midnight(self.zone, place)

    def _next(self, place: int) -> int:
        return place + 1

    def _previous(self, place: int) -> int:
        return place - 1

    def _at(self, instant: datetime) -> int:
        return day_of(self.zone, instant)

    @property
    def _first(self) -> int:
        return self.start.toordinal()

    @property
    def _last(self) -> int | None:
        return None if self.end is None else self.end.toordinal()

    def _advice(self, key: str) -> str:
        return f"{key!r} isn't a daily partition; write a day as YYYY-MM-DD, e.g. {self.start}"


def daily(start: str, *, timezone: str = "UTC", end: str | None = None) -> DailyPartitions:
    """Partitions by calendar day.

    Parameters
    ----------
    start, end:
        The first and, if there is one, the last day, ``YYYY-MM-DD``.
    timezone:
        IANA name of the zone in which a day begins at midnight.

    Raises
    ------
    PartitionError
        A day or a zone that doesn't exist.

    >>> daily("2013-01-01", timezone="America/New_York").between("2013-01-30", "2013-02-01")
    ('2013-01-30', '2013-01-31', '2013-02-01')
    """
    what = f"daily(start={start!r}, end={end!r})"
    made = DailyPartitions(a_day(start, what), known_zone(timezone), a_day(end, what) if end else None)
    in_order(what, made._first, made._last)
    return made
