"""On simulated noise of the declared kind false alarms keep their promise, also on short history."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from detectors import Cadence, History, MetricKind, Point, default_detector

Draw = Callable[[np.random.Generator, int], np.ndarray]
DAY_S = 86400.0
NOMINAL = 0.01
SERIES = 600
CASES: dict[str, tuple[MetricKind, Draw, bool]] = {
    "gaussian": (MetricKind.MEAN, lambda rng, n: rng.normal(100.0, 10.0, n), True),
    "lognormal": (MetricKind.COUNT, lambda rng, n: rng.lognormal(8.0, 0.3, n), True),
    "poisson": (MetricKind.COUNT, lambda rng, n: rng.poisson(40.0, n).astype(float), False),
    "negative binomial": (MetricKind.COUNT, lambda rng, n: rng.negative_binomial(8, 0.01, n) + 0.0, False),
    "binomial": (MetricKind.RATE, lambda rng, n: rng.binomial(500, 0.04, n) / 500.0, False),
}


@pytest.mark.parametrize("n", [7, 14, 30, 90])
@pytest.mark.parametrize("noise", CASES)
def test_false_alarms_keep_the_promise(noise: str, n: int) -> None:
    kind, draw, continuous = CASES[noise]
    rng = np.random.default_rng(n)
    detector = default_detector(kind, Cadence.IRREGULAR)
    at = np.arange(n) * DAY_S
    rows = np.full(n, 500.0) if kind is MetricKind.RATE else None
    alarms = 0
    draws = 10  # points judged by one state: the state is what costs time
    series = SERIES if n < 90 else SERIES // 2
    for _ in range(series):
        state = detector.learned(History.of(at, draw(rng, n), exposure=rows))
        for value in draw(rng, draws):
            p_value = state.judge(Point(n * DAY_S, value, 500.0 if rows is not None else None), alpha=NOMINAL).p_value
            alarms += p_value is not None and p_value < NOMINAL
    rate = alarms / (series * draws)
    assert rate <= 2.0 * NOMINAL
    if continuous and n >= 14:
        assert rate >= 0.4 * NOMINAL
