"""Conditions that say whether now is a time to act: the gate, the clock, the runs, the age."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time
from zoneinfo import ZoneInfo

from orchestration.business_days import BusinessDays, business_days
from orchestration.errors import DefinitionError
from orchestration.freshness import FreshnessStatus
from orchestration.schedule.base import Answer, Condition, View

_SPAN = re.compile(r"(\d{1,2}):(\d\d)-(\d{1,2}):(\d\d)")


@dataclass(frozen=True, slots=True)
class Held(Condition):
    """Made by :func:`held`."""

    def answer(self, view: View) -> Answer:
        what = view.held()
        return Answer(holds=what is not None, says=what or "nothing is held")

    def describe(self) -> str:
        return "held"


@dataclass(frozen=True, slots=True)
class Running(Condition):
    """Made by :func:`running`."""

    def answer(self, view: View) -> Answer:
        what = view.running()
        return Answer(holds=what is not None, says=what or "it doesn't run")

    def describe(self) -> str:
        return "running"


@dataclass(frozen=True, slots=True)
class Stale(Condition):
    """Made by :func:`stale`."""

    def answer(self, view: View) -> Answer:
        found = view.freshness()
        if found is None or found is FreshnessStatus.UNKNOWN:
            return Answer(holds=False, says="how fresh it is isn't known", unknown=True)
        return Answer(holds=found is FreshnessStatus.FAILED, says=f"its freshness has {found.value}")

    def describe(self) -> str:
        return "stale"


@dataclass(frozen=True, slots=True)
class Within(Condition):
    """Made by :func:`within`."""

    begin: time
    end: time
    days: BusinessDays
    text: str

    def answer(self, view: View) -> Answer:
        local = view.now.astimezone(ZoneInfo(self.days.zone))
        clock = local.time().replace(fold=0)
        if self.begin < self.end:
            inside, day = self.begin <= clock < self.end, local.toordinal()
        else:  # over midnight: the hours after it belong to the day before
            inside = clock >= self.begin or clock < self.end
            day = local.toordinal() - (clock < self.end)
        holds = inside and self.days.counts(day)
        return Answer(holds=holds, says=f"it is {'' if holds else 'not '}within {self.text} {self.days.zone}")

    def describe(self) -> str:
        return f"within {self.text} {self.days.zone}"


def held() -> Condition:
    """Whether the gate holds the asset, or something that it waits for; usually as ``~ob.held()``.

    >>> (~held()).describe()
    '~held'
    """
    return Held()


def running() -> Condition:
    """Whether the asset runs, or waits in the queue.

    >>> running().describe()
    'running'
    """
    return Running()


def stale() -> Condition:
    """Whether the asset is older than its freshness policy allows; one that can't be told is neither stale nor fresh.

    >>> stale().describe()
    'stale'
    """
    return Stale()


def within(span: str, *, timezone: str = "UTC", days: str | None = None) -> Condition:
    """Whether the clock shows a time of day: ``"06:00-22:00"``, its end not included.

    ``"22:00-06:00"`` goes over midnight.

    Parameters
    ----------
    timezone:
        IANA name of the zone whose clock it is.
    days:
        Weekdays on which it begins: ``"mon-fri"``; None: all.

    Raises
    ------
    DefinitionError
        It is no span of a day, or no zone.

    >>> within("06:00-22:00", days="mon-fri").describe()
    'within 06:00-22:00 mon-fri UTC'
    """
    match = _SPAN.fullmatch(span.replace(" ", "")) if isinstance(span, str) else None
    try:
        numbers = [int(part) for part in match.groups()] if match else []
        begin, end = time(numbers[0], numbers[1]), time(numbers[2] % 24 if numbers[3] == 0 else numbers[2], numbers[3])
    except (ValueError, IndexError):
        raise DefinitionError(f"within({span!r}): write a span of the day such as '06:00-22:00'") from None
    if begin == end:
        raise DefinitionError(f"within({span!r}) holds always or never; leave it out")
    text = f"{begin:%H:%M}-{end:%H:%M}" + (f" {days}" if days else "")
    return Within(begin, end, business_days(days, (), timezone, f"within({span!r})"), text)
