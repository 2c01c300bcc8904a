from __future__ import annotations

from itertools import pairwise
from math import inf

import numpy as np
import pytest

from detectors import Cadence, Detection, DetectionStatus, Direction, History, MetricKind, Point, default_detectors
from detectors.episodic import EPISODE, MIN_TRAIN, Episodic
from detectors.season import cadence_of

ALPHA = 1e-4
STEP_S = 300.0
DAY = 288


def quiet(points: int, seed: int = 3) -> list[float]:
    """A daily wave under noise."""
    noise = np.random.default_rng(seed).normal(0.0, 2.0, points)
    return (100.0 + 20.0 * np.sin(np.arange(points) * 2 * np.pi / DAY) + noise).tolist()


def replay(values: list[float], kind: MetricKind = MetricKind.VALUE) -> list[Detection]:
    return Episodic(kind).replay(History.of(np.arange(len(values)) * STEP_S, values), alpha=ALPHA)


def alarms(found: list[Detection]) -> list[int]:
    return [i for i, each in enumerate(found) if each.status is DetectionStatus.ANOMALOUS]


def test_an_episode_alarms_where_it_begins_and_where_it_gets_much_worse() -> None:
    values = quiet(5 * DAY)
    for i in range(1000, 1030):
        values[i] += 30.0
    values[1003] += 300.0
    found = alarms(replay(values))
    assert found[0] == 1000
    assert 1003 in found
    assert len(found) <= 5


def test_after_a_calm_time_the_same_is_news_again() -> None:
    values = quiet(6 * DAY)
    values[1000] += 200.0
    values[1005] += 150.0
    values[1005 + 2 * EPISODE + 5] += 150.0
    assert alarms(replay(values)) == [1000, 1005 + 2 * EPISODE + 5]


def test_what_has_been_told_is_inside_the_band_until_it_is_over() -> None:
    values = quiet(5 * DAY)
    values[1000] += 200.0
    upper = [each.upper or inf for each in replay(values)]
    assert upper[999] < values[1000] < upper[1001] < inf
    assert upper[1001 + 2 * EPISODE] < values[1000]


def test_quiet_waves_seldom_alarm() -> None:
    found = [len(alarms(replay(quiet(10 * DAY, seed)))) for seed in range(4)]
    assert sum(found) <= 4 * 10 * DAY * ALPHA * 2


def test_a_value_that_is_usual_at_another_hour_alarms() -> None:
    hours = [10.0 if i // 12 % 24 < 12 else 50.0 for i in range(8 * DAY)]
    values = (np.array(hours) + np.random.default_rng(1).normal(0.0, 1.0, len(hours))).tolist()
    night = 7 * DAY + 60
    values[night] = 50.0
    assert night in alarms(replay(values))


@pytest.mark.parametrize("kind", list(MetricKind))
def test_a_value_is_outside_the_band_just_where_it_alarms(kind: MetricKind) -> None:
    values = np.abs(quiet(3 * DAY)) / (200.0 if kind is MetricKind.RATE else 1.0)
    values[400:405] *= 3.0
    values[430] = values[431] = values[400]
    values[600:] *= 1.5
    found = replay(values.tolist(), kind)
    judged = [(value, each) for value, each in zip(values.tolist(), found, strict=True) if each.p_value is not None]
    assert len(judged) == len(values) - MIN_TRAIN
    for value, each in judged:
        inside = (-inf if each.lower is None else each.lower) <= value <= (inf if each.upper is None else each.upper)
        assert inside is (each.status is DetectionStatus.NORMAL)


def test_an_absurd_value_does_not_blind_for_long() -> None:
    values = quiet(8 * DAY)
    values[1000] = 1e9
    values[1000 + DAY] += 100.0
    found = alarms(replay(values))
    assert 1000 in found
    assert 1000 + DAY in found


def test_only_longer_is_news_of_a_duration() -> None:
    values = [abs(value) for value in quiet(3 * DAY)]
    values[500], values[800] = 0.5, 2000.0
    found = replay(values, MetricKind.DURATION)
    assert alarms(found) == [800]
    assert found[800].direction is Direction.HIGH


def test_minutes_are_told_from_the_times_and_watched_by_it() -> None:
    assert cadence_of([STEP_S * i for i in range(100)]) is Cadence.MINUTELY
    assert cadence_of([3600.0 * i for i in range(100)]) is Cadence.IRREGULAR
    assert cadence_of([]) is Cadence.IRREGULAR
    own = {MetricKind.ARRIVAL: "arrival", MetricKind.EFFECT: "effect"}
    for kind in MetricKind:
        assert [d.name for d, _ in default_detectors(kind, Cadence.MINUTELY)] == [own.get(kind, "episodic")]


def test_a_restart_in_the_middle_of_an_episode_changes_nothing() -> None:
    from detectors import restore_state, save_state

    values = quiet(3 * DAY)
    values[500:520] = [value + 100.0 for value in values[500:520]]
    points = [Point(i * STEP_S, value) for i, value in enumerate(values)]
    state = Episodic().start()
    for point, _ in pairwise(points[:511]):
        state.advance(point)
    again = restore_state(save_state(state))
    for point in points[510:]:
        assert again.judge(point, alpha=ALPHA) == state.judge(point, alpha=ALPHA)
        again.advance(point)
        state.advance(point)
