"""One budget of false alarms for a whole fleet of monitors, and which alarms to look at first.

Expected false alarms add up, whatever depends on what: a monitor that is asked at alpha in each of its runs
raises alpha a run, so the alphas of all runs of a week have to sum to the budget of a week, and no verdict has to
wait for another (Bonferroni 1936; Dunn 1961).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from detectors.calibrate import check_alpha, min_p_value, points_for
from detectors.errors import ParameterError

MOST = 0.05
"""Largest alpha that is given to anybody, with any budget: above, an alarm means nothing."""

ERROR_FLOOR = 1e-4
"""Smallest alpha that a monitor of severity `error` is left with: what holds data must not be starved of sight."""

PRIOR_ALARMS, PRIOR_CONFIRMED = 4.0, 2.0
"""Alarms, and confirmed ones among them, that a monitor without a record is taken to have had."""

STEPS = 200
"""Halvings in the search for the common level; far more than the bits of a float."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """What the budget has to know of one monitor.

    Parameters
    ----------
    runs_per_week: how often it judges, > 0.
    n_train: how many points it has learned from.
    holds: whether its severity is `error`, which gives it a floor.
    alarms, confirmed: how many alarms it has raised, and how many of them people have confirmed.
    most: the largest alpha that it takes, however much of the budget is left, 0 < most <= MOST.

    Raises
    ------
    ParameterError: a number is negative or not finite, runs_per_week is not above 0, confirmed > alarms, or most is
        outside its range.
    """

    runs_per_week: float
    n_train: int = 0
    holds: bool = False
    alarms: int = 0
    confirmed: int = 0
    most: float = MOST

    def __post_init__(self) -> None:
        if not (isfinite(self.runs_per_week) and self.runs_per_week > 0.0):
            raise ParameterError("runs_per_week", self.runs_per_week, "a finite number above 0")
        if self.n_train < 0:
            raise ParameterError("n_train", self.n_train, "0 or more")
        if not 0 <= self.confirmed <= self.alarms:
            raise ParameterError("confirmed", self.confirmed, f"a number from 0 to alarms={self.alarms}")
        if not 0.0 < self.most <= MOST:
            raise ParameterError("most", self.most, f"a number above 0 and at most {MOST}")

    @property
    def precision(self) -> float:
        """The share of its alarms that were right, with a prior of PRIOR_CONFIRMED in PRIOR_ALARMS, 0..1."""
        return (self.confirmed + PRIOR_CONFIRMED) / (self.alarms + PRIOR_ALARMS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allotment:
    """What one monitor gets.

    Parameters
    ----------
    alpha: what it is asked at in each run.
    false_alarms_per_week: what that costs of the budget.
    floored: whether it has more than its share, as a monitor that holds data.
    runs_needed: how many more points it has to learn until it can fire at this alpha at all; 0 when it can.
    min_p_value: the smallest p-value that it can support today; 1 with no history.
    """

    alpha: float
    false_alarms_per_week: float
    floored: bool
    runs_needed: int
    min_p_value: float


def allot(watchers: Sequence[Watcher], false_alarms_per_week: float) -> tuple[Allotment, ...]:
    """Share a budget out among monitors, so that what they cost sums to it.

    Each gets an alpha in proportion to how precise it has been, at most its `most`, and at least ERROR_FLOOR where it
    holds data; floors that would break the budget alone are lowered together. With so large a budget that all have
    their most, the rest of it is not spent.

    Parameters
    ----------
    watchers: all monitors of the fleet.
    false_alarms_per_week: what the operator can stand over all of them, > 0.

    Returns
    -------
    tuple[Allotment, ...]: one for each watcher, in the same order.

    Raises
    ------
    ParameterError: the budget is not a finite number above 0.

    Examples
    --------
    >>> daily = [Watcher(runs_per_week=7, n_train=60)] * 100
    >>> given = allot(daily, 2.0)
    >>> round(given[0].alpha, 6), round(sum(each.false_alarms_per_week for each in given), 9)
    (0.002857, 2.0)
    """
    if not (isfinite(false_alarms_per_week) and false_alarms_per_week > 0.0):
        raise ParameterError("false_alarms_per_week", false_alarms_per_week, "a finite number above 0")
    floors = _floors(watchers, false_alarms_per_week)
    level = _level(watchers, floors, false_alarms_per_week)
    alphas = [_alpha(watcher, floor, level) for watcher, floor in zip(watchers, floors, strict=True)]
    spent = sum(watcher.runs_per_week * alpha for watcher, alpha in zip(watchers, alphas, strict=True))
    share = min(1.0, false_alarms_per_week / spent) if spent else 1.0  # the last bit of the search
    return tuple(_allotment(watcher, alpha * share, level) for watcher, alpha in zip(watchers, alphas, strict=True))


def _allotment(watcher: Watcher, alpha: float, level: float) -> Allotment:
    return Allotment(
        alpha=alpha,
        false_alarms_per_week=alpha * watcher.runs_per_week,
        floored=alpha > level * watcher.precision * (1.0 + 1e-9),
        runs_needed=max(0, points_for(alpha) - watcher.n_train),
        min_p_value=min_p_value(watcher.n_train),
    )


def _floors(watchers: Sequence[Watcher], budget: float) -> list[float]:
    floors = [min(ERROR_FLOOR, watcher.most) if watcher.holds else 0.0 for watcher in watchers]
    cost = sum(watcher.runs_per_week * floor for watcher, floor in zip(watchers, floors, strict=True))
    return [floor * min(1.0, 0.5 * budget / cost) for floor in floors] if cost else floors


def _alpha(watcher: Watcher, floor: float, level: float) -> float:
    return min(watcher.most, max(floor, level * watcher.precision))


def _level(watchers: Sequence[Watcher], floors: Sequence[float], budget: float) -> float:
    """Return the alpha of a monitor that is always right, at which all together cost the budget."""
    runs: dict[tuple[float, float, float], float] = {}  # of all that get the same: a fleet has few kinds of monitors
    for watcher, floor in zip(watchers, floors, strict=True):
        alike = (watcher.precision, floor, watcher.most)
        runs[alike] = runs.get(alike, 0.0) + watcher.runs_per_week
    low, high = 0.0, MOST * (PRIOR_ALARMS + max((watcher.alarms for watcher in watchers), default=0))
    for _ in range(STEPS):
        middle = 0.5 * (low + high)
        spent = sum(each * min(most, max(floor, middle * good)) for (good, floor, most), each in runs.items())
        low, high = (middle, high) if spent < budget else (low, middle)
        if high - low <= 1e-15 * high:
            break
    return high


def q_values(p_values: Sequence[float]) -> list[float]:
    """Return the share of false alarms among an alarm and all that are at least as surprising, at most.

    For the order of an inbox, never for the verdict. It holds under any dependence of the monitors:
    q_(i) = min over j >= i of p_(j) * m * (1 + 1/2 + ... + 1/m) / j (Benjamini and Yekutieli 2001).

    Parameters
    ----------
    p_values: of all that was judged in the same period, alarms or not, each in ]0, 1].

    Returns
    -------
    list[float]: in the order of `p_values`, 0..1.

    Raises
    ------
    ParameterError: a p-value is not in ]0, 1].

    Examples
    --------
    >>> [round(q, 3) for q in q_values([0.5, 0.001, 0.004])]
    [0.917, 0.005, 0.011]
    """
    for p_value in p_values:
        if not 0.0 < p_value <= 1.0:
            raise ParameterError("p_value", p_value, "numbers above 0 and at most 1")
    count = len(p_values)
    harmonic = sum(1.0 / rank for rank in range(1, count + 1))
    order = sorted(range(count), key=lambda at: p_values[at])
    found = [1.0] * count
    least = 1.0
    for rank in range(count, 0, -1):
        at = order[rank - 1]
        least = min(least, p_values[at] * count * harmonic / rank)
        found[at] = least
    return found


def supported(alpha: float, n_train: int) -> bool:
    """Return whether a monitor that has learned `n_train` points can fire at `alpha` at all.

    Parameters
    ----------
    alpha: as in `Detector.detect`.
    n_train: trained points.

    Raises
    ------
    ParameterError: alpha is not above 0 and at most 0.5.

    Examples
    --------
    >>> supported(0.001, 7), supported(1e-6, 7)
    (True, False)
    """
    check_alpha(alpha)
    return min_p_value(n_train) < alpha
