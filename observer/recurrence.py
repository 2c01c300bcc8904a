"""Known events that come again: each month's last day, a sale every year."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from observer.model import Every

_FIRST_KIND = 1000


@dataclass(frozen=True, slots=True, order=True)
class Recurrence:
    """An event on ``day`` that comes again; before it, it has come too."""

    every: Every
    place: int

    @classmethod
    def of(cls, every: Every, day: date) -> Recurrence:
        """The one that fell on a day.

        >>> Recurrence.of(Every.MONTH_END, date(2024, 2, 29)).falls_on(date(2023, 1, 31))
        True
        """
        return cls(every, _place(every, day))

    @property
    def kind(self) -> int:
        """The kind of special day that its days are, as detectors are told: the same for what recurs alike."""
        return _FIRST_KIND * (1 + list(Every).index(self.every)) + self.place

    def falls_on(self, day: date) -> bool:
        """Whether it comes on a day."""
        last = monthrange(day.year, day.month)[1]
        if self.every is Every.MONTH:
            return day.day == min(self.place, last)
        if self.every is Every.YEAR and (day.month, day.day) == (2, 28) and last == 28:
            return self.place in (_place(self.every, day), _place(self.every, date(2024, 2, 29)))
        return _place(self.every, day) == self.place

    def __str__(self) -> str:
        return f"every {self.every.value}" if self.every is not Every.MONTH_END else "every end of a month"


def _place(every: Every, day: date) -> int:
    match every:
        case Every.WEEK:
            return day.weekday()
        case Every.MONTH:
            return day.day
        case Every.MONTH_END:
            return monthrange(day.year, day.month)[1] - day.day
        case Every.YEAR:
            return 31 * (day.month - 1) + day.day - 1
