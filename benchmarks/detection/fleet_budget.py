"""Whether a fleet keeps the budget of false alarms that it has: ``python -m benchmarks.detection.fleet_budget``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors import Adaptive, Cadence, MetricKind
from detectors.budget import Watcher, allot
from detectors.fleet import Fleet

if TYPE_CHECKING:
    from detectors.model import FloatArray

DAY_S = 86400.0
BUDGET = 2.0
LEARNED = 60
"""Days that every monitor has seen before it counts."""

GROUP = 20
"""Monitors that share a factor, as those of the tables of one source do."""

FREEDOMS = (2.5, 3.0, 5.0, np.inf)
"""Degrees of freedom of the noise (Student 1908): from tails of storms, as real metrics have them, to Gaussian ones."""

FLEETS = ((1_000, 104), (10_000, 26))
"""(monitors, weeks)."""


def false_alarms_per_week(monitors: int, weeks: int, *, correlation: float, freedom: float, seed: int = 11) -> float:
    """The false alarms a week of daily monitors on sound data, half of them means and half counts, after 60 days.

    Each is the default detector of its kind at the alpha that the budget leaves it, and goes on learning. With a
    correlation the monitors of a group share a factor each day, and its storms.
    """
    alpha = allot([Watcher(runs_per_week=7, n_train=LEARNED)] * monitors, BUDGET)[0].alpha
    rng, half = np.random.default_rng(seed), monitors // 2
    fleets = [Fleet(Adaptive(kind, Cadence.DAILY), half, alpha=alpha) for kind in (MetricKind.MEAN, MetricKind.COUNT)]
    alarms = 0
    for day in range(LEARNED + 7 * weeks):
        noise = _noise(rng, monitors, correlation, freedom)
        values = (100.0 + 10.0 * noise[:half], np.maximum(0.0, 5000.0 + 250.0 * noise[half:]))
        for fleet, value in zip(fleets, values, strict=True):
            fleet.look(day * DAY_S)
            if day >= LEARNED:
                alarms += int(fleet.judge(value).anomalous.sum())
            fleet.advance(value)
    return alarms / weeks


def _noise(rng: np.random.Generator, monitors: int, correlation: float, freedom: float) -> FloatArray:
    shared = rng.standard_normal(monitors // GROUP).repeat(GROUP)
    own = np.sqrt(correlation) * shared + np.sqrt(1.0 - correlation) * rng.standard_normal(monitors)
    if np.isinf(freedom):
        return np.asarray(own)
    storms = (
        rng.chisquare(freedom, monitors // GROUP).repeat(GROUP) if correlation else rng.chisquare(freedom, monitors)
    )
    return np.asarray(own / np.sqrt(storms / freedom))


def main() -> None:
    """Print a line a fleet, with a column for each tail."""
    print(f"{'false alarms a week, budget 2':<40}" + "".join(f"{f't({each:g})':>9}" for each in FREEDOMS))
    for monitors, weeks in FLEETS:
        for correlation in (0.0, 0.8):
            found = [false_alarms_per_week(monitors, weeks, correlation=correlation, freedom=each) for each in FREEDOMS]
            name = f"{monitors:,} monitors, correlation {correlation:g}"
            print(f"{name:<40}" + "".join(f"{each:>9.2f}" for each in found), flush=True)


if __name__ == "__main__":
    main()
