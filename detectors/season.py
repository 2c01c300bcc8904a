"""Where a moment lies in its day and week, and which forecasters look at that."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from detectors.forecast import Forecaster, Level, SlotLevel, SlotMean
from detectors.model import Cadence

DAY_S = 86400.0
WEEKDAY, HOUR, WEEKHOUR = 0, 1, 2
"""Index of each season in what `slots_at` returns."""

MINUTELY_GAP_S = 1800.0
"""Longest usual gap between points that come every few minutes."""

MINUTELY_GAPS = 30
"""Fewest gaps that tell."""


def slots_at(at: float, utc_offset_s: float) -> tuple[int, int, int]:
    """Return (weekday 0..6 from Monday, hour 0..23, hour of the week 0..167) of the data's local clock.

    Parameters
    ----------
    at: POSIX seconds UTC.
    utc_offset_s: seconds that the local clock is ahead of UTC.

    Examples
    --------
    >>> slots_at(0.0, 0.0), slots_at(0.0, -5 * 3600.0)  # 1970-01-01 was a Thursday
    ((3, 0, 72), (2, 19, 67))
    """
    local = at + utc_offset_s
    weekday = int((local // DAY_S + 3.0) % 7.0)
    hour = min(int(local % DAY_S // 3600.0), 23)
    return weekday, hour, weekday * 24 + hour


def cadence_of(at: Sequence[float]) -> Cadence:
    """Return the cadence of a series that declares none: MINUTELY where its points come that often, else IRREGULAR.

    Parameters
    ----------
    at: POSIX seconds UTC of its points, increasing.

    Examples
    --------
    >>> cadence_of([300.0 * i for i in range(31)]), cadence_of([300.0 * i for i in range(30)])
    (<Cadence.MINUTELY: 'minutely'>, <Cadence.IRREGULAR: 'irregular'>)
    """
    if len(at) <= MINUTELY_GAPS:
        return Cadence.IRREGULAR
    gaps = sorted(later - earlier for earlier, later in pairwise(at))
    return Cadence.MINUTELY if gaps[len(gaps) // 2] <= MINUTELY_GAP_S else Cadence.IRREGULAR


def forecasters_for(cadence: Cadence) -> list[tuple[int, Forecaster]]:
    """Return fresh forecasters for a cadence, each with the index of its season.

    Levels of three memories serve everything; weekday effects join daily, irregular, and hour effects hourly
    and faster series. The mixture decides by evidence which of them count.
    """
    levels: list[tuple[int, Forecaster]] = [(WEEKDAY, Level(gain)) for gain in (0.3, 0.1, 1.0)]
    match cadence:
        case Cadence.WEEKLY:
            return levels
        case Cadence.DAILY | Cadence.IRREGULAR:
            return [
                *levels,
                (WEEKDAY, SlotLevel(7, 0.3, 0.3)),
                (WEEKDAY, SlotLevel(7, 0.1, 0.2)),
                (WEEKDAY, SlotLevel(7, 0.05, 0.1)),
                (WEEKDAY, SlotMean(7, 1.0)),
                (WEEKDAY, SlotMean(7, 0.3)),
            ]
        case Cadence.HOURLY | Cadence.MINUTELY:
            return [
                *levels,
                (HOUR, SlotLevel(24, 0.3, 0.3)),
                (HOUR, SlotLevel(24, 0.8, 0.3)),
                (WEEKHOUR, SlotLevel(168, 0.3, 0.4)),
                (HOUR, SlotMean(24, 1.0)),
                (WEEKHOUR, SlotMean(168, 0.5)),
            ]


def seasonal_slots(cadence: Cadence) -> int:
    """Return how many slots the shortest season of a cadence has: weekdays, hours, or one for none.

    Examples
    --------
    >>> seasonal_slots(Cadence.DAILY), seasonal_slots(Cadence.HOURLY), seasonal_slots(Cadence.WEEKLY)
    (7, 24, 1)
    """
    match cadence:
        case Cadence.WEEKLY:
            return 1
        case Cadence.DAILY | Cadence.IRREGULAR:
            return 7
        case Cadence.HOURLY | Cadence.MINUTELY:
            return 24


def slot_of(cadence: Cadence, slots: tuple[int, int, int]) -> int:
    """Return the slot of the shortest season (`seasonal_slots`) among what `slots_at` returns of a moment.

    Examples
    --------
    >>> slot_of(Cadence.DAILY, (3, 0, 72)), slot_of(Cadence.WEEKLY, (3, 0, 72))
    (3, 0)
    """
    if cadence is Cadence.WEEKLY:
        return 0
    return slots[HOUR if cadence in (Cadence.HOURLY, Cadence.MINUTELY) else WEEKDAY]


def slot_at(cadence: Cadence, at: float, utc_offset_s: float) -> int:
    """Return the slot of the shortest season in which a moment lies; as `slot_of`.

    Examples
    --------
    >>> slot_at(Cadence.DAILY, 0.0, 0.0)
    3
    """
    return slot_of(cadence, slots_at(at, utc_offset_s))
