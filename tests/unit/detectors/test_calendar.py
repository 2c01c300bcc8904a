"""Special days: compared with their like, taught apart, and of an unseen kind only what nothing explains alarms."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors import (
    Cadence,
    Calendared,
    DetectionStatus,
    History,
    HistoryError,
    MetricKind,
    Point,
    default_detector,
    restore_state,
    save_state,
)
from detectors.testing import check_detector

DAY_S = 86400.0
KINDS = [MetricKind.COUNT, MetricKind.RATE, MetricKind.MEAN, MetricKind.DURATION, MetricKind.ARRIVAL]


def detector(kind: MetricKind = MetricKind.COUNT) -> Calendared:
    return Calendared(default_detector(kind, Cadence.DAILY), kind)


def shop(days: int, every: int, factor: float, seed: int = 1, kind: int = 1) -> History:
    """Orders of so many days, every so many of them a holiday on which there are `factor` times as many."""
    rng = np.random.default_rng(seed)
    special = np.array([kind if day % every == every - 1 else 0 for day in range(days)])
    values = rng.normal(1000.0, 30.0, days) * np.where(special > 0, factor, 1.0)
    return History.of(np.arange(days) * DAY_S, values, special=special)


def verdict(history: History, value: float, special: int, alpha: float = 0.001) -> DetectionStatus:
    point = Point(float(len(history)) * DAY_S, value, special=special)
    return detector().detect(history, point, alpha=alpha).status


@pytest.mark.parametrize("kind", list(MetricKind))
def test_it_obeys_the_law_of_detectors(kind: MetricKind) -> None:
    check_detector(detector(kind))


def test_ordinary_days_are_judged_as_without_a_calendar() -> None:
    history = shop(60, 20, 1.0)
    plain = History.of(history.at, history.value, history.special > 0 if history.special is not None else None)
    point = Point(60 * DAY_S, 900.0)
    alone = default_detector(MetricKind.COUNT, Cadence.DAILY).detect(plain, point, alpha=0.001)
    with_it = detector().detect(history, point, alpha=0.001)
    assert (with_it.p_value, with_it.lower, with_it.upper, with_it.n_train) == (
        alone.p_value, alone.lower, alone.upper, alone.n_train,
    )  # fmt: skip


def test_an_unseen_kind_of_day_may_differ_but_not_beyond_everything() -> None:
    history = shop(60, 1000, 1.0)
    normal, odd = DetectionStatus.NORMAL, DetectionStatus.ANOMALOUS
    assert [verdict(history, value, 0) for value in (1000.0, 400.0, 2000.0)] == [normal, odd, odd]
    assert [verdict(history, value, 1) for value in (1000.0, 400.0, 2000.0, 20_000.0)] == [normal, normal, normal, odd]


def test_a_kind_that_was_seen_is_expected_again_and_its_absence_is_news() -> None:
    history = shop(120, 10, 0.4)
    normal, odd = DetectionStatus.NORMAL, DetectionStatus.ANOMALOUS
    assert [verdict(history, value, 1) for value in (400.0, 1000.0, 40.0)] == [normal, odd, odd]
    assert [verdict(history, value, 0) for value in (400.0, 1000.0)] == [odd, normal]
    assert verdict(history, 1000.0, 2) is normal  # another kind has not been seen


def test_a_holiday_that_changes_nothing_soon_changes_no_band() -> None:
    def width(days: int, special: int) -> float:
        found = detector().detect(shop(days, 10, 1.0), Point(days * DAY_S, 1000.0, special=special), alpha=0.001)
        return (found.upper or 0.0) - (found.lower or 0.0)

    unseen = detector().detect(shop(60, 1000, 1.0), Point(60 * DAY_S, 1000.0, special=1), alpha=0.001)
    assert width(120, 1) < 0.5 * ((unseen.upper or 0.0) - (unseen.lower or 0.0))
    assert width(120, 1) < 4 * width(120, 0)


def test_special_days_teach_ordinary_ones_nothing() -> None:
    wild, tame = (shop(80, 10, factor) for factor in (50.0, 1.0))
    point = Point(80 * DAY_S, 1000.0)
    one, other = (detector().detect(history, point, alpha=0.001) for history in (wild, tame))
    assert (one.lower, one.upper, one.n_train) == (other.lower, other.upper, other.n_train)


def test_false_alarms_on_special_days_keep_the_promise() -> None:
    alarms = judged = 0
    for seed in range(12):
        history = shop(200, 10, 0.5, seed)
        assert history.special is not None
        for found, special in zip(detector().replay(history, alpha=0.01), history.special.tolist(), strict=True):
            if special and found.p_value is not None:
                judged += 1
                alarms += found.status is DetectionStatus.ANOMALOUS
    assert judged > 200
    assert alarms <= 2 * 0.01 * judged


def test_a_wait_over_a_holiday_is_longer() -> None:
    rng = np.random.default_rng(3)
    waits = np.where(np.arange(1, 60) % 10 == 9, 2.0, 1.0) * DAY_S + rng.normal(0, 300.0, 59)
    at = np.cumsum(waits)
    history = History.of(at, waits, special=(np.arange(1, 60) % 10 == 9).astype(int))
    for wait, special, status in (
        (2.0, 0, DetectionStatus.ANOMALOUS), (2.0, 1, DetectionStatus.NORMAL), (4.0, 1, DetectionStatus.ANOMALOUS),
    ):  # fmt: skip
        point = Point(float(at[-1]) + wait * DAY_S, wait * DAY_S, special=special)
        assert detector(MetricKind.ARRIVAL).detect(history, point, alpha=0.003).status is status


def test_a_restart_changes_no_verdict() -> None:
    history = shop(60, 10, 0.4)
    state = detector().learned(history)
    back = restore_state(json.loads(json.dumps(save_state(state))))
    for special in (0, 1, 2):
        point = Point(60 * DAY_S, 700.0, special=special)
        assert back.judge(point, alpha=0.01) == state.judge(point, alpha=0.01)


def test_a_kind_for_each_point() -> None:
    history = History.of([1, 2], [3, 4], special=[0, 2])
    assert [point.special for point in history.points()] == [0, 2]
    assert [point.special for point in history.before(1).points()] == [0]
    with pytest.raises(HistoryError, match="special"):
        History.of([1, 2], [3, 4], special=[1])


@settings(deadline=None, max_examples=120)
@given(
    kind=st.sampled_from(KINDS),
    values=st.lists(st.floats(0.0, 1e6), min_size=8, max_size=40),
    specials=st.lists(st.integers(0, 2), min_size=40, max_size=40),
    value=st.floats(0.0, 1e7),
    special=st.integers(0, 3),
    alpha=st.sampled_from([0.05, 0.001]),
)
def test_the_band_says_what_the_verdict_says(
    kind: MetricKind, values: list[float], specials: list[int], value: float, special: int, alpha: float
) -> None:
    if kind is MetricKind.RATE:
        values, value = [each / 1e7 for each in values], value / 1e7
    size = len(values)
    history = History.of(np.arange(size) * 1e7, values, special=specials[:size])
    found = detector(kind).detect(history, Point(size * 1e7, value, special=special), alpha=alpha)
    if found.p_value is None:
        return
    slack = 1e-9 * max(1.0, value)
    lower = -np.inf if found.lower is None else found.lower
    upper = np.inf if found.upper is None else found.upper
    assert lower <= (found.expected or 0.0) <= upper
    if found.status is DetectionStatus.ANOMALOUS:
        assert not lower + slack <= value <= upper - slack
    else:
        assert lower - slack <= value <= upper + slack
