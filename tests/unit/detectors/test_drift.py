from __future__ import annotations

import numpy as np
import pytest

from detectors import Cadence, Detection, DetectionStatus, Direction, History, MetricKind, ParameterError
from detectors.drift import Drift

DAY_S = 86400.0
ALPHA = 0.001
WEEK = np.array([1.0, 1.02, 1.0, 0.99, 1.03, 0.6, 0.5])


def table_rows(days: int, seed: int = 3) -> np.ndarray:
    return 5000.0 * np.tile(WEEK, days // 7 + 1)[:days] * np.random.default_rng(seed).normal(1.0, 0.02, days)


def replayed(values: np.ndarray, kind: MetricKind = MetricKind.COUNT, alpha: float = ALPHA) -> list[Detection]:
    return Drift(kind, Cadence.DAILY).replay(History.of(np.arange(len(values)) * DAY_S, values), alpha=alpha)


def alarms(verdicts: list[Detection]) -> list[int]:
    return [at for at, verdict in enumerate(verdicts) if verdict.status is DetectionStatus.ANOMALOUS]


@pytest.mark.parametrize(("slope", "side"), [(-0.012, Direction.LOW), (0.012, Direction.HIGH)])
def test_small_steps_one_way_alarm_although_none_is_news(slope: float, side: Direction) -> None:
    ramp = 1.0 + slope * np.maximum(0, np.arange(100) - 83)
    verdicts = replayed(table_rows(100) * ramp, alpha=0.01)
    found = alarms(verdicts)
    assert found
    assert found[0] >= 84
    assert verdicts[found[0]].direction is side


def test_a_steady_table_with_weekends_is_left_in_peace() -> None:
    assert sum(len(alarms(replayed(table_rows(300, seed)))) for seed in range(5)) <= 5


def test_one_bad_day_is_not_a_drift() -> None:
    values = table_rows(100)
    values[80] = 0.0
    assert alarms(replayed(values)) == []


def test_a_new_level_is_taken_after_three_points() -> None:
    steady = 5000.0 * np.random.default_rng(3).normal(1.0, 0.02, 100)
    values = np.where(np.arange(100) < 60, steady, 2.0 * steady)
    assert set(alarms(replayed(values))) <= {60, 61, 62}


def test_only_older_is_news_of_freshness() -> None:
    rng = np.random.default_rng(5)
    fresher = 400.0 + rng.normal(0.0, 8.0, 100) - 6.0 * np.maximum(0, np.arange(100) - 80)
    older = 400.0 + rng.normal(0.0, 8.0, 100) + 6.0 * np.maximum(0, np.arange(100) - 80)
    assert alarms(replayed(60.0 * fresher, MetricKind.FRESHNESS)) == []
    assert alarms(replayed(60.0 * older, MetricKind.FRESHNESS))


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ParameterError, match="kind"):
        Drift("rows")  # type: ignore[arg-type]


def test_a_drift_is_told_while_it_goes_on_and_not_where_it_rests() -> None:
    steps = np.minimum(12, np.maximum(0, np.arange(140) - 83))
    verdicts = replayed(table_rows(140) * (1.0 - 0.02 * steps), alpha=0.01)
    found = alarms(verdicts)
    assert found
    assert max(found) <= 97
