"""A partition a calendar month."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from orchestration.errors import PartitionError
from orchestration.partitions.calendar import day_of, known_zone, midnight
from orchestration.partitions.timed import TimePartitions, in_order

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-01", re.ASCII)


@dataclass(frozen=True, slots=True)
class MonthlyPartitions(TimePartitions):
    """One partition a calendar month in ``zone``; the key is ``YYYY-MM``."""

    start: int  # months since the year 0
    zone: str = "UTC"
    end: int | None = None  # the last month, included

    @property
    def rule(self) -> tuple[object, ...]:
        return ("monthly", self.zone)

    def describe(self) -> str:
        return f"monthly {self._since()}"

    def _read(self, key: str) -> int | None:
        return _months(key)

    def _key(self, place: int) -> str:
        return f"{place // 12:04}-{place % 12 + 1:02}"

    def _begin(self, place: int) -> datetime:
        try:
            return midnight(self.zone, date(place // 12, place % 12 + 1, 1).toordinal())
        except ValueError:
            raise PartitionError("that month lies at the end of the calendar; it can't be a partition") from None

    def _next(self, place: int) -> int:
        return place + 1

    def _previous(self, place: int) -> int:
        return place - 1

    def _at(self, instant: datetime) -> int:
        day = date.fromordinal(day_of(self.zone, instant))
        return day.year * 12 + day.month - 1

    @property
    def _first(self) -> int:
        return self.start

    @property
    def _last(self) -> int | None:
        return self.end

    def _advice(self, key: str) -> str:
        return f"{key!r} isn't a monthly partition; write a month as YYYY-MM, e.g. {self._key(self.start)}"


def monthly(start: str, *, timezone: str = "UTC", end: str | None = None) -> MonthlyPartitions:
    """Partitions by calendar month.

    Parameters
    ----------
    start, end:
        The first and, if there is one, the last month, ``YYYY-MM``; ``start`` may be its first day.
    timezone:
        IANA name of the zone in which a month begins at midnight.

    Raises
    ------
    PartitionError
        A month or a zone that doesn't exist.

    >>> monthly("2012-12").between("2012-12", "2013-02")
    ('2012-12', '2013-01', '2013-02')
    """
    what = f"monthly(start={start!r}, end={end!r})"
    first = _months(start[:7] if isinstance(start, str) and _DAY.fullmatch(start) else start)
    last = _months(end) if end else None
    if first is None or (end and last is None):
        raise PartitionError(f"{what}: write months as YYYY-MM")
    in_order(what, first, last)
    return MonthlyPartitions(first, known_zone(timezone), last)


def _months(key: str) -> int | None:
    found = _MONTH.fullmatch(key) if isinstance(key, str) else None
    return int(found[1]) * 12 + int(found[2]) - 1 if found and int(found[1]) else None
