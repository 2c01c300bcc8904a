"""The story on a real state database, SQLite and PostgreSQL."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Connection, func, select

import observer as ob
from observer import judging, measuring, telling
from observer.history import SeriesKey
from observer.model import Column, Observation, Schema, Severity
from observer.pipeline import ObserverGate
from observer.store import observations
from observer.store.tables import evaluations, incident_versions, incidents, outbox
from observer.store.tables import observations as observation_table
from orchestration import log
from orchestration.database import reading, writing
from orchestration.events import EventKind
from orchestration.model import GateOutcome, Staged, VersionStatus
from orchestration.tables import events
from orchestration.tables import gates as pipeline_gates
from tests.unit.observer.ledger import Ledger, daily_asset, day, ledger, whole_asset

WARN = Severity.WARN


@pytest.fixture
def daily(state_url: str) -> Iterator[Ledger]:
    with ledger(state_url, daily_asset()) as made:
        yield made


@pytest.fixture
def whole(state_url: str) -> Iterator[Ledger]:
    with ledger(state_url, whole_asset()) as made:
        yield made


@pytest.fixture
def here(tmp_path: object) -> Iterator[Ledger]:
    """Where the engine makes no difference: SQLite only."""
    with ledger(f"sqlite:///{tmp_path}/state.db", daily_asset()) as made:
        yield made


def said(made: Ledger, subject: str) -> list[tuple[str, str]]:
    with reading(made.engine) as connection:
        rows = connection.execute(
            select(evaluations.c.status, evaluations.c.sentence)
            .where(evaluations.c.subject == subject)
            .order_by(evaluations.c.id)
        ).all()
    return [(row.status, row.sentence) for row in rows]


def test_a_bad_day_is_held_and_told_once(daily: Ledger) -> None:
    daily.days(1, 20)
    decision = daily.version(day(21), nulls=0.5)
    assert (decision.outcome, decision.holds, decision.unknown) == (GateOutcome.HELD, ("null_rate(name)",), False)
    assert daily.incidents() == [(day(21), day(21), "error", "open")]
    assert daily.told() == [(1, "incident.opened")]


def test_learning_says_how_many_more_runs_it_needs(here: Ledger) -> None:
    assert here.version(day(1)).outcome is GateOutcome.OPEN
    status, sentence = said(here, "null_rate(name)")[0]
    assert status == "learning"
    assert sentence.startswith("Null rate of name 1 %; learning, needs ")
    assert sentence.endswith(" more runs")


def test_consecutive_bad_days_fold_and_the_incident_ends_when_all_are_mended(daily: Ledger) -> None:
    daily.days(1, 20)
    for n in (21, 22, 23):
        daily.version(day(n), nulls=0.5)
    assert daily.incidents() == [(day(21), day(23), "error", "open")]
    assert daily.told() == [(1, "incident.opened")]
    for n in (22, 21):
        daily.version(day(n), nulls=0.011, rows=1000.0 + n)
        assert daily.incidents() == [(day(21), day(23), "error", "open")]
    daily.version(day(23), nulls=0.011, rows=1023.0)
    assert daily.incidents() == [(day(21), day(23), "error", "resolved")]
    assert daily.told() == [(1, "incident.opened"), (1, "incident.resolved")]


def test_a_day_that_is_bad_again_folds_wherever_in_the_incident_it_lies(here: Ledger) -> None:
    here.days(1, 20)
    for n in (21, 22, 23):
        here.version(day(n), nulls=0.5)
    here.version(day(22), nulls=0.6)
    here.version(day(21), nulls=0.6)
    assert here.incidents() == [(day(21), day(23), "error", "open")]


def test_a_bad_day_right_before_joins_from_the_front(here: Ledger) -> None:
    here.days(1, 20)
    here.version(day(22), nulls=0.5)
    here.version(day(21), nulls=0.5)
    assert here.incidents() == [(day(21), day(22), "error", "open")]


def test_days_apart_are_incidents_of_their_own(here: Ledger) -> None:
    here.days(1, 20)
    here.version(day(21), nulls=0.5)
    here.version(day(22))
    here.version(day(23), nulls=0.5)
    assert [first for first, *_ in here.incidents()] == [day(21), day(23)]


def test_a_warning_that_becomes_an_error_gets_worse_and_is_told_so(daily: Ledger) -> None:
    daily.days(1, 20)
    daily.version(day(21), checks={"known": (WARN, False)})
    daily.version(day(22), nulls=0.5, checks={"known": (WARN, False)})
    assert daily.incidents() == [(day(21), day(22), "error", "open")]
    assert daily.told() == [(1, "incident.opened"), (1, "incident.worse")]
    daily.version(day(22))
    assert daily.incidents() == [(day(21), day(22), "error", "resolved")]


def test_a_warning_beside_an_error_does_not_keep_it_open(here: Ledger) -> None:
    here.days(1, 20)
    here.version(day(21), nulls=0.5)
    here.version(day(22), checks={"known": (WARN, False)})
    assert here.incidents() == [(day(21), day(22), "error", "open")]
    here.version(day(21))
    assert here.incidents() == [(day(21), day(22), "error", "resolved")]


def test_a_warning_ends_when_its_subject_passes_on_a_later_day(here: Ledger) -> None:
    here.days(1, 3)
    here.version(day(4), checks={"known": (WARN, False)})
    here.version(day(2), checks={"known": (WARN, True)})
    assert here.incidents() == [(day(4), day(4), "warn", "open")]
    here.version(day(5), checks={"known": (WARN, None)})
    assert here.incidents() == [(day(4), day(4), "warn", "open")]
    here.version(day(6), checks={"known": (WARN, True)})
    assert here.incidents() == [(day(4), day(4), "warn", "resolved")]


def test_a_warning_that_warns_again_stays_one_incident(here: Ledger) -> None:
    here.days(1, 3)
    for _ in range(3):
        here.version(day(4), checks={"known": (WARN, False)})
    assert here.incidents() == [(day(4), day(4), "warn", "open")]
    assert here.told() == [(1, "incident.opened")]


def test_a_warning_about_what_is_no_longer_watched_ends_with_the_next_good_day(here: Ledger) -> None:
    here.days(1, 3)
    here.version(day(4), checks={"removed": (WARN, False)})
    here.version(day(5))
    assert here.incidents() == [(day(4), day(4), "warn", "resolved")]


def test_no_rows_is_unknown_and_held_as_unknown(here: Ledger) -> None:
    here.days(1, 20)
    decision = here.version(day(21), rows=0.0, nulls=None)
    assert (decision.outcome, decision.unknown) == (GateOutcome.HELD, True)
    assert decision.reasons == ("Null rate of name could not be judged: no rows",)


def test_a_vanished_column_is_named_by_the_schema_and_held_as_unknown(here: Ledger) -> None:
    here.days(1, 20)
    audit = here.audit(day(21), columns=("id", "nick"))
    left = tuple(o for o in audit.observations if o.column != "name")
    decision = here.judge(replace(audit, observations=left))
    assert (decision.outcome, decision.unknown) == (GateOutcome.HELD, True)
    assert decision.reasons == (
        "Null rate of name could not be judged: there is no column name that it could be measured on",
    )
    assert said(here, "schema")[-1] == ("warned", "Schema changed: name was removed; nick was added (VARCHAR)")


def test_a_schema_is_compared_with_what_readers_see(here: Ledger) -> None:
    here.version(day(1))
    here.version(day(2), columns=("id", "name", "more"))
    here.version(day(3), columns=("id", "name", "more"))
    assert [status for status, _ in said(here, "schema")] == ["learning", "warned", "passed"]


def changes_logged(made: Ledger) -> list[tuple[str | None, str, dict[str, object]]]:
    with reading(made.engine) as connection:
        rows = connection.execute(
            select(events).where(events.c.kind == EventKind.SCHEMA_CHANGED).order_by(events.c.id)
        ).all()
    return [(row.partition, row.run_id, row.detail) for row in rows]


def test_each_change_of_a_schema_is_an_event_of_its_version(daily: Ledger) -> None:
    daily.days(1, 2)
    daily.version(day(3), columns=("name", "more"))
    daily.version(day(4), columns=("name", "more"))
    added = {"version": "m3", "change": "added", "column": "more", "before": None, "after": "VARCHAR"}
    removed = {"version": "m3", "change": "removed", "column": "id", "before": "VARCHAR", "after": None}
    assert changes_logged(daily) == [
        (day(3), "run-0", {**removed, "severity": "warn"}), (day(3), "run-0", {**added, "severity": "warn"}),
    ]  # fmt: skip


def test_how_bad_a_change_was_is_what_the_policy_said(tmp_path: object) -> None:
    @ob.asset(monitors=[ob.monitor("schema", severity="error", added="ignore")])
    def orders() -> None: ...

    with ledger(f"sqlite:///{tmp_path}/state.db", orders) as made:
        made.version(None)
        decision = made.version(None, columns=("name", "more"))
        assert decision.outcome is GateOutcome.HELD
        assert [(one["column"], one["severity"]) for _, _, one in changes_logged(made)] == [
            ("id", "error"), ("more", "ignore"),
        ]  # fmt: skip


def test_what_may_be_null_is_remembered_both_ways(here: Ledger) -> None:
    for nullable, comment in ((True, None), (False, "the password is hunter2\0"), (None, None), (True, None)):
        audit = here.audit(day(here.made + 1))
        column = Column("id", "VARCHAR", nullable, comment)
        here.judge(replace(audit, schema=Schema((column, Column("name", "VARCHAR")))))
    assert [(one["change"], one["after"]) for _, _, one in changes_logged(here)] == [
        ("nullable", "may not be null any more"), ("commented", "the password is ***\\0"), ("commented", None),
    ]  # fmt: skip


def test_a_gate_that_breaks_holds_and_people_hear_of_it(here: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*args: object, **kwargs: object) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr(judging, "evaluate", break_down)
    decision = here.version(day(1))
    assert (decision.outcome, decision.by, decision.unknown) == (GateOutcome.HELD, "gate", True)
    assert decision.reasons == ("the gate could not judge it: RuntimeError: the password is ***",)
    assert (here.incidents(), here.told()) == ([(day(1), day(1), "error", "open")], [(1, "incident.opened")])


def test_a_measure_that_breaks_is_unknown_and_held(here: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*args: object, **kwargs: object) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(measuring, "measure", break_down)
    made = here.audit(day(1)).materialization
    audit = ObserverGate(here.observer).measure(Staged(materialization=made, data=None))
    decision = here.judge(audit)
    assert (decision.outcome, decision.unknown) == (GateOutcome.HELD, True)
    assert "measure could not be evaluated: measuring failed: MemoryError: no room" in decision.reasons


def test_texts_are_kept_without_secrets_and_without_what_a_database_refuses(daily: Ledger) -> None:
    audit = daily.audit(day(1), checks={"known": (Severity.ERROR, False)})
    outcome = replace(audit.outcomes[0], message="hunter2 \0 \ud800", evidence={"first": "hunter2\0"})
    daily.judge(replace(audit, outcomes=(outcome,)))
    assert said(daily, "known") == [("failed", "*** \\0 \\ud800")]
    with reading(daily.engine) as connection:
        payload = connection.execute(select(outbox.c.payload)).scalar_one()
    assert "hunter2" not in payload


def test_nothing_is_said_of_a_verdict_that_was_not_logged(daily: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that dies before the commit leaves neither incident nor message."""
    ruling = ObserverGate(daily.observer).decide(daily.audit(day(1), checks={"known": (Severity.ERROR, False)}))

    class Killed(BaseException): ...

    def die_before_the_commit() -> None:
        with writing(daily.engine) as connection:
            _record(connection)
            raise Killed

    def _record(connection: Connection) -> None:
        version = log.add_version(connection, daily.audit(day(1)).materialization, VersionStatus.HELD, "parquet", ())
        ruling.record(connection, [(ruling, version.seq)])
        assert connection.execute(select(func.count()).select_from(outbox)).scalar_one() == 1

    with pytest.raises(Killed):
        die_before_the_commit()
    with reading(daily.engine) as connection:
        for table in (outbox, incidents, evaluations, observation_table):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0


def test_a_partition_is_judged_by_those_before_it_whenever_it_is_made(here: Ledger) -> None:
    here.days(10, 30)
    here.version(day(5), nulls=0.5)
    assert said(here, "null_rate(name)")[-1][0] == "learning"


def test_a_held_point_teaches_nothing_until_it_is_replaced(daily: Ledger) -> None:
    daily.days(1, 20)
    daily.version(day(21), nulls=0.5)
    daily.version(day(22), nulls=0.5)
    with reading(daily.engine) as connection:
        points = observations.load(connection, daily_asset().key, {SeriesKey("null_rate", "name")}, partitioned=True)
    last = points[SeriesKey("null_rate", "name")][-2:]
    assert [(p.partition, p.status) for p in last] == [(day(21), VersionStatus.HELD), (day(22), VersionStatus.HELD)]
    assert "learned from 20 days" in said(daily, "null_rate(name)")[-1][1]
    daily.version(day(21), nulls=0.011)
    daily.version(day(22), nulls=0.011)
    assert "learned from 21 days" in said(daily, "null_rate(name)")[-1][1]


def test_a_busy_series_does_not_crowd_out_a_quiet_one(here: Ledger) -> None:
    """Durations are dated by the clock, which is later than the data: they must not use up a shared limit."""
    here.days(1, 12)
    for _ in range(10):
        here.version(day(12))
    keys = {SeriesKey("row_count"), SeriesKey("duration")}
    with reading(here.engine) as connection:
        points = observations.load(connection, daily_asset().key, keys, partitioned=True, limit=5)
    assert {key.metric: len(found) for key, found in points.items()} == {"row_count": 5, "duration": 5}


def test_a_number_of_the_users_own_may_have_any_name(daily: Ledger) -> None:
    more = [Observation(metric=name, value=1.0) for name in ("x" * 200, "null_rate", " ", "twice", "twice")]
    assert daily.version(day(1), more=more).outcome is GateOutcome.OPEN


def test_an_asset_without_partitions_is_ordered_by_its_versions(whole: Ledger) -> None:
    for n in range(20):
        whole.version(None, nulls=0.01 + 0.001 * (n % 3))
    whole.version(None, nulls=0.5)
    whole.version(None, nulls=0.5)
    assert whole.incidents() == [(None, None, "error", "open")]
    whole.version(None, nulls=0.011)
    assert whole.incidents() == [(None, None, "error", "resolved")]


def test_the_same_instant_twice_is_no_reason_to_break(whole: Ledger) -> None:
    """Under a replayed clock every process begins at the same instant."""
    for n in range(12):
        audit = whole.audit(None, nulls=0.01 + 0.001 * (n % 3))
        at = audit.materialization.materialized_at.replace(second=n % 2)
        whole.judge(replace(audit, materialization=replace(audit.materialization, materialized_at=at)))
    assert {by for (by,) in _deciders(whole)} == {"policy"}


def _deciders(made: Ledger) -> list[tuple[str]]:
    with reading(made.engine) as connection:
        return [(row.by,) for row in connection.execute(select(pipeline_gates.c.by))]


def test_the_last_good_of_a_release_is_the_released_one(here: Ledger) -> None:
    here.days(1, 3)
    asset = here.observer.graph.asset("orders")
    audit = here.audit(day(4))
    with writing(here.engine) as connection:
        log.add_version(connection, audit.materialization, VersionStatus.PUBLISHING, "parquet", ())
        assert telling.last_good(connection, asset) == day(4)


def test_two_processes_at_once_open_one_incident_and_one_series(daily: Ledger) -> None:
    """Neighbouring days that are judged at the same moment: each waits for the other's transaction."""
    audits = [daily.audit(day(n), checks={"known": (Severity.ERROR, False)}) for n in (1, 2, 3, 4)]
    rulings = [ObserverGate(daily.observer).decide(audit) for audit in audits]
    failed: list[BaseException] = []

    def log_it(n: int) -> None:
        try:
            daily.log(audits[n], rulings[n])
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=log_it, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with reading(daily.engine) as connection:
        concerned = connection.execute(select(func.count()).select_from(incident_versions)).scalar_one()
    assert concerned == 4
    assert len(daily.told()) == len(daily.incidents()) <= 2  # 1 and 4 first: not beside each other
