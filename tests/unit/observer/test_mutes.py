"""A mute of one check or monitor on a real state database, SQLite and PostgreSQL."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from observer.model import Mute, Severity
from observer.store.excuses import mutes
from observer.store.tables import evaluations
from orchestration.database import reading, writing
from orchestration.model import Address, AssetKey, GateOutcome
from tests.unit.observer.ledger import Ledger, daily_asset, day, ledger

SUBJECT = "null_rate(name)"
HELD, OPEN = GateOutcome.HELD, GateOutcome.OPEN
ASSET = AssetKey("orders")


@pytest.fixture
def daily(state_url: str) -> Iterator[Ledger]:
    with ledger(state_url, daily_asset()) as made:
        made.days(1, 20)
        yield made


def mute(made: Ledger, subject: str = SUBJECT, *, partition: str | None = None, hours: float = 2) -> Mute:
    until = made.now + timedelta(hours=hours)
    given = Mute(asset=ASSET, partition=partition, subject=subject, until=until, by="ana", reason="a new feed")
    with writing(made.engine) as connection:
        mutes.save(connection, given)
    return given


def recorded(made: Ledger, partition: str, subject: str = SUBJECT) -> tuple[str, str | None, str]:
    here = (evaluations.c.partition == partition, evaluations.c.subject == subject)
    with reading(made.engine) as connection:
        row = connection.execute(select(evaluations).where(*here).order_by(evaluations.c.id.desc())).first()
    assert row is not None
    return row.status, row.muted, row.sentence


def test_until_then_it_is_recorded_and_neither_holds_nor_tells(daily: Ledger) -> None:
    given = mute(daily)
    decision = daily.version(day(21), nulls=0.5)
    assert (decision.outcome, decision.overridden, decision.reasons) == (OPEN, (), ())
    status, muted, sentence = recorded(daily, day(21))
    assert (status, muted) == ("failed", str(given))
    assert sentence.endswith(f"; {given}")
    assert daily.incidents() == []
    assert daily.told() == []
    daily.now = given.until
    assert daily.version(day(22), nulls=0.5).outcome is HELD
    assert recorded(daily, day(22))[1] is None


def test_what_passes_says_nothing_of_it(daily: Ledger) -> None:
    mute(daily)
    daily.version(day(21), nulls=0.0)
    assert recorded(daily, day(21))[:2] == ("passed", None)


def test_a_warning_and_what_could_not_be_told_are_quiet_too(daily: Ledger) -> None:
    mute(daily, "unique(id)")
    mute(daily, "soft")
    decision = daily.version(day(21), checks={"unique(id)": (Severity.ERROR, None), "soft": (Severity.WARN, False)})
    assert decision.outcome is OPEN
    assert recorded(daily, day(21), "unique(id)")[0] == "unknown"
    assert daily.incidents() == []


def test_it_is_about_one_subject_and_perhaps_one_partition(daily: Ledger) -> None:
    mute(daily, partition=day(21))
    decision = daily.version(day(21), nulls=0.5, checks={"unique(id)": (Severity.ERROR, False)})
    assert (decision.outcome, decision.holds) == (HELD, ("unique(id)",))
    assert daily.version(day(22), nulls=0.5).outcome is HELD


def test_the_newest_counts_and_of_two_scopes_the_longer(daily: Ledger) -> None:
    mute(daily, hours=5)
    short, long = mute(daily, hours=1), mute(daily, partition=day(21), hours=3)
    here = Address(ASSET, day(21))
    with reading(daily.engine) as connection:
        assert mutes.in_force(connection, here, daily.now) == {SUBJECT: long}
        assert mutes.of_asset(connection, ASSET, daily.now) == (short, long)
        assert mutes.of_asset(connection, ASSET, short.until) == (long,)
    with writing(daily.engine) as connection:
        assert mutes.remove(connection, here, SUBJECT) == 1
        assert mutes.remove(connection, here, SUBJECT) == 0
        assert mutes.in_force(connection, here, daily.now) == {SUBJECT: short}
