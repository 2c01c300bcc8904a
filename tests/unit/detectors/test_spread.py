"""Weekdays and hours differ in their noise as far as their own errors show, and no further."""

from __future__ import annotations

import numpy as np
import pytest

from detectors import Adaptive, Cadence, History, MetricKind, Point
from detectors.noise import NOISES
from detectors.spread import SlotSpread

DAY_S = 86400.0
WEEKS = 40
SUNDAY, WEDNESDAY = 3, 6  # day 0 of POSIX time was a Thursday


def reach(values: np.ndarray, weekday: int) -> float:
    """Half the band of the next such day."""
    days = len(values)
    at = DAY_S * (days + (weekday - days) % 7)
    history = History.of(np.arange(days) * DAY_S, values)
    found = Adaptive(MetricKind.MEAN, Cadence.DAILY).detect(history, Point(at, 1e3), alpha=0.01)
    assert found.upper is not None
    assert found.expected is not None
    return found.upper - found.expected


def weeks(deviations: list[float]) -> np.ndarray:
    spread = np.tile(deviations, WEEKS)
    return 1000.0 + spread * np.random.default_rng(3).standard_normal(len(spread))


def test_a_noisy_weekday_has_a_wider_band_than_a_quiet_one() -> None:
    noisy_sundays = weeks([20.0, 20.0, 20.0, 120.0, 20.0, 20.0, 20.0])
    assert reach(noisy_sundays, SUNDAY) > 1.3 * reach(noisy_sundays, WEDNESDAY)


def test_equal_weekdays_have_nearly_equal_bands() -> None:
    even = weeks([40.0] * 7)
    assert reach(even, SUNDAY) == pytest.approx(reach(even, WEDNESDAY), rel=0.25)


def test_no_weekday_is_quieter_than_the_least_that_is_believed() -> None:
    only_sundays = weeks([0.0, 0.0, 0.0, 12.0, 0.0, 0.0, 0.0])
    assert reach(only_sundays, WEDNESDAY) > 2.3 * NOISES[MetricKind.MEAN].floor(1000.0, None, 0.0)


def test_storms_of_a_rate_keep_no_weekday() -> None:
    stormy = np.clip(weeks([1.0, 1.0, 1.0, 60.0, 1.0, 1.0, 1.0]) - 980.0, 0.0, 500.0) / 1000.0
    detector = Adaptive(MetricKind.RATE, Cadence.DAILY)
    state = detector.learned(History.of(np.arange(len(stormy)) * DAY_S, stormy))
    assert state.slot_spread.visits == [0.0] * 7  # type: ignore[attr-defined]


def test_few_visits_move_little() -> None:
    slots = SlotSpread(7)
    slots.learn(3.0, 2)
    assert 1.0 < slots.factor(2) < 1.15
    assert slots.factor(3) == 1.0


def test_a_season_of_one_slot_never_differs() -> None:
    alone = SlotSpread(1)
    for _ in range(50):
        alone.learn(3.0, 0)
    assert alone.factor(0) == 1.0
