"""A series as level, season and remainder: how people look at it, not how it is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from detectors.model import Cadence, History

if TYPE_CHECKING:
    from detectors.model import BoolArray, FloatArray, IntArray

FEWEST = 8
"""Points that a level is drawn through, at least."""

CYCLES = 3
"""Whole cycles of a season that must have been seen before it is looked for."""

EVIDENCE = 0.001
"""Largest p-value of "the slots of the season are alike" with which the season is taken for real."""

_STEP_S: Mapping[Cadence, float] = {Cadence.HOURLY: 3600.0, Cadence.DAILY: 86400.0, Cadence.WEEKLY: 7 * 86400.0}
_PERIODS: Mapping[Cadence, tuple[int, ...]] = {Cadence.HOURLY: (24, 168), Cadence.DAILY: (7,), Cadence.WEEKLY: (52,)}
_SPAN = 15
"""Points in the window of a level without season."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decomposition:
    """``value = level + season + remainder``, in the metric's unit.

    Parameters
    ----------
    level, season: float64[n]; season is 0 where there is none.
    remainder: float64[n], NaN where the value is missing.
    periods: lengths of the seasons that were found, in points; none: the level alone.
    strength: how much of what the level leaves is season, 0..1; None without one.
    """

    level: FloatArray
    season: FloatArray
    remainder: FloatArray
    periods: tuple[int, ...]
    strength: float | None


def decompose(history: History, cadence: Cadence) -> Decomposition | None:
    """Return a series as level, season and remainder; None where there is too little of it.

    Seasons are those of the cadence that the values give evidence of: day and week of hourly points, week of daily
    and year of weekly ones. Missing and excluded points bend neither level nor season.

    Parameters
    ----------
    history: the whole series, with what must not train excluded.
    cadence: how often it gets a point; of an irregular one only the level is told.

    References
    ----------
    Cleveland et al. (1990), "STL: a seasonal-trend decomposition procedure based on loess"; Bandara, Hyndman and
    Bergmeir (2021), "MSTL", for several seasons; Cleveland (1979) for the level alone; Kruskal and Wallis (1952) and
    Fisher (1925) for the evidence; Wang, Smith and Hyndman (2006) for the strength.

    Examples
    --------
    >>> days = range(70)
    >>> orders = History.of([86400 * d for d in days], [1000 + (200 if d % 7 == 0 else 0) + d % 3 for d in days])
    >>> found = decompose(orders, Cadence.DAILY)
    >>> found.periods, round(float(found.season.max() - found.season.min()))
    ((7,), 200)
    """
    import numpy as np

    usable = np.isfinite(history.value) & ~history.excluded
    if int(usable.sum()) < FEWEST:
        return None
    slots = _slots(history, cadence)
    periods = () if slots is None else _evident(history.value, slots, usable, _PERIODS[cadence])
    if slots is None or not periods:
        level, season = _level(history, usable), np.zeros(len(history))
    else:
        level, season = _seasonal(_filled(history.value, slots, usable), slots, periods)
    remainder = np.where(np.isfinite(history.value), history.value, np.nan) - level - season
    strength = _strength(season[usable], remainder[usable]) if periods else None
    return Decomposition(level=level, season=season, remainder=remainder, periods=periods, strength=strength)


def _slots(history: History, cadence: Cadence) -> IntArray | None:
    """Number the points by the steps of the cadence; None where it has none, or two points share a step.

    Days that begin an hour early or late, as the clocks change, keep their number.
    """
    import numpy as np

    if cadence not in _STEP_S:
        return None
    slots = np.rint((history.at - history.at[0]) / _STEP_S[cadence]).astype(np.int64)
    return slots if (np.diff(slots) > 0).all() else None


def _evident(value: FloatArray, slots: IntArray, usable: BoolArray, candidates: tuple[int, ...]) -> tuple[int, ...]:
    """Return the seasons whose slots differ by more than chance, each beside what shorter ones explain.

    Ranks see a season beside outliers, means one that is a single slot of many: either may tell it.
    """
    import numpy as np
    from scipy.stats import f_oneway, kruskal

    filled, found = _filled(value, slots, usable), []
    rest = filled
    for period in candidates:
        if len(filled) < CYCLES * period:
            break
        ends = np.pad(rest, (period // 2, period - 1 - period // 2), mode="reflect")
        left = (rest - np.convolve(ends, np.full(period, 1.0 / period), mode="valid"))[slots[usable]]
        phase = slots[usable] % period
        groups = [left[phase == slot] for slot in range(period)]
        if min(map(len, groups)) < 2 or np.ptp(left) <= 1e-9 * np.abs(filled).max():
            continue
        if min(kruskal(*groups).pvalue, f_oneway(*groups).pvalue) <= EVIDENCE / 2:
            found.append(period)
            usual = np.array([np.median(group) for group in groups])
            rest = rest - usual[np.arange(len(rest)) % period]
    return tuple(found)


def _filled(value: FloatArray, slots: IntArray, usable: BoolArray) -> FloatArray:
    """Return one value for each step, with straight lines across what must not count."""
    import numpy as np

    return np.asarray(np.interp(np.arange(slots[-1] + 1), slots[usable], value[usable]), np.float64)


def _seasonal(filled: FloatArray, slots: IntArray, periods: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
    import numpy as np
    from statsmodels.tsa.seasonal import MSTL, STL

    if len(periods) == 1:
        one = STL(filled, period=periods[0], robust=True).fit()
        return np.asarray(one.trend)[slots], np.asarray(one.seasonal)[slots]
    several = MSTL(filled, periods=periods, stl_kwargs={"robust": True}).fit()
    return np.asarray(several.trend)[slots], np.asarray(several.seasonal).sum(axis=1)[slots]


def _level(history: History, usable: BoolArray) -> FloatArray:
    """Return a robust local line through the usable points, at every point."""
    import numpy as np
    from statsmodels.nonparametric.smoothers_lowess import lowess

    value, at = history.value[usable], history.at[usable] - history.at[0]
    if np.ptp(value) == 0.0:
        return np.full(len(history), value[0])
    share = min(1.0, max(_SPAN, FEWEST) / len(value))
    everywhere = history.at - history.at[0]
    found: FloatArray = np.asarray(lowess(value, at, frac=share, it=3, xvals=everywhere))
    return np.where(np.isfinite(found), found, np.interp(everywhere, at, value))


def _strength(season: FloatArray, remainder: FloatArray) -> float:
    import numpy as np

    both = float(np.var(season + remainder))
    return max(0.0, 1.0 - float(np.var(remainder)) / both) if both > 0.0 else 0.0
