"""A backtest says what would have been found, without looking ahead."""

from __future__ import annotations

import json

import numpy as np
import pytest

from detectors import Cadence, DetectionStatus, History, MetricKind, ParameterError, default_detectors
from detectors.backtest import backtest
from detectors.synthetic import APPLIES, FAULTS, NOISE_CASES, Fault, Injection

DAY_S = 86400.0
ALPHA = 0.005


def history(kind: MetricKind, points: int = 120) -> History:
    rng = np.random.default_rng(8)
    made = {
        MetricKind.COUNT: rng.poisson(4000.0, points) + 0.0,
        MetricKind.RATE: rng.binomial(500, 0.04, points) / 500.0,
        MetricKind.MEAN: rng.normal(100.0, 2.0, points),
        MetricKind.VALUE: rng.normal(-5.0, 2.0, points),
        MetricKind.DURATION: rng.gamma(50.0, 1.0, points),
        MetricKind.FRESHNESS: rng.normal(300.0, 10.0, points),
        MetricKind.EFFECT: rng.gamma(9.0, 0.004, points),
    }
    if kind is MetricKind.ARRIVAL:  # a wait ends when something comes
        came = np.arange(points + 1) * DAY_S + rng.normal(0.0, 600.0, points + 1)
        return History.of(came[1:], np.diff(came))
    rows = np.full(points, 500.0) if kind is MetricKind.RATE else None
    return History.of(np.arange(points) * DAY_S, made[kind], exposure=rows)


@pytest.mark.parametrize("kind", list(MetricKind))
def test_its_alarms_are_those_of_a_replay(kind: MetricKind) -> None:
    table = default_detectors(kind, Cadence.DAILY)
    past = history(kind)
    replays = [member.replay(past, alpha=ALPHA * share) for member, share in table]
    alarms = [
        at for at in range(len(past)) if any(replay[at].status is DetectionStatus.ANOMALOUS for replay in replays)
    ]
    found = backtest(table, past, kind, alpha=ALPHA, faults=(), places=1)
    assert list(found.alarms) == alarms
    assert found.judged == len(past) - 7
    assert found.weeks == pytest.approx(found.judged / 7, rel=0.001)
    assert found.alarms_per_week == pytest.approx(len(alarms) / found.weeks)


@pytest.mark.parametrize("kind", list(MetricKind))
def test_every_fault_that_a_kind_shows_is_injected_and_large_ones_are_found(kind: MetricKind) -> None:
    found = backtest(default_detectors(kind, Cadence.DAILY), history(kind), kind, alpha=ALPHA, places=6)
    assert {each.injection.fault for each in found.recalls} == {
        fault for fault, kinds in APPLIES.items() if kind in kinds
    }
    assert all(each.injected == 6 for each in found.recalls)
    large = {Fault.DROP: 0.9, Fault.DUPLICATE_LOAD: 1.0, Fault.NULL_BURST: 0.5, Fault.UNIT_CHANGE: 1000.0}
    for each in found.recalls:
        if large.get(each.injection.fault) == each.injection.size:
            assert (each.found, each.delay) == (6, 0.0)


def test_larger_faults_are_found_no_less_often() -> None:
    kind = MetricKind.COUNT
    found = backtest(default_detectors(kind, Cadence.DAILY), history(kind), kind, alpha=ALPHA)
    drops = [each.found for each in found.recalls if each.injection.fault is Fault.DROP]
    assert drops == sorted(drops)
    assert drops[0] < drops[-1] or drops[0] == 12


def test_it_does_not_look_ahead() -> None:
    kind = MetricKind.COUNT
    past = history(kind)
    wild = History.of(past.at, np.where(np.arange(len(past)) >= 80, 1e6, past.value))
    table = default_detectors(kind, Cadence.DAILY)
    before = [at for at in backtest(table, past, kind, alpha=ALPHA, faults=(), places=1).alarms if at < 80]
    after = [at for at in backtest(table, wild, kind, alpha=ALPHA, faults=(), places=1).alarms if at < 80]
    assert before == after


def test_two_configurations_are_compared_as_json() -> None:
    kind = MetricKind.COUNT
    table, past = default_detectors(kind, Cadence.DAILY), history(kind)
    strict, loose = (backtest(table, past, kind, alpha=alpha, places=4).plain() for alpha in (0.0005, 0.05))
    assert json.loads(json.dumps(strict)) == strict
    assert len(strict["alarms"]) <= len(loose["alarms"])  # type: ignore[arg-type]
    assert strict["faults"] != loose["faults"]


def test_too_short_a_history_injects_nothing() -> None:
    found = backtest(default_detectors(MetricKind.COUNT), history(MetricKind.COUNT, 5), MetricKind.COUNT, alpha=ALPHA)
    assert (found.judged, found.alarms_per_week) == (0, 0.0)
    assert all(each.injected == 0 and each.delay is None for each in found.recalls)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.fault.value} {fault.size:g}")
def test_a_fault_changes_what_it_is_laid_over_and_stays_possible(fault: Injection) -> None:
    value = np.linspace(0.1, 0.3, fault.points)
    for kind in APPLIES[fault.fault]:
        wrong = fault.over(value, kind, 0.2)
        assert wrong.shape == value.shape
        assert not np.allclose(wrong, value)
        if kind is MetricKind.RATE:
            assert ((wrong >= 0.0) & (wrong <= 1.0)).all()


def test_impossible_faults_are_refused() -> None:
    with pytest.raises(ParameterError, match="size"):
        Injection(fault=Fault.DROP, size=0.0)
    with pytest.raises(ParameterError, match="points"):
        Injection(fault=Fault.DROP, size=0.1, points=0)
    with pytest.raises(ParameterError, match="fault"):
        Injection(fault=Fault.NULL_BURST, size=0.1).over(np.array([5.0]), MetricKind.COUNT, 5.0)
    with pytest.raises(ParameterError, match="places"):
        backtest((), history(MetricKind.COUNT), MetricKind.COUNT, alpha=ALPHA, places=0)


@pytest.mark.parametrize("name", NOISE_CASES)
def test_noise_is_what_it_says(name: str) -> None:
    case = NOISE_CASES[name]
    drawn = case.draw(np.random.default_rng(1), (3, 2000))
    assert drawn.shape == (3, 2000)
    assert case.continuous == (len(np.unique(drawn)) == drawn.size)
    if case.kind is MetricKind.RATE:
        assert ((drawn >= 0.0) & (drawn <= 1.0)).all()
