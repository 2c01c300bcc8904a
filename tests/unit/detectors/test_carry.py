"""Errors that persist are carried over, and a surprise right after another says less."""

from __future__ import annotations

import numpy as np
import pytest

from detectors import Adaptive, Cadence, DetectionStatus, History, MetricKind, Point
from detectors.carry import Carry
from detectors.cluster import AFTER, RARE, Cluster

DAY_S = 86400.0
ALPHA = 0.01


def carried(errors: list[float], *, limit: float = 3.0) -> Carry:
    carry = Carry()
    for error in errors:
        carry.learn(error, limit)
    return carry


def test_errors_that_persist_are_carried_over_in_part() -> None:
    carry = carried([2.0, 2.0, -2.0, -2.0] * 2 + [1.0] * 60)
    assert 0.5 < carry.ahead() < 1.0


@pytest.mark.parametrize("errors", [[], [2.0], [1.0, -1.0] * 30, [0.0] * 30])
def test_without_persistence_nothing_is(errors: list[float]) -> None:
    assert carried(errors).ahead() == 0.0


def test_of_an_outage_no_more_is_carried_over_than_it_is_believed_to_be() -> None:
    usual, outage = carried([1.0] * 60), carried([1.0] * 60 + [1e9])
    assert usual.ahead() < outage.ahead() <= 3.0
    assert outage.product == usual.product


def test_nothing_is_carried_over_a_new_level() -> None:
    carry = carried([1.0] * 60)
    carry.forget()
    assert carry.ahead() == 0.0


def test_what_wanders_is_expected_where_the_last_error_points() -> None:
    rng = np.random.default_rng(4)
    wander = np.zeros(200)
    for day in range(1, 200):
        wander[day] = 0.8 * wander[day - 1] + rng.standard_normal()
    steady = rng.standard_normal(200)
    for series, persists in ((wander, True), (steady, False)):
        detector = Adaptive(MetricKind.MEAN, Cadence.WEEKLY)
        state = detector.learned(History.of(np.arange(200) * DAY_S, 1000.0 + 30.0 * series))
        share = abs(state.carry.ahead() / state.carry.error)  # type: ignore[attr-defined]
        assert (share > 0.1) is persists


def test_a_surprise_is_likelier_right_after_another_and_then_less_and_less() -> None:
    cluster = Cluster()
    assert cluster.factor() == 1.0
    cluster.learn(True)
    factors = [cluster.factor()]
    for _ in range(5):
        cluster.learn(False)
        factors.append(cluster.factor())
    assert factors[0] == AFTER
    assert factors == sorted(factors, reverse=True)
    assert factors[-1] == pytest.approx(1.0, abs=0.01)


def test_the_same_point_says_less_right_after_a_surprise() -> None:
    past = 1000.0 + 30.0 * np.random.default_rng(7).standard_normal(60)
    state = Adaptive(MetricKind.MEAN, Cadence.WEEKLY).learned(History.of(np.arange(60) * DAY_S, past))
    point = Point(60 * DAY_S, 1080.0)
    calm = state.judge(point, alpha=ALPHA)
    state.cluster.learn(True)  # type: ignore[attr-defined]
    troubled = state.judge(point, alpha=ALPHA)
    assert calm.p_value is not None
    assert calm.upper is not None
    assert troubled.upper is not None
    assert 3.0 * calm.p_value < troubled.p_value < AFTER * calm.p_value
    assert (calm.status, troubled.status) == (DetectionStatus.ANOMALOUS, DetectionStatus.NORMAL)
    assert calm.upper < point.value < troubled.upper


def test_what_is_rare_is_believed_whatever_came_before() -> None:
    cluster = Cluster()
    for _ in range(4):
        for alpha in (1e-9, 1e-4, RARE):
            assert cluster.doubted(alpha) == alpha == cluster.believed(alpha)
        for alpha in (0.0015, 0.0027, 0.01, 0.03, 0.2):
            assert cluster.doubted(cluster.believed(alpha)) == pytest.approx(alpha)
            assert cluster.believed(alpha) <= alpha <= cluster.doubted(alpha)
        cluster.learn(cluster.heat == 0.0)


def test_an_outage_right_after_a_storm_alarms_all_the_same() -> None:
    past = 1000.0 + 30.0 * np.random.default_rng(7).standard_normal(60)
    past[-1] = 1300.0
    history = History.of(np.arange(60) * DAY_S, past)
    verdict = Adaptive(MetricKind.MEAN, Cadence.WEEKLY).detect(history, Point(60 * DAY_S, 1.0), alpha=0.001)
    assert verdict.status is DetectionStatus.ANOMALOUS
