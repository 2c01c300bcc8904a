"""What is kept of every asset is what the log says, whatever happened and whoever wrote meanwhile."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

import observer as ob
from observer.backups import back_up, restore
from observer.projecting import Projection, differing, rebuild
from observer.reads import ledger
from observer.reads.model import State
from observer.reads.overview import overview
from observer.reads.states import Standing, standings
from observer.store import statuses
from orchestration import log, runs
from orchestration.clock import Clock
from orchestration.database import open_database, reading, writing
from orchestration.graph import Graph
from orchestration.model import AssetKey, GateOutcome, RunStatus, StepStatus, VersionStatus
from orchestration.tables import events, steps
from tests.conftest import NewDatabase
from tests.unit.observer.reads.made import (
    FAILED,
    LEARNING,
    NOW,
    PASSED,
    UNKNOWN,
    WARNED,
    Store,
    asset,
    day,
    morning,
    shop,
    store,
)

ORDERS = AssetKey("orders")


@pytest.fixture
def kept(state_url: str, tmp_path: Path) -> Iterator[Store]:
    fresh = ob.FreshnessPolicy(max_age="40h", warn_at="20h")
    made = store(state_url, tmp_path, (*shop(), asset("aged", partitions=None, freshness=fresh)))
    yield made
    made.project.engine.dispose()


def bring_up(made: Store) -> int:
    return Projection(made.project.engine).bring_up(made.project.graph, NOW)


def said(made: Store, now: datetime = NOW) -> dict[AssetKey, Standing]:
    """What pages show."""
    with reading(made.project.engine) as connection:
        found = overview(connection, made.project.graph, now)
        shown = found.standings(made.project.graph.order)
        assert {key: (one.state, one.since) for key, one in shown.items()} == found.states
        return {key: bare(one) for key, one in shown.items()}


def true(made: Store, now: datetime = NOW) -> dict[AssetKey, Standing]:
    """What the log says, nothing kept."""
    graph = made.project.graph
    with reading(made.project.engine) as connection:
        found = standings(graph, graph.order, ledger.load(connection, None, now), now)
    return {key: bare(one) for key, one in found.items()}


def bare(one: Standing) -> Standing:
    return replace(one, cells=tuple(replace(cell, version=None) for cell in one.cells))


def wrong(made: Store) -> list[AssetKey]:
    with reading(made.project.engine) as connection:
        return differing(connection, made.project.graph, made.project.graph.order, NOW)


def happens(made: Store, chance: random.Random) -> None:
    """One thing that a run, a person or the clock does."""
    key = chance.choice(made.project.graph.order)
    cut = made.project.graph.asset(key).partitions is not None
    number = chance.randint(1, 9)
    partition, at = (day(number) if cut else None), morning(number)
    verdict = chance.choice((PASSED, PASSED, WARNED, FAILED, UNKNOWN, LEARNING))
    what = chance.randrange(7)
    if what < 2:
        made.version(key, partition, verdicts={"row_count": verdict}, at=at, released=chance.random() < 0.1)
    elif what == 2:
        made.held(key, partition, at=at)
    elif what == 3:
        until = NOW + timedelta(hours=chance.choice((-1, 3)))
        made.held(key, partition, at=at, outcome=GateOutcome.OPEN_BY_OVERRIDE, expires_at=until)
    elif what == 4:
        made.version(key, partition, VersionStatus.SUPERSEDED, at=at)
    else:
        became = chance.choice((StepStatus.FAILED, StepStatus.BLOCKED, StepStatus.INTERRUPTED, StepStatus.SKIPPED))
        made.step(key, partition, became, at=at, blocked_by="orders", error="it broke")


@pytest.mark.parametrize("seed", range(4))
def test_after_any_history_pages_say_what_the_log_says(kept: Store, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(12):
        for _ in range(chance.randint(1, 4)):
            happens(kept, chance)
        assert said(kept) == true(kept)
        if chance.random() < 0.6:
            bring_up(kept)
            assert said(kept) == true(kept)
            assert wrong(kept) == []
    for hours in (2, 4, 21, 60):  # overrides run out, data grows old, and nobody writes
        later = NOW + timedelta(hours=hours)
        assert said(kept, later) == true(kept, later)


def test_only_what_something_happened_to_is_worked_out_again(kept: Store) -> None:
    assert bring_up(kept) == 6
    assert bring_up(kept) == 0
    kept.version("orders", day(9))
    assert bring_up(kept) == 1
    kept.held("orders", day(9))
    assert bring_up(kept) == 1, "what waits for it has the same facts as before"
    assert said(kept)[AssetKey("totals")].state is State.BLOCKED


def test_rows_that_are_not_what_the_log_says_are_found_and_made_anew(kept: Store) -> None:
    kept.version("orders", day(9))
    bring_up(kept)
    with writing(kept.project.engine) as connection:
        connection.execute(statuses.asset_status.update().values(state="failing"))
    assert set(wrong(kept)) == set(kept.project.graph.order)
    assert rebuild(kept.project.engine, kept.project.graph, NOW) == 6
    assert wrong(kept) == []


def test_who_read_before_another_wrote_writes_nothing(kept: Store) -> None:
    with reading(kept.project.engine) as connection:
        seen = statuses.progress(connection)
    kept.version("orders", day(9))
    bring_up(kept)
    with writing(kept.project.engine) as connection:
        assert not statuses.save(connection, (), seen, 10_000)
    assert said(kept) == true(kept)


def test_an_asset_that_is_declared_otherwise_is_worked_out_again(kept: Store) -> None:
    kept.version("aged", at=NOW - timedelta(hours=30))
    bring_up(kept)
    assert said(kept)[AssetKey("aged")].state is State.WARNED
    others = [one for one in kept.project.graph if one.key != "aged"]
    sterner = asset("aged", partitions=None, freshness=ob.FreshnessPolicy(max_age="10h"))
    graph = Graph([*others, sterner])
    with reading(kept.project.engine) as connection:
        assert overview(connection, graph, NOW).states[AssetKey("aged")][0] is State.STALE
    assert Projection(kept.project.engine).bring_up(graph, NOW) == 1


@pytest.mark.parametrize("far", [20_000, 0], ids=["some events", "too many to look at"])
def test_what_happens_to_an_asset_while_another_project_follows_the_log_is_not_passed_over(
    kept: Store, monkeypatch: pytest.MonkeyPatch, far: int
) -> None:
    """An old process beside a new one, a branch without the asset, an asset that leaves and comes back."""
    monkeypatch.setattr("observer.reads.overview._FAR", far)
    kept.version("rates")
    bring_up(kept)
    without = Graph([one for one in kept.project.graph if one.key != "rates"])
    kept.step("rates", None, StepStatus.FAILED, error="it broke")
    other = Projection(kept.project.engine)
    for _ in range(3):
        other.bring_up(without, NOW)
    assert said(kept)[AssetKey("rates")].state is State.FAILING
    assert said(kept) == true(kept)
    bring_up(kept)
    assert wrong(kept) == []


def test_a_run_that_is_broken_off_and_one_that_begins_again_are_heeded(kept: Store) -> None:
    engine = kept.project.engine
    run_id = kept.step("orders", day(9), StepStatus.RUNNING)
    bring_up(kept)
    with writing(engine) as connection:
        log.break_off(connection, run_id, RunStatus.INTERRUPTED, NOW, "the process that ran it is gone")
    assert said(kept)[ORDERS].state is State.FAILING
    bring_up(kept)
    with writing(engine) as connection:
        connection.execute(steps.update().where(steps.c.run_id == run_id).values(status=StepStatus.PLANNED))
        again = {"at": NOW, "kind": "run.started", "run_id": run_id, "detail": {"again": True}}
        connection.execute(insert(events).values(again))
    assert said(kept) == true(kept)
    assert said(kept)[ORDERS].state is State.NEVER


def test_what_a_run_leaves_out_as_it_goes_on_is_heeded(kept: Store) -> None:
    """Its partition is none any more, say: no step of the run names the asset that it had failed of."""
    run_id = kept.step("orders", day(9), StepStatus.FAILED, error="it broke")
    bring_up(kept)
    assert said(kept)[ORDERS].state is State.FAILING
    with writing(kept.project.engine) as connection:
        run = runs.find(connection, run_id)
        log.go_on(connection, replace(run, steps=()), NOW)
    assert said(kept) == true(kept)
    assert said(kept)[ORDERS].state is State.NEVER
    bring_up(kept)
    assert wrong(kept) == []


def test_rows_that_a_process_has_kept_are_not_those_of_a_copy_that_was_put_back(
    kept: Store, state_url: str, tmp_path: Path
) -> None:
    """As many events and as many writes later, by another process, which read none of it in between."""
    engine, file = kept.project.engine, tmp_path / "kept.db"
    bring_up(kept)
    back_up(engine, file)
    kept.version("orders", day(9), verdicts={"row_count": FAILED})
    bring_up(kept)
    assert said(kept)[ORDERS].state is State.WARNED
    restore(engine, file, force=True)
    kept.version("orders", day(9), verdicts={"row_count": PASSED})
    other = open_database(state_url)
    try:
        Projection(other).bring_up(kept.project.graph, NOW)
    finally:
        other.dispose()
    assert said(kept) == true(kept)
    assert said(kept)[ORDERS].state is State.HEALTHY


def test_who_has_followed_a_longer_log_than_the_one_that_was_put_back_follows_that_one(
    kept: Store, tmp_path: Path
) -> None:
    engine, file, running = kept.project.engine, tmp_path / "kept.db", Projection(kept.project.engine)
    running.bring_up(kept.project.graph, NOW)
    back_up(engine, file)
    for number in range(1, 9):
        kept.version("rates", at=morning(number))
    running.bring_up(kept.project.graph, NOW)
    restore(engine, file, force=True)
    kept.version("orders", day(8), verdicts={"row_count": PASSED})
    running.bring_up(kept.project.graph, NOW)
    kept.version("orders", day(9), verdicts={"row_count": FAILED})
    assert said(kept) == true(kept)
    assert said(kept)[ORDERS].state is State.WARNED


@pytest.mark.postgres
def test_an_event_that_is_committed_late_is_not_passed_over(new_database: NewDatabase, tmp_path: Path) -> None:
    made = store(new_database(), tmp_path)
    try:
        bring_up(made)
        projection = Projection(made.project.engine)
        projection.bring_up(made.project.graph, NOW)
        with writing(made.project.engine) as early:
            early.execute(insert(events).values(at=NOW, kind="step.ended", asset="orders", partition="", detail={}))
            made.version("rates", at=NOW)  # a greater id, committed before
            for _ in range(3):
                projection.bring_up(made.project.graph, NOW)
        with reading(made.project.engine) as connection:
            seen = statuses.progress(connection)
            assert "orders" in statuses.touched(connection, seen.at)
        for _ in range(3):
            projection.bring_up(made.project.graph, NOW)
        with reading(made.project.engine) as connection:
            assert statuses.touched(connection, statuses.progress(connection).at) == set()
    finally:
        made.project.engine.dispose()


def test_clock_is_asked_for_nothing_but_gates(kept: Store) -> None:
    kept.version("aged", at=NOW - timedelta(hours=30))
    far = Clock(now=lambda: NOW + timedelta(days=400), wall=lambda: NOW)
    Projection(kept.project.engine).bring_up(kept.project.graph, far.now())
    assert said(kept) == true(kept)
