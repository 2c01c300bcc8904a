"""Laws of the default detectors on arbitrary numbers."""

from __future__ import annotations

from math import isfinite

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors import (
    Cadence,
    DetectionStatus,
    History,
    MetricKind,
    Point,
    default_detector,
    default_detectors,
)

ANY = st.floats(allow_nan=True, allow_infinity=True)
ORDINARY = st.floats(1.0, 1e6)
ALPHAS = st.sampled_from([0.05, 0.01, 0.001, 1e-6])
DAY_S = 86400.0


@settings(deadline=None, max_examples=150)
@given(
    kind=st.sampled_from(list(MetricKind)),
    cadence=st.sampled_from(list(Cadence)),
    values=st.lists(ANY, max_size=40),
    steps=st.lists(st.floats(1.0, 1e7), min_size=40, max_size=40),
    value=ANY,
    rows=st.none() | st.floats(allow_nan=True),
    alpha=ALPHAS,
)
def test_any_numbers_give_a_status_and_a_verdict_that_agrees_with_its_band(
    kind: MetricKind,
    cadence: Cadence,
    values: list[float],
    steps: list[float],
    value: float,
    rows: float | None,
    alpha: float,
) -> None:
    at = np.cumsum(steps[: len(values)])
    history = History.of(at, values)
    point = Point(float(np.sum(steps)) + 1.0, value, rows)
    for detector, _ in default_detectors(kind, cadence):
        verdict = detector.detect(history, point, alpha=alpha)
        assert (verdict.status is DetectionStatus.UNKNOWN) is not isfinite(value)
        assert (verdict.runs_needed > 0) is (verdict.status is DetectionStatus.LEARNING)
        if verdict.p_value is None or not detector.banded:
            continue
        outside = (verdict.lower is not None and value < verdict.lower) or (
            verdict.upper is not None and value > verdict.upper
        )
        assert outside is (verdict.p_value < alpha) is (verdict.status is DetectionStatus.ANOMALOUS)


@settings(deadline=None, max_examples=60)
@given(
    values=st.lists(ORDINARY, min_size=8, max_size=40),
    value=ORDINARY,
    scale=st.sampled_from([2.0**-20, 0.25, 2.0, 1024.0, 2.0**30]),
)
def test_the_unit_of_a_mean_does_not_matter(values: list[float], value: float, scale: float) -> None:
    detector = default_detector(MetricKind.MEAN, Cadence.DAILY)
    at = np.arange(len(values)) * DAY_S
    one = detector.detect(History.of(at, values), Point(DAY_S * 99, value), alpha=0.01)
    other = detector.detect(History.of(at, np.array(values) * scale), Point(DAY_S * 99, value * scale), alpha=0.01)
    assert other.score == pytest.approx(one.score, rel=1e-6, abs=1e-9)
    assert other.upper == pytest.approx((one.upper or 0.0) * scale, rel=1e-6)


@settings(deadline=None, max_examples=60)
@given(values=st.lists(ORDINARY, min_size=8, max_size=30), weeks=st.integers(1, 500))
def test_the_epoch_does_not_matter(values: list[float], weeks: int) -> None:
    detector = default_detector(MetricKind.COUNT, Cadence.DAILY)
    at = np.arange(len(values)) * DAY_S
    shift = weeks * 7 * DAY_S
    one = detector.detect(History.of(at, values), Point(DAY_S * 99, 5.0), alpha=0.01)
    other = detector.detect(History.of(at + shift, values), Point(DAY_S * 99 + shift, 5.0), alpha=0.01)
    assert (one.score, one.lower, one.upper) == (other.score, other.lower, other.upper)


@settings(deadline=None, max_examples=60)
@given(values=st.lists(ORDINARY, min_size=8, max_size=30), near=st.floats(1.0, 1e5), further=st.floats(1.0, 1e5))
def test_further_away_is_never_less_surprising(values: list[float], near: float, further: float) -> None:
    detector = default_detector(MetricKind.COUNT, Cadence.DAILY)
    state = detector.learned(History.of(np.arange(len(values)) * DAY_S, values))
    middle = state.judge(Point(DAY_S * 50, 1.0), alpha=0.01).expected or 0.0
    one = state.judge(Point(DAY_S * 50, middle + near), alpha=0.01)
    other = state.judge(Point(DAY_S * 50, middle + near + further), alpha=0.01)
    assert other.score >= one.score
