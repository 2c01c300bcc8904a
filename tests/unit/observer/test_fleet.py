"""The budget is shared out once a day by what was made before it, and every verdict of the day is judged by it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

import observer as ob
from detectors.model import MetricKind
from detectors.registry import DEFAULT_TABLE
from observer.fleet import Fleet
from observer.model import Observation
from observer.store.tables import evaluations
from orchestration.database import reading
from orchestration.model import AssetKey
from tests.unit.observer.ledger import DAYS, Ledger, day, ledger

LEVEL = DEFAULT_TABLE[MetricKind.COUNT][0][1]
ROWS = ob.monitor("row_count")


@pytest.fixture
def daily(state_url: str) -> Iterator[Ledger]:
    with ledger(state_url) as made:
        yield made


def verdicts(made: Ledger, subject: str) -> list[tuple[str, float | None]]:
    with reading(made.engine) as connection:
        asked = select(evaluations.c.sentence, evaluations.c.alpha).where(evaluations.c.subject == subject)
        return [(row.sentence, row.alpha) for row in connection.execute(asked.order_by(evaluations.c.id))]


def test_without_a_budget_each_monitor_has_its_own_alpha(daily: Ledger) -> None:
    assert Fleet(daily.observer.graph, daily.engine, None).budget(daily.now) is None
    daily.days(1, 8)
    assert verdicts(daily, "row_count")[-1][1] == pytest.approx(LEVEL / 365)


def test_it_is_the_same_all_day_and_anew_on_the_next(daily: Ledger) -> None:
    fleet = Fleet(daily.observer.graph, daily.engine, 0.1)
    first = fleet.budget(daily.now)
    assert first is not None
    daily.days(1, 9)
    assert fleet.budget(daily.now) is first
    assert Fleet(daily.observer.graph, daily.engine, 0.1).budget(daily.now) == first
    assert fleet.budget(daily.now + timedelta(days=1)) is not first
    assert {asset for asset, _ in first.allotments} == {"orders", "report"}
    assert sum(each.false_alarms_per_week for each in first.allotments.values()) == pytest.approx(0.1)


def test_an_asset_without_partitions_costs_as_often_as_it_was_made(daily: Ledger) -> None:
    for _ in range(50):
        daily.version(None, asset="report")
    fleet = Fleet(daily.observer.graph, daily.engine, 0.1)
    before, after = (fleet.budget(daily.now + timedelta(days=n)) for n in (0, 1))
    assert before is not None
    assert after is not None
    seldom, often = (found.allotments[AssetKey("report"), "row_count"] for found in (before, after))
    assert seldom.false_alarms_per_week == pytest.approx(seldom.alpha)
    assert often.false_alarms_per_week == pytest.approx(often.alpha * 50)
    assert often.alpha < seldom.alpha


def test_verdicts_are_judged_by_it_and_keep_the_alpha(daily: Ledger) -> None:
    daily.observer = replace(daily.observer, false_alarms_per_week=0.05)
    daily.days(1, 20)
    budget = Fleet(daily.observer.graph, daily.engine, 0.05).budget(daily.now)
    assert budget is not None
    alpha = budget.alpha(AssetKey("orders"), ROWS)
    assert alpha < 1 / 365
    assert verdicts(daily, "row_count")[-1][1] == pytest.approx(alpha * LEVEL)
    assert "learned from 19 days" in verdicts(daily, "row_count")[-1][0]


def test_what_a_young_monitor_can_not_support_it_says(daily: Ledger) -> None:
    daily.observer = replace(daily.observer, false_alarms_per_week=0.0001)
    daily.days(1, 10)
    said = [sentence for sentence, _ in verdicts(daily, "row_count")]
    assert "to be as sure as the budget of 0.0001 false alarms a week asks: wrong once in " in said[-1]
    needed = int(said[-1].split("needs ")[1].split(" more")[0])
    daily.days(11, 10 + needed - 1)
    assert "needs 1 more run to be as sure" in verdicts(daily, "row_count")[-1][0]
    daily.days(10 + needed, 10 + needed)
    assert "expected" in verdicts(daily, "row_count")[-1][0]


def test_a_declared_alpha_that_is_too_small_is_explained_too(state_url: str) -> None:
    @ob.asset(partitions=DAYS, monitors=[ob.monitor("row_count", alpha=1e-6)])
    def orders() -> None: ...

    with ledger(state_url, orders) as made:
        made.days(1, 10)
        assert "to be as sure as is asked: wrong once in 1,250,000" in verdicts(made, "row_count")[-1][0]


def test_every_segment_costs(state_url: str) -> None:
    @ob.asset(
        partitions=DAYS,
        metrics=[ob.metric("row_count", segment="kind")],
        monitors=[ob.monitor("row_count", segment="kind"), ob.monitor("bytes")],
    )
    def orders() -> None: ...

    with ledger(state_url, orders) as made:
        kinds = [Observation(metric="row_count", segment=f"kind={kind}", value=10.0) for kind in "abcde"]
        made.version(day(1), more=kinds)
        budget = Fleet(made.observer.graph, made.engine, 0.01).budget(made.now)
        assert budget is not None
        costs = {name: each.false_alarms_per_week for (_, name), each in budget.allotments.items()}
        assert costs["row_count[kind]"] == pytest.approx(5 * costs["bytes"])
