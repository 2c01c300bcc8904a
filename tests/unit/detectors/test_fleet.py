"""Many series at once: the same numbers as one by one, and fast."""

from __future__ import annotations

import time

import numpy as np
import pytest

from detectors import Adaptive, Cadence, DetectionStatus, History, HistoryError, MetricKind, ParameterError
from detectors.fleet import replay_many

DAY_S = 86400.0
ALPHA = 0.01


def matrix(kind: MetricKind, series: int, points: int, seed: int = 5) -> np.ndarray:
    """Weeks with a level shift, an episode, outliers, gaps and a constant among them."""
    rng = np.random.default_rng(seed)
    week = np.tile([1.0, 1.0, 1.1, 1.0, 1.2, 0.5, 0.4], points // 7 + 1)[:points]
    values = 1000.0 * week * rng.normal(1.0, 0.05, (series, points))
    values[1, points // 2 :] *= 2.0
    values[2, points // 2 : points // 2 + 4] *= 3.0
    values[3] = 5000.0
    values[rng.random(values.shape) < 0.02] *= 8.0
    values[rng.random(values.shape) < 0.05] = np.nan
    values[4, points // 3] = 1e300
    values[5, points // 3] = -3.0
    return values / 20000.0 if kind is MetricKind.RATE else values


@pytest.mark.parametrize("exposed", [False, True])
@pytest.mark.parametrize("cadence", [Cadence.DAILY, Cadence.HOURLY, Cadence.WEEKLY])
@pytest.mark.parametrize("kind", list(MetricKind))
def test_it_says_what_a_replay_of_each_says(kind: MetricKind, cadence: Cadence, exposed: bool) -> None:
    points = 120
    at = np.arange(points) * (3600.0 if cadence is Cadence.HOURLY else DAY_S)
    values = matrix(kind, 12, points)
    rows = np.where(np.isnan(values), np.nan, 800.0) if exposed else None
    detector = Adaptive(kind, cadence)
    many = replay_many(detector, at, values, alpha=ALPHA, exposure=rows)
    for one in range(len(values)):
        history = History.of(at, values[one], exposure=None if rows is None else rows[one])
        alone = detector.replay(history, alpha=ALPHA)
        expected = [np.nan if verdict.p_value is None else verdict.p_value for verdict in alone]
        np.testing.assert_allclose(many.p_value[one], expected, rtol=1e-6)
        assert many.anomalous[one].tolist() == [verdict.status is DetectionStatus.ANOMALOUS for verdict in alone]
        uppers = [np.nan if verdict.upper is None else verdict.upper for verdict in alone]
        np.testing.assert_allclose(many.upper[one], uppers, rtol=1e-6)


def test_ten_thousand_series_of_a_hundred_points_take_seconds() -> None:
    values = np.random.default_rng(1).normal(1000.0, 30.0, (10_000, 100))
    began = time.process_time()
    found = replay_many(Adaptive(MetricKind.COUNT, Cadence.DAILY), np.arange(100) * DAY_S, values, alpha=0.001)
    assert time.process_time() - began < 6.0  # 2 s on a quiet machine, which `benchmarks` measures
    assert np.isfinite(found.p_value[:, 7:]).all()


def test_what_is_no_matrix_is_refused() -> None:
    detector = Adaptive()
    with pytest.raises(HistoryError, match="shape"):
        replay_many(detector, [0.0, 1.0], [[1.0]], alpha=ALPHA)
    with pytest.raises(HistoryError, match="increasing"):
        replay_many(detector, [1.0, 0.0], [[1.0, 2.0]], alpha=ALPHA)
    with pytest.raises(ParameterError, match="alpha"):
        replay_many(detector, [0.0], [[1.0]], alpha=0.0)
