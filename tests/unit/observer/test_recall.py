"""What is read ahead under leases judges as what is read at the moment, and a settlement is recorded as one by one."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import groupby

import pytest
from sqlalchemy import Engine, event

from observer.judging import Recalled, Verdict
from observer.model import Severity
from observer.pipeline import ObserverGate
from observer.testing import materialize
from orchestration import assets as core
from orchestration import log
from orchestration.assets import Asset
from orchestration.database import reading, writing
from orchestration.gate import Ruling
from orchestration.model import Address, AssetKey, GateOutcome, VersionStatus
from tests.unit.observer.ledger import Ledger, daily_asset, day, ledger, whole_asset

ORDERS = Address(AssetKey("orders"))


@pytest.fixture
def whole(state_url: str) -> Iterator[Ledger]:
    with ledger(state_url, whole_asset()) as made:
        yield made


@pytest.fixture
def daily(state_url: str) -> Iterator[Ledger]:
    with ledger(state_url, daily_asset()) as made:
        yield made


def recalled(made: Ledger, *addresses: Address) -> dict[Address, object]:
    with reading(made.engine) as connection:
        return dict(ObserverGate(made.observer).recall(connection, addresses))


def verdict(ruling: Ruling) -> Verdict:
    assert isinstance(ruling.finding, Verdict)
    return ruling.finding


def said(ruling: Ruling) -> list[tuple[object, ...]]:
    return [(e.subject, e.status, e.sentence, e.detection) for e in verdict(ruling).evaluations]


def test_what_was_recalled_judges_as_what_is_asked_for(whole: Ledger) -> None:
    for n in range(20):
        whole.version(None, nulls=0.01 + 0.001 * (n % 3))
    past = recalled(whole, ORDERS)[ORDERS]
    assert isinstance(past, Recalled)
    gate, audit = ObserverGate(whole.observer), whole.audit(None, nulls=0.5)
    asked, remembered = gate.decide(audit), gate.decide(audit, past)
    assert remembered.decision.outcome is GateOutcome.HELD
    assert remembered.decision == replace(asked.decision, decided_at=remembered.decision.decided_at)
    seen, again = (
        [(e.subject, e.status, e.sentence, e.detection) for e in verdict(one).evaluations]
        for one in (asked, remembered)
    )
    assert seen == again


def test_it_asks_nothing_where_it_has_recalled(whole: Ledger) -> None:
    whole.version(None)
    past = recalled(whole, ORDERS)[ORDERS]
    audit = replace(whole.audit(None), schema=None)
    asked: list[object] = []
    event.listen(whole.engine, "checkout", lambda connection, *rest: asked.append(connection))
    ObserverGate(whole.observer).decide(audit, past)
    assert asked == []  # no connection was even taken
    ObserverGate(whole.observer).decide(audit)
    assert asked


def test_a_clock_that_went_back_is_not_shown_the_future(whole: Ledger) -> None:
    """A version that is dated before the newest that was recalled has only those before it as its past."""
    for _ in range(3):
        whole.version(None)
    audit = whole.audit(None, nulls=0.02)
    earlier = replace(audit.materialization, materialized_at=whole.now - timedelta(seconds=15))
    for _ in range(2):
        whole.version(None)
    gate, audit = ObserverGate(whole.observer), replace(audit, materialization=earlier)
    judged = verdict(gate.decide(audit, recalled(whole, ORDERS)[ORDERS]))
    detections = [e.detection for e in judged.evaluations if e.subject == "null_rate(name)"]
    assert [d.n_train for d in detections if d is not None] == [2]


def test_the_past_of_a_partition_is_not_recalled(daily: Ledger) -> None:
    """Its lease doesn't keep others from making the partitions before it."""
    daily.days(1, 3)
    assert recalled(daily, Address(AssetKey("orders"), day(4))) == {}


def test_a_settlement_is_recorded_as_one_by_one(daily: Ledger) -> None:
    """Two bad days and a good one in one go: one incident over both, told once; the series are made once."""
    gate = ObserverGate(daily.observer)
    bad = {"known": (Severity.ERROR, False)}
    audits = [daily.audit(day(1), checks=bad), daily.audit(day(2), checks=bad), daily.audit(day(3))]
    rulings = [gate.decide(audit) for audit in audits]
    with writing(daily.engine) as connection:
        status = [VersionStatus.HELD, VersionStatus.HELD, VersionStatus.PUBLISHED]
        logged = [
            (ruling, log.add_version(connection, audit.materialization, each, "parquet", ()).seq)
            for ruling, audit, each in zip(rulings, audits, status, strict=True)
        ]
        rulings[0].record(connection, logged)
    assert daily.incidents() == [(day(1), day(2), "error", "open")]
    assert daily.told() == [(1, "incident.opened")]
    daily.version(day(1))
    daily.version(day(2))
    assert daily.incidents() == [(day(1), day(2), "error", "resolved")]


def chain(size: int) -> list[Asset]:
    def one() -> int:
        return 1

    return [core.asset(key=f"a{n}", code_version="1", deps=[f"a{n - 1}"] if n else [])(one) for n in range(size)]


def statements_of_a_run(size: int) -> int:
    """As SQLite hears them, whoever sends them; the rows of one are heard one by one, and counted as one."""
    seen: list[str] = []

    def listen(driver: sqlite3.Connection, record: object) -> None:
        driver.set_trace_callback(lambda text: seen.append(" ".join(text.split()[:3])))

    event.listen(Engine, "connect", listen)
    try:
        done = materialize(chain(size))
    finally:
        event.remove(Engine, "connect", listen)
    assert {done[f"a{n}"].outcome for n in range(size)} == {"published"}
    sent = [statement for statement, _ in groupby(seen)]
    return sent.index("UPDATE runs SET") - sent.index("INSERT INTO runs")


def test_statements_don_t_grow_with_quick_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A window of leases and a settlement ask as often for many steps as for one; here none of it depends on time."""
    monkeypatch.setattr("orchestration.settlement._PATIENCE_S", float("inf"))
    monkeypatch.setattr("orchestration.leasebook._QUICK_S", float("inf"))
    monkeypatch.setattr("orchestration.keeper._TICK_S", 3600.0)
    a_window, few = 10, statements_of_a_run(16)
    assert few > a_window
    assert statements_of_a_run(48) - few <= a_window
