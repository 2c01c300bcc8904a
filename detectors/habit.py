"""How long a wait usually lasts, seen from the moment at which it began: several habits, of which evidence chooses.

Moments are seconds of the data's local clock; waits are on the working scale of `detectors.noise`, a cube root.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import date, timedelta
from functools import lru_cache
from math import atan2, cbrt, cos, pi, sin
from typing import NamedTuple

from detectors.season import DAY_S, slots_at

EVERY, WEEKDAY, HOUR, WEEKHOUR, WEEKDAY_FROM_NOON, HOUR_FROM_HALF, MONTH_PLACE = range(7)
"""Seasons: none at all, those of `slots_at`, days cut at noon and hours at half past, and the place in the month.

What comes at midnight, or on the hour, falls now before and now after a cut; so there are two ways to cut.
"""

NEAR_THE_END = 4
"""So many last days of a month are counted from its end."""

SLOTS = (1, 7, 24, 168, 7, 24, NEAR_THE_END + 32)
"""Season -> how many slots it has."""

FAR_S = 5e10
"""Moments further from 1970 than fifteen centuries have no calendar."""


class Moment(NamedTuple):
    """When a wait began.

    Parameters
    ----------
    at: local seconds since 1970.
    slots: the slot of each season in which it lies.
    same_date, same_end: seconds to the same time of day on the same date of the next month, and as many days before
        its end; None where there is no calendar.
    """

    at: float
    slots: tuple[int, ...]
    same_date: float | None
    same_end: float | None


def moment(at: float) -> Moment:
    """Return what habits look at of a local moment.

    Examples
    --------
    >>> moment(0.0).slots  # 1970-01-01 was a Thursday
    (0, 3, 0, 72, 3, 0, 5)
    >>> moment(30 * DAY_S + 5.0).same_date == 28 * DAY_S  # from 31 January to 28 February
    True
    """
    weekday, hour, weekhour = slots_at(at, 0.0)
    from_noon, from_half = slots_at(at, DAY_S / 2.0)[0], slots_at(at, 1800.0)[1]
    if not abs(at) < FAR_S:
        return Moment(at, (0, weekday, hour, weekhour, from_noon, from_half, 0), None, None)
    place, same_date, same_end = _calendar(int(at // DAY_S))
    slots = (0, weekday, hour, weekhour, from_noon, from_half, place)
    return Moment(at, slots, same_date * DAY_S, same_end * DAY_S)


@lru_cache(maxsize=4096)
def _calendar(day: int) -> tuple[int, int, int]:
    """Return (place in the month, days to the same date of the next month, days to the same distance from its end)."""
    here = date(1970, 1, 1) + timedelta(days=day)
    first, after = _next_first(here), _next_first(_next_first(here))
    left = (first - here).days
    same_date = min(first + timedelta(days=here.day - 1), after - timedelta(days=1))
    same_end = max(first, after - timedelta(days=left))
    place = left - 1 if left <= NEAR_THE_END else NEAR_THE_END + here.day
    return place, (same_date - here).days, (same_end - here).days


def _next_first(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


class Habit(ABC):
    """One way to say from its beginning how long a wait lasts, in O(1) time and memory."""

    __slots__ = ()

    @abstractmethod
    def usual(self, begin: Moment) -> float | None:
        """Return how long a wait that begins then usually lasts; None: no idea yet."""

    @abstractmethod
    def learn(self, begin: Moment, worked: float, raw: float) -> None:
        """Take in a wait, clipped and as it was; a slot's first visit teaches it `raw`, as nothing is known yet."""


class SlotHabit(Habit):
    """An exponentially weighted mean wait for each slot of a season (Brown 1959), plain until `gain` is reached.

    Parameters
    ----------
    season: which.
    gain: weight of the newest wait, 0..1.
    """

    __slots__ = ("counts", "gain", "levels", "season")

    def __init__(self, season: int, gain: float) -> None:
        self.season = season
        self.gain = gain
        self.levels = [0.0] * SLOTS[season]
        self.counts = [0] * SLOTS[season]

    def usual(self, begin: Moment) -> float | None:
        slot = begin.slots[self.season]
        return self.levels[slot] if self.counts[slot] else None

    def learn(self, begin: Moment, worked: float, raw: float) -> None:
        slot = begin.slots[self.season]
        value = worked if self.counts[slot] else raw
        self.counts[slot] += 1
        self.levels[slot] += max(self.gain, 1.0 / self.counts[slot]) * (value - self.levels[slot])


class ClockHabit(Habit):
    """The usual wait of the weekday, but to the time of day at which things usually come.

    What came hours late, or was made a second time in the afternoon, is followed by the usual morning.

    Parameters
    ----------
    gain: weight of the newest time of day in its circular mean (Mardia 1972), 0..1.
    """

    __slots__ = ("cosine", "gain", "seen", "sine", "weekday")

    def __init__(self, gain: float) -> None:
        self.gain = gain
        self.weekday = SlotHabit(WEEKDAY, gain)
        self.sine = 0.0
        self.cosine = 0.0
        self.seen = 0

    def usual(self, begin: Moment) -> float | None:
        usual = self.weekday.usual(begin)
        if usual is None or not self.seen or begin.same_date is None:
            return None
        clock = (atan2(self.sine, self.cosine) / (2.0 * pi)) % 1.0 * DAY_S
        end = begin.at + usual**3
        off = (clock - end % DAY_S + DAY_S / 2.0) % DAY_S - DAY_S / 2.0
        return cbrt(max(0.0, end + off - begin.at))

    def learn(self, begin: Moment, worked: float, raw: float) -> None:
        self.weekday.learn(begin, worked, raw)
        if begin.same_date is None:
            return
        self.seen += 1
        weight = max(self.gain, 1.0 / self.seen)
        angle = (begin.at + worked**3) % DAY_S / DAY_S * 2.0 * pi
        self.sine += weight * (sin(angle) - self.sine)
        self.cosine += weight * (cos(angle) - self.cosine)


class MonthHabit(Habit):
    """The same place in the next month, at the same time of day: the same date, or as many days before the end.

    Parameters
    ----------
    from_end: whether days are counted from the end of the month.
    """

    __slots__ = ("from_end",)

    def __init__(self, from_end: bool) -> None:
        self.from_end = from_end

    def usual(self, begin: Moment) -> float | None:
        wait = begin.same_end if self.from_end else begin.same_date
        return None if wait is None else cbrt(wait)

    def learn(self, begin: Moment, worked: float, raw: float) -> None:
        """Learn nothing: a calendar stays as it is."""


def habits() -> list[Habit]:
    """Return fresh habits, the plainest first; which of them are believed is decided by evidence."""
    return [
        SlotHabit(EVERY, 0.1),
        SlotHabit(EVERY, 1.0),
        SlotHabit(WEEKDAY, 0.3),
        SlotHabit(WEEKDAY_FROM_NOON, 0.3),
        SlotHabit(HOUR, 0.3),
        SlotHabit(HOUR_FROM_HALF, 0.3),
        SlotHabit(WEEKHOUR, 0.5),
        SlotHabit(MONTH_PLACE, 0.5),
        ClockHabit(0.2),
        MonthHabit(False),
        MonthHabit(True),
    ]
