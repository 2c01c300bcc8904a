"""Which days are special: the holidays of a country or an exchange, and days that a project names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING

from orchestration.errors import DefinitionError

if TYPE_CHECKING:
    from holidays import HolidayBase

HOLIDAY = 1
"""The kind of special day that all of them are, as detectors are told."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class SpecialDays:
    """Made by :func:`special_days`; days of the data's own calendar."""

    names: tuple[str, ...]
    _days: frozenset[date]
    _calendars: tuple[HolidayBase, ...] = field(repr=False, compare=False)

    def __contains__(self, day: date) -> bool:
        return day in self._days or any(day in calendar for calendar in self._calendars)


def special_days(names: Sequence[str], where: str) -> SpecialDays | None:
    """The days that some names stand for; None for none.

    Parameters
    ----------
    names:
        ``US``, ``US-NY`` (a country, perhaps with its subdivision), ``XNYS`` (an exchange), ``2024-11-29`` (a day).
    where:
        How an error calls the place in which they stand.

    Raises
    ------
    DefinitionError
        A name stands for nothing, or the library isn't there.
    """
    if not names:
        return None
    days = frozenset(_day(name, where) for name in names if _DAY.fullmatch(name))
    calendars = tuple(_calendar(name, where) for name in names if not _DAY.fullmatch(name))
    return SpecialDays(tuple(names), days, calendars)


def _day(name: str, where: str) -> date:
    try:
        return date.fromisoformat(name)
    except ValueError:
        raise DefinitionError(f"{where}: {name!r} is no day of the calendar; write one as 2024-11-29") from None


def _calendar(name: str, where: str) -> HolidayBase:
    try:
        import holidays
    except ImportError:
        raise DefinitionError(
            f"{where}: to know the holidays of {name!r} takes a library: pip install 'tidegate[holidays]'; or name "
            "the days themselves, as 2024-11-29"
        ) from None
    country, _, subdivision = name.partition("-")
    exchanges = holidays.list_supported_financial()
    try:
        if name in exchanges:
            return holidays.financial_holidays(name)
        return holidays.country_holidays(country, subdiv=subdivision or None)
    except NotImplementedError:
        countries = holidays.list_supported_countries()
        if country in countries:
            known = [f"{country}-{each}" for each in countries[country]]
        else:
            known = [*countries, *exchanges]
        near = get_close_matches(name, known, n=3, cutoff=0.5) or known[:5]
        raise DefinitionError(
            f"{where}: no calendar of holidays is called {name!r}; did you mean {' or '.join(map(repr, near))}? A "
            "country goes by its ISO code, perhaps with a subdivision ('US', 'US-NY'), an exchange by its own ('XNYS')"
        ) from None
