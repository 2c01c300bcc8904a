"""The state of schedules as both databases keep it: read, decided from, recorded, read again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from orchestration import asset, daily, log
from orchestration.database import reading, writing
from orchestration.events import Event, EventKind
from orchestration.graph import Graph
from orchestration.model import Address, AssetKey, GateDecision, GateOutcome, Materialization, VersionStatus
from orchestration.schedule import on_event, on_row, on_update, within
from orchestration.schedule.arrivals import look
from orchestration.schedule.keeping import decisions_of, latest_decisions, pause, resume, tell
from orchestration.schedule.reading import read_state
from orchestration.schedule.state import Outcome, Pause
from orchestration.schedule.tick import Tick, decide, record, sightings
from orchestration.tables import events
from tests.support.core import open_state

NOW = datetime(2013, 2, 9, 6, tzinfo=UTC)


@asset(partitions=daily("2013-02-01"))
def flights() -> None: ...


@asset(partitions=daily("2013-02-01"), schedule=on_update() & within("06:00-07:00"))
def delays(flights: object) -> None: ...


@asset(schedule=on_event("upload"))
def uploads() -> None: ...


GRAPH = Graph([flights, delays, uploads])


def published(connection: object, name: str, day: str, data: str, number: int) -> None:
    made = Materialization(
        id=f"v{number}", asset=AssetKey(name), partition=day, run_id="r0", materialized_at=NOW, data_version=data,
        code_version="c", fingerprint="f", duration_s=1.0,
    )  # fmt: skip
    version = log.add_version(connection, made, VersionStatus.PUBLISHING, "parquet", ())  # type: ignore[arg-type]
    log.publish(connection, [version], NOW)  # type: ignore[arg-type]


def test_what_is_recorded_is_what_is_read(state_url: str) -> None:
    engine = open_state(state_url)

    def tick(minutes: int) -> Tick:
        now = NOW + timedelta(minutes=minutes)
        with reading(engine) as connection:
            found = decide(GRAPH, read_state(connection, now, "local"), now, {})
        with writing(engine) as connection:
            record(connection, found)
        return found

    assert tick(-90).requests == ()
    with writing(engine) as connection:
        published(connection, "flights", "2013-02-08", "a", 1)
        assert tell(connection, "upload", "u1", "ann", NOW)
        assert not tell(connection, "upload", "u1", "ann", NOW)
    found = tick(-30)
    assert [one.due_key for one in found.requests] == ["event:uploads:1"]
    assert sorted((one.asset, one.outcome) for one in found.decisions) == [
        ("delays", Outcome.WAITS), ("uploads", Outcome.ASKED),
    ]  # fmt: skip
    assert (tick(-29).requests, tick(-29).decisions) == ((), ()), "said once"
    (asked,) = tick(0).requests
    assert (asked.assets, asked.partitions) == (("delays",), ("2013-02-08",))
    with writing(engine) as connection:
        published(connection, "flights", "2013-02-08", "a", 2)
    assert tick(1).requests == (), "the same data"
    with writing(engine) as connection:
        published(connection, "flights", "2013-02-08", "b", 3)
        log.save_decision(connection, held_decision(), "r0")
        pause(connection, AssetKey("uploads"), Pause(by="ann", reason="why not", at=NOW))
    waiting = tick(2)
    assert [d.reason.partition("waits: ")[2] for d in waiting.decisions] == [
        "flights 2013-02-08 is held, until it is released or made again and good"
    ]
    with reading(engine) as connection:
        state = read_state(connection, NOW, "local")
        assert state.newest[AssetKey("flights")].partition == "2013-02-08"
        assert state.followed[AssetKey("uploads")].pause == Pause(by="ann", reason="why not", at=NOW)
        assert latest_decisions(connection)[AssetKey("delays")] == waiting.decisions[0]
        assert [one.outcome for one in decisions_of(connection, AssetKey("delays"), 9)] == [
            Outcome.WAITS, Outcome.ASKED, Outcome.WAITS,
        ]  # fmt: skip
    with writing(engine) as connection:
        assert resume(connection, AssetKey("uploads"))
        assert not resume(connection, AssetKey("uploads"))


def held_decision() -> GateDecision:
    return GateDecision(
        asset=AssetKey("flights"), partition="2013-02-08", materialization_id="v3", outcome=GateOutcome.HELD,
        reasons=("wrong",), holds=("x",), decided_at=NOW, by="gate",
    )  # fmt: skip


def test_a_transaction_that_ends_later_than_one_with_a_greater_number_is_not_missed(state_url: str) -> None:
    engine = open_state(state_url)
    address = Address(AssetKey("flights"), "2013-02-08")

    def event(number: int) -> dict[str, object]:
        return {
            "id": number, "at": NOW, "kind": EventKind.VERSION_PUBLISHED.value, "asset": address.asset,
            "partition": address.partition, "run_id": "r0", "detail": {"version": f"v{number}"},
        }  # fmt: skip

    def tick() -> list[int]:
        with reading(engine) as connection:
            state = read_state(connection, NOW, "local")
        with writing(engine) as connection:
            record(connection, decide(GRAPH, state, NOW, {}))
        return [one.id for one in state.publications]

    with writing(engine) as connection:
        log.append(connection, Event(at=NOW, kind=EventKind.RUN_STARTED))
    assert tick() == []
    with writing(engine) as connection:
        connection.execute(insert(events).values(event(11)))
    assert tick() == [11]
    with writing(engine) as connection:
        connection.execute(insert(events).values(event(10)))
    assert tick() == [10]
    assert tick() == []


def test_a_row_is_seen_and_a_place_that_can_not_be_looked_at_says_so_without_its_secret(
    state_url: str, tmp_path: Path
) -> None:
    engine = open_state(state_url)
    with writing(engine) as connection:
        log.append(connection, Event(at=NOW, kind=EventKind.RUN_STARTED))
    there = on_row(engine.url.render_as_string(hide_password=False), table="events", column="id")
    before = look(there, str)
    with writing(engine) as connection:
        log.append(connection, Event(at=NOW, kind=EventKind.RUN_STARTED))
    after = look(there, str)
    assert after.token > before.token > ""
    gone = on_row(engine.url.render_as_string(hide_password=False), table="no such", column="id")
    assert look(gone, str).error is not None
    secret = on_row(f"sqlite:///{tmp_path}/hunter2/x.db", table="t", column="id")
    said = look(secret, lambda text: text.replace("hunter2", "***"))
    assert "hunter2" not in f"{said} {secret} {secret.name}"

    @asset(schedule=secret)
    def rows() -> None: ...

    graph = Graph([rows])
    with reading(engine) as connection:
        state = read_state(connection, NOW, "local", sightings=sightings(graph, str))
    (decision,) = decide(graph, state, NOW, {}).decisions
    assert decision.outcome is Outcome.UNKNOWN
    assert decision.reason.startswith("row in t.id: what is there isn't known: OperationalError")
