"""Whether false alarms keep their promise on noise that is known: ``python -m benchmarks.detection.simulation``."""

from __future__ import annotations

import numpy as np

from detectors import Adaptive, Cadence
from detectors.fleet import Fleet
from detectors.synthetic import NOISE_CASES, NoiseCase

LENGTHS = (7, 14, 30, 90)
DAY_S = 86400.0
SERIES, DRAWS = 20_000, 20


def false_alarms(case: NoiseCase, n: int, alpha: float, *, series: int = SERIES, draws: int = DRAWS) -> float:
    """The share of points that alarm at ``alpha`` after ``n`` points, ``draws`` points judged by each state."""
    rng = np.random.default_rng(n)
    rows = None if case.rows is None else np.full(series, case.rows)
    fleet = Fleet(Adaptive(case.kind, Cadence.IRREGULAR), series, alpha=alpha)
    for step in range(n):
        fleet.look(step * DAY_S, rows)
        fleet.advance(case.draw(rng, (series,)), rows)
    fleet.look(n * DAY_S, rows)
    alarms = [fleet.judge(case.draw(rng, (series,))).anomalous.mean() for _ in range(draws)]
    return float(np.mean(alarms))


def main() -> None:
    """Print the table for 1 %."""
    print(f"{'noise':<20}" + "".join(f"{f'n = {n}':>10}" for n in LENGTHS))
    for name, case in NOISE_CASES.items():
        print(f"{name:<20}" + "".join(f"{100 * false_alarms(case, n, 0.01):>9.2f}%" for n in LENGTHS))


if __name__ == "__main__":
    main()
