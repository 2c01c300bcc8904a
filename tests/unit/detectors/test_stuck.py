from __future__ import annotations

import numpy as np

from detectors import DetectionStatus, History, Point, detector


def last_status(values: list[float], alpha: float = 0.001) -> DetectionStatus:
    history = History.of(np.arange(len(values) - 1) * 86400.0, values[:-1])
    return detector("stuck").detect(history, Point(86400.0 * len(values), values[-1]), alpha=alpha).status


MOVING = np.random.default_rng(1).normal(100.0, 5.0, 30).tolist()


def test_a_value_that_stops_moving_alarms() -> None:
    assert last_status([*MOVING, 100.0, 100.0]) is DetectionStatus.NORMAL
    assert last_status([*MOVING, 100.0, 100.0, 100.0]) is DetectionStatus.ANOMALOUS


def test_a_value_that_never_moved_or_often_rests_does_not() -> None:
    assert last_status([5000.0] * 40) is DetectionStatus.NORMAL
    assert last_status([*([3.0, 3.0, 3.0, 4.0] * 10), 3.0, 3.0, 3.0]) is DetectionStatus.NORMAL


def test_having_been_stuck_once_hides_nothing() -> None:
    assert last_status([*MOVING, *[100.0] * 8, *MOVING, *[90.0] * 6]) is DetectionStatus.ANOMALOUS


def test_a_run_must_be_longer_than_all_before_but_one() -> None:
    rested = [*MOVING, *[100.0] * 9, *MOVING, *[95.0] * 6, *MOVING]
    assert last_status([*rested, *[90.0] * 6]) is DetectionStatus.NORMAL
    assert last_status([*rested, *[90.0] * 7]) is DetectionStatus.ANOMALOUS


def test_a_share_may_rest_at_nothing_and_not_elsewhere() -> None:
    shares = [0.01 + 0.001 * (value - 100.0) / 5.0 for value in MOVING]
    rates = detector("stuck", kind="rate")
    for resting, status in ((0.0, DetectionStatus.NORMAL), (0.01, DetectionStatus.ANOMALOUS)):
        history = History.of(np.arange(33) * 86400.0, [*shares, resting, resting, resting])
        assert rates.detect(history, Point(86400.0 * 33, resting), alpha=0.001).status is status


def test_fine_numbers_prove_sooner_that_they_are_stuck_than_coarse_ones() -> None:
    short = MOVING[:14]
    assert last_status([*short, 100.0, 100.0, 100.0]) is DetectionStatus.ANOMALOUS
    coarse = [round(value / 5.0) * 5.0 for value in short]
    assert last_status([*coarse, 85.0, 85.0, 85.0]) is DetectionStatus.NORMAL
