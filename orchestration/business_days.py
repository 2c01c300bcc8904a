"""The days that count: weekdays of a zone that are no holidays, and lengths of time that pass on them alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from orchestration.errors import DefinitionError, PartitionError
from orchestration.partitions.calendar import day_of, known_zone, midnight
from orchestration.special_days import SpecialDays, special_days

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FURTHEST_DAYS = 3660
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class BusinessDays:
    """Made by :func:`business_days`."""

    zone: str
    weekdays: frozenset[int]  # 0 is Monday
    holidays: SpecialDays | None

    @property
    def _all(self) -> bool:
        return self.holidays is None and len(self.weekdays) == len(_WEEKDAYS)

    def counts(self, ordinal: int) -> bool:
        """Whether a day is one that counts."""
        day = date.fromordinal(ordinal)
        return day.weekday() in self.weekdays and (self.holidays is None or day not in self.holidays)

    def holds(self, instant: datetime) -> bool:
        """Whether an instant lies on a day that counts."""
        if self._all:
            return True
        return self.counts(day_of(self.zone, instant))

    def after(self, instant: datetime, length: timedelta) -> datetime:
        """When a length of time has passed since an instant, by these days alone.

        >>> friday = datetime(2024, 3, 1, 22, tzinfo=UTC)
        >>> business_days("mon-fri", (), "UTC", "here").after(friday, timedelta(hours=4))
        datetime.datetime(2024, 3, 4, 2, 0, tzinfo=datetime.timezone.utc)
        """
        if self._all:
            return instant + length
        try:
            first = day_of(self.zone, instant)
            for ordinal in range(first, first + _FURTHEST_DAYS + 2 * length.days):
                begin, end = max(instant, midnight(self.zone, ordinal)), midnight(self.zone, ordinal + 1)
                if not self.counts(ordinal):
                    continue
                if length < end - begin:
                    return begin + length
                length -= end - begin
        except (PartitionError, OverflowError, ValueError):  # the end of the calendar
            pass
        return _NEVER


def business_days(days: str | None, holidays: tuple[str, ...], zone: str, where: str) -> BusinessDays:
    """The days that a text and names of holidays stand for.

    Parameters
    ----------
    days:
        ``mon-fri``, ``mon,wed,fri``; None: all.
    holidays:
        As for :func:`orchestration.special_days.special_days`.
    where:
        How an error calls the place in which they stand.

    Raises
    ------
    DefinitionError
        They stand for nothing.
    """
    try:
        known = known_zone(zone)
    except PartitionError as error:
        raise DefinitionError(f"{where}: {error}") from None
    weekdays = frozenset(range(7)) if days is None else _weekdays(days, where)
    return BusinessDays(known, weekdays, special_days(holidays, where))


def _weekdays(text: str, where: str) -> frozenset[int]:
    found: set[int] = set()
    try:
        for part in text.lower().replace(" ", "").split(","):
            first, _, last = part.partition("-")
            begin, end = _WEEKDAYS.index(first), _WEEKDAYS.index(last or first)
            found |= {n % 7 for n in range(begin, end + 1 if begin <= end else end + 8)}
    except (ValueError, AttributeError):
        raise DefinitionError(f"{where}: days={text!r} are no weekdays; write 'mon-fri' or 'mon,wed,fri'") from None
    return frozenset(found)
