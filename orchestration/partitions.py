"""Partitions: the named slices of an asset, and the interval of data time that each covers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from orchestration.errors import PartitionError


@dataclass(frozen=True, slots=True)
class Interval:
    """Half-open: ``start <= t < end``, aware UTC."""

    start: datetime
    end: datetime


class Partitions(ABC):
    """A set of partition keys in the order of data time.

    Implementations are frozen and compare equal when they cut alike. Every method is pure; ``now`` is a
    parameter.
    """

    @property
    @abstractmethod
    def timezone(self) -> str:
        """The IANA name of the zone in which the keys are cut."""

    @abstractmethod
    def check(self, key: str) -> str:
        """Return ``key`` if it is one of ours; raise PartitionError that says what a key looks like."""

    @abstractmethod
    def interval(self, key: str) -> Interval:
        """The data time that ``key`` covers; raises PartitionError."""

    @abstractmethod
    def between(self, first: str, last: str) -> tuple[str, ...]:
        """Every key from ``first`` to ``last``, both included, oldest first; raises PartitionError."""

    @abstractmethod
    def latest(self, now: datetime) -> str | None:
        """The newest key whose interval has ended at ``now``; None if there is none yet."""

    @abstractmethod
    def describe(self) -> str:
        """A few words for people: ``daily since 2013-01-01, America/New_York``."""


@dataclass(frozen=True, slots=True)
class DailyPartitions(Partitions):
    """One partition a calendar day in ``zone``: a day has 23 or 25 hours when the clocks change."""

    start: date
    zone: str = "UTC"
    end: date | None = None  # the last day, included

    @property
    def timezone(self) -> str:
        return self.zone

    def check(self, key: str) -> str:
        self._day(key)
        return key

    def interval(self, key: str) -> Interval:
        day, zone = self._day(key), ZoneInfo(self.zone)
        try:
            begin = datetime.combine(day, time(), zone)
            finish = datetime.combine(day + timedelta(days=1), time(), zone)
            return Interval(begin.astimezone(UTC), finish.astimezone(UTC))
        except OverflowError:
            raise PartitionError(f"the day {key} lies at the end of the calendar; it can't be a partition") from None

    def between(self, first: str, last: str) -> tuple[str, ...]:
        begin, finish = self._day(first), self._day(last)
        if begin > finish:
            raise PartitionError(f"the range {first}..{last} runs backwards; write {last}..{first}")
        return tuple((begin + timedelta(days=n)).isoformat() for n in range((finish - begin).days + 1))

    def latest(self, now: datetime) -> str | None:
        day = now.astimezone(ZoneInfo(self.zone)).date() - timedelta(days=1)
        day = min(day, self.end) if self.end else day
        return day.isoformat() if day >= self.start else None

    def describe(self) -> str:
        until = f" until {self.end}" if self.end else ""
        return f"daily since {self.start}{until}, {self.zone}"

    def _day(self, key: str) -> date:
        try:
            day = date.fromisoformat(key)
        except (ValueError, TypeError):
            day = None
        if day is None or day.isoformat() != key:
            raise PartitionError(f"{key!r} isn't a daily partition; write a day as YYYY-MM-DD, e.g. {self.start}")
        if day < self.start or (self.end is not None and day > self.end):
            raise PartitionError(f"there is no partition {key}: the partitions are {self.describe()}")
        return day


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
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise PartitionError(f"{timezone!r} isn't a time zone; write an IANA name such as 'Europe/Berlin'") from error
    try:
        first, last = date.fromisoformat(start), date.fromisoformat(end) if end else None
    except ValueError as error:
        raise PartitionError(f"daily(start={start!r}, end={end!r}): write days as YYYY-MM-DD") from error
    if last is not None and last < first:
        raise PartitionError(f"daily(start={start!r}, end={end!r}): the end lies before the start")
    return DailyPartitions(first, timezone, last)
