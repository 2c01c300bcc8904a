"""A budget is shared out among monitors: what all of them cost sums to it, and nobody gets more than they may."""

import pytest

import observer as ob
from detectors.budget import MOST
from observer.budget import Budget, Sharer, share, takes_part
from observer.model import Severity
from observer.monitors import ALPHAS, Monitor
from orchestration.model import AssetKey

A = AssetKey("a")


@ob.asset
def a() -> None: ...


def shared(budget: float, *monitors: Monitor, runs: float = 7.0) -> Budget:
    return share(tuple(Sharer(asset=A, monitor=m, runs_per_week=runs) for m in monitors), budget)


def cost(budget: Budget) -> float:
    return sum(each.false_alarms_per_week for each in budget.allotments.values())


MANY = tuple(ob.monitor("mean", column=f"c{n}") for n in range(1000))


@pytest.mark.parametrize("budget", [0.001, 0.1, 2.0])
def test_what_a_fleet_costs_sums_to_the_budget(budget: float) -> None:
    found = shared(budget, *MANY)
    assert cost(found) == pytest.approx(budget)
    assert found.alpha(A, MANY[0]) == pytest.approx(budget / 7000)


def test_a_declared_alpha_is_the_most_that_a_monitor_gets_and_others_get_what_is_left() -> None:
    careful, plain = ob.monitor("row_count", alpha=0.0001), ob.monitor("bytes")
    found = shared(0.1, careful, plain)
    assert found.alpha(A, careful) == pytest.approx(0.0001)
    assert found.alpha(A, plain) == pytest.approx(0.1 / 7 - 0.0001)
    loose = ob.monitor("row_count", alpha=0.3)
    assert shared(1e6, loose).alpha(A, loose) == MOST


def test_what_holds_gets_no_more_than_without_a_budget_and_keeps_a_floor() -> None:
    holds, warns = ob.monitor("row_count", severity="error"), ob.monitor("bytes")
    rich = shared(100.0, holds, warns)
    assert rich.alpha(A, holds) == ALPHAS[Severity.ERROR]
    assert rich.alpha(A, warns) == MOST
    poor = shared(0.01, holds, *MANY)
    assert poor.allotment(A, holds).floored  # type: ignore[union-attr]
    assert poor.alpha(A, holds) == pytest.approx(0.0001)
    assert poor.alpha(A, MANY[0]) < 0.0001


def test_who_runs_often_costs_more() -> None:
    daily, hourly = ob.monitor("row_count"), ob.monitor("bytes")
    sharers = (
        Sharer(asset=A, monitor=daily, runs_per_week=7.0),
        Sharer(asset=A, monitor=hourly, runs_per_week=168.0),
    )
    found = share(sharers, 0.175)
    assert found.alpha(A, daily) == pytest.approx(found.alpha(A, hourly)) == pytest.approx(0.001)
    costs = [found.allotments[A, m.id].false_alarms_per_week for m in (daily, hourly)]
    assert costs == pytest.approx([0.007, 0.168])


def test_who_was_wrong_before_gets_less() -> None:
    wolf, new = ob.monitor("row_count"), ob.monitor("bytes")
    sharers = (
        Sharer(asset=A, monitor=wolf, runs_per_week=7.0, alarms=16, confirmed=0),
        Sharer(asset=A, monitor=new, runs_per_week=7.0),
    )
    found = share(sharers, 0.01)
    assert found.alpha(A, wolf) == pytest.approx(found.alpha(A, new) / 5)


def test_a_monitor_of_each_segment_has_one_alpha_for_all() -> None:
    each = ob.monitor("row_count", segment="carrier")
    found = shared(0.1, each)
    assert found.alpha(A, Monitor(metric="row_count", segment="carrier=UA")) == found.alpha(A, each)
    other = Monitor(metric="row_count", segment="origin=JFK")
    assert found.alpha(A, other) == other.false_alarms
    assert found.applied(A, Monitor(metric="row_count", segment="carrier is null")).alpha == found.alpha(A, each)


def test_what_does_not_alarm_by_chance_takes_no_part() -> None:
    assert takes_part(ob.monitor("row_count"), a)
    assert takes_part(ob.monitor("row_count", detector="stuck", kind="count"), a)
    assert not takes_part(ob.monitor("schema"), a)
    assert not takes_part(ob.monitor("null_rate", column="x", detector="threshold", upper=0.05), a)
