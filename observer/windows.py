"""Windows of partitions: a calendar month of days, the last seven of them, or all there are."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from orchestration.errors import PartitionError
from orchestration.partitions import Interval, Partitions
from orchestration.partitions.calendar import INSTANT, day_of, midnight


class Every(StrEnum):
    """The windows with a name."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    ALL = "all"


Over = Every | int
"""A window with a name, or each partition in time with so many less one before it."""


@dataclass(frozen=True, slots=True)
class Window:
    """``name`` is what sentences call it; ``partitions`` are those that are due in it, in their order."""

    name: str
    partitions: tuple[str, ...]


def over(text: str) -> Over:
    """What ``--over`` says; raises PartitionError.

    >>> over("month"), over("7")
    (<Every.MONTH: 'month'>, 7)
    """
    if text in tuple(Every):
        return Every(text)
    if re.fullmatch("[1-9][0-9]{0,4}", text):
        return int(text)
    known = ", ".join(Every)
    raise PartitionError(f"{text!r} is no window; write one of {known}, or how many partitions, such as 7")


def windows(partitions: Partitions, there: Collection[str], what: Over, now: datetime, last: int) -> tuple[Window, ...]:
    """The newest ``last`` windows that have one of the partitions that are ``there``, oldest first.

    A partition that isn't there is due where its time has ended at ``now``; of sets without time, where it is defined.

    Raises
    ------
    PartitionError
        The partitions have no time, and the window has; or one of them lies in two windows.
    """
    ours = sorted(partitions.ours(there), key=partitions.order)
    if not ours:
        return ()
    if what is Every.ALL:
        due = dict.fromkeys([*partitions.keys(now), *ours])
        return (Window("all", tuple(sorted(due, key=partitions.order))),)
    if not partitions.has_time:
        raise PartitionError(f"the partitions are {partitions.describe()}, without time; put all together: --over all")
    found: dict[str, Interval] = {}
    for key in reversed(ours):  # whatever is older than the last window isn't looked at
        name = _name(partitions, key, what)
        if name not in found and len(found) == last:
            break
        found[name] = found.get(name) or _span(partitions, key, what)
    spans, known = reversed(found.items()), frozenset(ours)
    return tuple(Window(name, _due(partitions, span, known, now)) for name, span in spans)


def _due(partitions: Partitions, span: Interval, there: Collection[str], now: datetime) -> tuple[str, ...]:
    keys = partitions.overlapping(span)
    if span.end <= now:
        return keys
    return tuple(key for key in keys if key in there or _interval(partitions, key).end <= now)


def _name(partitions: Partitions, key: str, what: Over) -> str:
    """The window that a partition lies in, or ends."""
    if isinstance(what, int):
        return _in_time(partitions, key)
    zone, interval = partitions.timezone, _interval(partitions, key)
    name, _, _ = _page(date.fromordinal(day_of(zone, interval.start)), what)
    last, _, _ = _page(date.fromordinal(day_of(zone, max(interval.end - INSTANT, interval.start))), what)
    if last != name:
        raise PartitionError(
            f"partition {key} lies in {name} and in {last}; count partitions instead, such as --over 4"
        )
    return name


def _span(partitions: Partitions, key: str, what: Over) -> Interval:
    """The data time of that window."""
    until = _interval(partitions, key)
    if isinstance(what, int):
        return Interval(_interval(partitions, partitions.window(key, what)[0]).start, until.end)
    _, first, after = _page(date.fromordinal(day_of(partitions.timezone, until.start)), what)
    return Interval(midnight(partitions.timezone, first.toordinal()), midnight(partitions.timezone, after.toordinal()))


def _in_time(partitions: Partitions, key: str) -> str:
    """The key; of those with other dimensions, the part of it that is time, which they share."""
    others = partitions.series(key)
    if not others:
        return key
    (timed,) = set(key.split("|")) - set(others.split("|"))
    return timed.partition("=")[2]


def _page(day: date, what: Every) -> tuple[str, date, date]:
    """The name of the window that a day lies in, its first day, and the first day after it."""
    if what is Every.DAY:
        return day.isoformat(), day, date.fromordinal(day.toordinal() + 1)
    if what is Every.WEEK:
        year, week, weekday = day.isocalendar()
        monday = day.toordinal() - weekday + 1
        return f"{year}-W{week:02}", date.fromordinal(monday), date.fromordinal(monday + 7)
    if what is Every.MONTH:
        after = date(day.year + day.month // 12, day.month % 12 + 1, 1)
        return f"{day.year:04}-{day.month:02}", day.replace(day=1), after
    return f"{day.year:04}", date(day.year, 1, 1), date(day.year + 1, 1, 1)


def _interval(partitions: Partitions, key: str) -> Interval:
    found = partitions.interval(key)
    assert found is not None, "the partitions have time"
    return found
