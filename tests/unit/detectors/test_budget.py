"""A fleet keeps the budget of false alarms that somebody gave it."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.detection.fleet_budget import BUDGET, false_alarms_per_week
from detectors import ParameterError
from detectors.budget import ERROR_FLOOR, MOST, Watcher, allot, q_values, supported
from detectors.calibrate import min_p_value

MIXED = [
    *(Watcher(runs_per_week=7, n_train=60) for _ in range(300)),
    *(Watcher(runs_per_week=168, n_train=900, alarms=40, confirmed=2) for _ in range(20)),
    *(Watcher(runs_per_week=1, n_train=9, alarms=6, confirmed=6) for _ in range(50)),
    *(Watcher(runs_per_week=7, n_train=30, holds=True) for _ in range(30)),
]


@pytest.mark.parametrize("budget", [0.05, 0.5, 2.0, 14.0])
def test_what_all_cost_sums_to_the_budget(budget: float) -> None:
    given = allot(MIXED, budget)
    assert sum(each.false_alarms_per_week for each in given) == pytest.approx(budget)
    assert all(0.0 < each.alpha <= MOST for each in given)


def test_who_was_right_before_gets_more_and_who_cried_wolf_less() -> None:
    given = allot(MIXED, 2.0)
    new, wolf, right = given[0].alpha, given[300].alpha, given[320].alpha
    assert wolf < new < right


def test_what_holds_data_keeps_a_floor() -> None:
    given = allot(MIXED, 0.1)
    holding = given[-1]
    assert holding.floored
    assert holding.alpha == pytest.approx(ERROR_FLOOR)
    assert not given[0].floored
    assert given[0].alpha < ERROR_FLOOR


def test_floors_that_break_the_budget_are_lowered_together() -> None:
    given = allot([Watcher(runs_per_week=7, holds=True)] * 1000, 0.1)
    assert sum(each.false_alarms_per_week for each in given) == pytest.approx(0.1)
    assert given[0].alpha < ERROR_FLOOR


def test_a_budget_larger_than_anybody_can_use_is_not_spent() -> None:
    given = allot([Watcher(runs_per_week=7)] * 3, 100.0)
    assert [each.alpha for each in given] == pytest.approx([MOST] * 3)


def test_nobody_gets_more_than_their_most_and_the_others_share_what_is_left() -> None:
    careful = Watcher(runs_per_week=7, most=0.0005)
    given = allot([careful, careful, Watcher(runs_per_week=7)], 0.1)
    assert [each.alpha for each in given] == pytest.approx([0.0005, 0.0005, 0.1 / 7 - 0.001])
    floored = allot([Watcher(runs_per_week=7, holds=True, most=1e-6), *MIXED], 0.1)[0]
    assert floored.alpha <= 1e-6
    for wrong in (0.0, MOST * 2):
        with pytest.raises(ParameterError, match="most"):
            Watcher(runs_per_week=7, most=wrong)


def test_it_says_who_cannot_fire_yet_and_for_how_long() -> None:
    young, old = allot([Watcher(runs_per_week=7, n_train=7), Watcher(runs_per_week=7, n_train=90)], 1e-5)
    assert young.min_p_value == min_p_value(7) >= young.alpha
    assert young.runs_needed > 0
    assert supported(young.alpha, 7 + young.runs_needed)
    assert not supported(young.alpha, 7 + young.runs_needed - 1)
    assert old.runs_needed == 0


@pytest.mark.parametrize("correlation", [0.0, 0.8])
@pytest.mark.parametrize("monitors", [1000, 10_000])
def test_the_fleet_keeps_its_budget_independent_and_correlated(monitors: int, correlation: float) -> None:
    """Weeks of daily p-values that share one factor a day, as tables of one source do."""
    from scipy.special import ndtr

    budget, weeks = 2.0, 400 if monitors == 1000 else 60
    alpha = allot([Watcher(runs_per_week=7, n_train=60)] * monitors, budget)[0].alpha
    rng = np.random.default_rng(11)
    alarms = 0
    for _ in range(weeks * 7):
        groups = rng.normal(size=monitors // 20).repeat(20)
        noise = np.sqrt(correlation) * groups + np.sqrt(1.0 - correlation) * rng.normal(size=monitors)
        alarms += int((ndtr(noise) < alpha).sum())
    assert 0.5 * budget <= alarms / weeks <= 1.5 * budget


@pytest.mark.parametrize("correlation", [0.0, 0.8])
@pytest.mark.parametrize(("monitors", "weeks", "freedom"), [(1000, 40, 3.0), (1000, 10, np.inf), (10_000, 6, 5.0)])
def test_the_default_detectors_keep_it_too(monitors: int, weeks: int, freedom: float, correlation: float) -> None:
    """Real verdicts instead of known p-values; tails heavier than those of ``t(3)`` are in the benchmark."""
    found = false_alarms_per_week(monitors, weeks, correlation=correlation, freedom=freedom)
    assert found <= 1.5 * BUDGET


def test_q_values_rank_as_p_values_do_and_keep_the_false_discovery_rate() -> None:
    rng = np.random.default_rng(3)
    shares = []
    for _ in range(300):
        p_values = np.r_[rng.uniform(1e-12, 1.0, 180), rng.uniform(1e-9, 1e-5, 20)]
        q = np.array(q_values(p_values.tolist()))
        assert (np.diff(q[np.argsort(p_values)]) >= 0).all()
        found = q < 0.2
        shares.append(found[:180].sum() / max(1, found.sum()))
        assert found[180:].all()
    assert np.mean(shares) <= 0.2


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("nan"), float("inf")])
def test_impossible_numbers_are_refused(wrong: float) -> None:
    with pytest.raises(ParameterError):
        allot(MIXED, wrong)
    with pytest.raises(ParameterError):
        Watcher(runs_per_week=wrong)
    with pytest.raises(ParameterError):
        q_values([0.5, wrong])
    with pytest.raises(ParameterError):
        Watcher(runs_per_week=1, alarms=1, confirmed=2)
