"""A project's ticks over a real state: what is asked for, what goes stale with no run, what people say of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, func, select

from observer.errors import UnknownName
from observer.model import IncidentStatus, Resolution
from observer.project import Project, open_project
from observer.schedules import pause_schedules, resume_schedules, schedule_lines, tell_event
from observer.scheduling import Deciding
from observer.store import freshness as freshness_store
from observer.store import incidents as incident_store
from observer.store.tables import outbox
from orchestration.clock import frozen_clock
from orchestration.database import reading, writing
from orchestration.freshness import FreshnessStatus
from orchestration.model import AssetKey
from orchestration.queue import Queue, status_after
from orchestration.run_request import RunRequest
from orchestration.schedule.keeping import decisions_of
from tests.unit.observer.shop import shop

PIPELINE = """
from pathlib import Path

import pandas as pd

import observer as ob

HERE = Path(__file__).parent


@ob.asset(schedule=ob.on_event("upload") | ob.on_file(HERE / "in"))
def orders() -> pd.DataFrame:
    return pd.DataFrame({"n": [int((HERE / "n").read_text())]})


@ob.asset(schedule=ob.on_update() & ~ob.held())
def report(orders: pd.DataFrame) -> pd.DataFrame:
    return orders


@ob.asset(freshness=ob.FreshnessPolicy(max_age="4h"))
def prices() -> pd.DataFrame:
    return pd.DataFrame({"n": [1]})


@ob.asset(freshness=ob.FreshnessPolicy(max_age="4h", refresh=False))
def offers(prices: pd.DataFrame) -> pd.DataFrame:
    return prices


@ob.source(updated_by="at", schedule="0 * * * *", freshness=ob.FreshnessPolicy(max_age="1d"))
def register() -> pd.DataFrame:
    return pd.DataFrame({"at": pd.to_datetime(["2024-02-27 06:00"], utc=True)})
"""
TOML = """
[env.local]
clock = "2024-03-01 06:00 UTC"
channels = [{ kind = "webhook", url = "http://127.0.0.1:9/hook", secret = "whsec_c2VjcmV0c2VjcmV0" }]
"""
MORNING = datetime(2024, 3, 1, 6, tzinfo=UTC)


class Ticking:
    """A scheduler without its thread: each tick at an instant, in the transaction that asks for the runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.deciding = Deciding()
        self.work = self.at(MORNING)

    def at(self, now: datetime) -> Project:
        self.work = open_project(self.folder, clock=frozen_clock(now))
        return self.work

    def tick(self, now: datetime) -> list[RunRequest]:
        self.deciding = Deciding()
        found = self.deciding(self.work, now)
        queue = Queue(environment="local", new_id=self.work.runtime.new_id)
        with writing(self.work.engine) as connection:
            taken = queue.ask(connection, found.requests)
            if found.record is not None:
                found.record(connection)
        assert len(taken) == len(found.requests), "each due key once"
        return list(found.requests)

    def run_queued(self, now: datetime) -> None:
        """Walk what is asked for, as the worker does."""
        work = self.at(now)
        queue = Queue(environment="local", new_id=work.runtime.new_id)
        while True:
            with writing(work.engine) as connection:
                claim = queue.claim(connection)
            if claim is None:
                return
            run = work.run(
                work.plan(",".join(claim.request.assets), None, force=claim.request.force), trigger="schedule"
            )
            with writing(work.engine) as connection:
                queue.end(connection, claim, status_after(run.status))


@pytest.fixture
def ticking(tmp_path: Path) -> Ticking:
    folder = shop(tmp_path / "shop", pipeline=PIPELINE, toml=TOML)
    (folder / "n").write_text("1")
    (folder / "in").mkdir()
    return Ticking(folder)


def hours(n: float) -> datetime:
    return MORNING + timedelta(hours=n)


def keys(requests: list[RunRequest]) -> list[str]:
    return [request.due_key for request in requests]


def test_an_event_asks_and_what_reads_it_follows_once(ticking: Ticking) -> None:
    assert ticking.tick(hours(0)) == []
    told = tell_event(ticking.work, "upload", "u-1", by="ann")
    assert (told.new, told.assets) == (True, ("orders",))
    assert tell_event(ticking.work, "upload", "u-1", by="ann").new is False
    assert keys(ticking.tick(hours(0.1))) == ["event:orders:1"]
    assert ticking.tick(hours(0.1)) == []
    ticking.run_queued(hours(0.1))
    (follows,) = ticking.tick(hours(0.2))
    assert follows.assets == ("report",)
    ticking.run_queued(hours(0.2))
    assert ticking.tick(hours(0.3)) == []
    tell_event(ticking.work, "upload", "u-2", by="ann")
    assert len(ticking.tick(hours(0.4))) == 1
    ticking.run_queued(hours(0.4))
    assert ticking.tick(hours(0.5)) == [], "the same data is no update"
    with pytest.raises(UnknownName, match="no event is called 'uplod'; did you mean 'upload'"):
        tell_event(ticking.work, "uplod", "u-3", by="ann")


def test_a_file_that_arrives_asks_once(ticking: Ticking) -> None:
    ticking.tick(hours(0))
    (ticking.folder / "in" / "orders.csv").write_text("1")
    (asked,) = ticking.tick(hours(0.1))
    assert asked.assets == ("orders",)
    assert asked.due_key.startswith("file:orders:")
    assert "orders.csv arrived" in asked.reason
    assert ticking.tick(hours(0.2)) == []


def test_a_source_is_observed_on_its_schedule_and_its_age_counts(ticking: Ticking) -> None:
    ticking.tick(hours(0))
    asked = ticking.tick(hours(1))
    assert "cron:register:2024-03-01T07:00:00Z" in keys(asked)
    ticking.run_queued(hours(1))
    ticking.tick(hours(1.1))
    with reading(ticking.work.engine) as connection:
        found = freshness_store.load_all(connection)[AssetKey("register")]
    assert found.status is FreshnessStatus.FAILED
    assert "reaches until 2024-02-27 06:00 UTC, allowed: 1d" in found.sentence


def test_what_goes_stale_with_no_run_is_one_incident_that_ends_by_itself(ticking: Ticking) -> None:
    ticking.work.run(ticking.work.plan("offers", None), trigger="test")
    ticking.tick(hours(0))
    asked = ticking.tick(hours(4.5))
    assert keys([one for one in asked if "prices" in one.assets]) == ["stale:prices:2024-03-01T10:00:00Z"]
    with reading(ticking.work.engine) as connection:
        (incident,) = incident_store.open_ones(connection)
        told = connection.execute(select(func.count()).select_from(outbox)).scalar_one()
    assert (incident.asset, incident.subjects, told) == ("prices", ("freshness",), 1)
    assert incident.sentence == "too old: its data reaches until 2024-03-01 06:00 UTC, allowed: 4h"
    ticking.tick(hours(4.6))
    ticking.run_queued(hours(4.7))
    ticking.tick(hours(4.8))
    with reading(ticking.work.engine) as connection:
        ended = incident_store.get(connection, incident.id)
        left = {one.asset for one in incident_store.open_ones(connection)}
    assert ended is not None
    assert (ended.status, ended.resolved_as) == (IncidentStatus.RESOLVED, Resolution.PASSED)
    assert ended.resolution == "fresh again: its data reaches until 2024-03-01 10:42 UTC"
    assert "offers" in left, "what its upstream explained, and still lasts, is told by itself"


def test_a_paused_schedule_passes_over_and_says_why(ticking: Ticking) -> None:
    ticking.tick(hours(0))
    assert pause_schedules(ticking.work, [AssetKey("register")], reason="moving", by="ann") == ("register",)
    assert ticking.tick(hours(1)) == []
    line = schedule_lines(ticking.work, [AssetKey("register"), AssetKey("report")])[0]
    assert line.pause is not None
    assert line.last is not None
    assert line.last.reason.endswith("due at 2024-03-01 07:00 UTC; paused by ann: moving")
    assert resume_schedules(ticking.work, [AssetKey("register")], by="ann") == ("register",)
    assert ticking.tick(hours(1.1)) == []
    assert keys(ticking.tick(hours(2))) == ["cron:register:2024-03-01T08:00:00Z"]
    with pytest.raises(UnknownName, match="no asset with a schedule is called"):
        pause_schedules(ticking.work, [], reason="x", by="ann")


def test_a_quiet_tick_writes_nothing_and_asks_as_many_questions_for_many_as_for_one(ticking: Ticking) -> None:
    ticking.tick(hours(0))
    asked: list[str] = []
    event.listen(ticking.work.engine, "before_cursor_execute", lambda c, k, statement, *more: asked.append(statement))
    assert Deciding()(ticking.work, hours(0.1)).record is None
    assert len(asked) <= 12
    with reading(ticking.work.engine) as connection:
        assert decisions_of(connection, AssetKey("report"), 10) == ()


HELD = """
from pathlib import Path

import pandas as pd

import observer as ob

HERE = Path(__file__).parent


@ob.asset(checks=[ob.in_range("n", min_value=0)], freshness=ob.FreshnessPolicy(max_age="4h"))
def stock() -> pd.DataFrame:
    return pd.DataFrame({"n": [int((HERE / "n").read_text())]})
"""


def test_what_is_old_because_newer_data_is_held_has_the_incident_of_that_alone(tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop", pipeline=HELD, toml=TOML)
    (folder / "n").write_text("1")
    ticking = Ticking(folder)
    ticking.work.run(ticking.work.plan("stock", None), trigger="test")
    ticking.tick(hours(0))
    (folder / "n").write_text("-1")
    work = ticking.at(hours(1))
    work.run(work.plan("stock", None, force=True), trigger="test")
    for later in (4.5, 4.6):
        ticking.tick(hours(later))
        with reading(work.engine) as connection:
            incidents = incident_store.open_ones(connection)
            evaluations = freshness_store.load_all(connection)
        assert [one.subjects for one in incidents] == [("in_range(n)",)]
        assert evaluations[AssetKey("stock")].status is FreshnessStatus.FAILED, "it is old all the same"
