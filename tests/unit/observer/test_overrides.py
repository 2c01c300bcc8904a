"""An override of one check or monitor on a real state database, SQLite and PostgreSQL."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from observer.model import Override, Severity
from observer.store.excuses import overrides
from observer.store.tables import incidents
from orchestration.database import reading, writing
from orchestration.model import Address, AssetKey, GateOutcome
from orchestration.tables import gates
from tests.unit.observer.ledger import START, Ledger, daily_asset, day, ledger

SUBJECT = "null_rate(name)"
HELD, OPEN = GateOutcome.HELD, GateOutcome.OPEN


@pytest.fixture
def daily(state_url: str) -> Iterator[Ledger]:
    with ledger(state_url, daily_asset()) as made:
        made.days(1, 20)
        yield made


def override(made: Ledger, subject: str = SUBJECT, *, partition: str | None = None, hours: float = 2) -> Override:
    given = Override(
        asset=AssetKey("orders"), partition=partition, subject=subject, until=made.now + timedelta(hours=hours),
        by="ana", reason="a new feed",
    )  # fmt: skip
    with writing(made.engine) as connection:
        overrides.save(connection, given)
    return given


def test_until_then_it_does_not_hold_and_from_then_on_it_does(daily: Ledger) -> None:
    given = override(daily)
    decision = daily.version(day(21), nulls=0.5)
    assert (decision.outcome, decision.overridden) == (OPEN, (SUBJECT,))
    assert decision.reasons[0].endswith(f"; would hold, {given}")
    with reading(daily.engine) as connection:
        row = connection.execute(select(gates).where(gates.c.partition == day(21))).one()
    assert (row.outcome, row.overridden, row.reasons) == ("open", [SUBJECT], list(decision.reasons))
    daily.now = given.until - timedelta(seconds=10)  # judged at its very end
    assert daily.version(day(22), nulls=0.5).outcome is HELD


def test_people_are_told_of_it_as_of_a_warning(daily: Ledger) -> None:
    override(daily)
    daily.version(day(21), nulls=0.5)
    assert daily.incidents() == [(day(21), day(21), "warn", "open")]
    assert daily.told() == [(1, "incident.opened")]
    with reading(daily.engine) as connection:
        sentence = connection.execute(select(incidents.c.sentence)).scalar_one()
    assert "would hold, overridden until" in sentence


def test_the_incident_of_a_hold_ends_as_what_it_is(daily: Ledger) -> None:
    daily.version(day(21), nulls=0.5)
    override(daily)
    daily.version(day(21), nulls=0.5)
    assert daily.incidents() == [(day(21), day(21), "error", "resolved"), (day(21), day(21), "warn", "open")]
    with reading(daily.engine) as connection:
        said = connection.execute(select(incidents.c.resolution).order_by(incidents.c.id)).scalars().first()
    assert said == f"published by override of {SUBJECT} with {day(21)}"


def test_it_is_about_one_subject(daily: Ledger) -> None:
    override(daily)
    decision = daily.version(day(21), nulls=0.5, checks={"unique(id)": (Severity.ERROR, None)})
    assert (decision.outcome, decision.holds, decision.overridden) == (HELD, ("unique(id)",), (SUBJECT,))


def test_of_one_partition_or_of_all(daily: Ledger) -> None:
    override(daily, partition=day(21))
    assert daily.version(day(22), nulls=0.5).outcome is HELD
    assert daily.version(day(21), nulls=0.5).outcome is OPEN


def test_the_newest_of_a_subject_counts_and_of_two_scopes_the_longer(daily: Ledger) -> None:
    override(daily, hours=5)
    short = override(daily, hours=1)
    here = Address(AssetKey("orders"), day(21))
    with reading(daily.engine) as connection:
        assert overrides.in_force(connection, here, START) == {SUBJECT: short}
        assert overrides.in_force(connection, Address(AssetKey("report")), START) == {}
        assert overrides.in_force(connection, here, short.until) == {}
    long = override(daily, partition=day(21), hours=3)
    with reading(daily.engine) as connection:
        assert overrides.in_force(connection, here, START) == {SUBJECT: long}
