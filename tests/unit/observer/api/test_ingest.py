"""Reports of others, over HTTP, on SQLite and PostgreSQL: judged, gated and told of as what is made here."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, text
from starlette.testclient import TestClient

from observer import reported
from observer.access import Role
from observer.api import callers, ingest
from observer.api.app import create_api
from observer.api.report_wire import Batch, reports_of
from observer.history import SeriesKey
from observer.project import Project, open_project
from observer.reported import Reception
from observer.settings import ServeSettings
from observer.store import observations as observation_store
from observer.store.tables import evaluations, incidents, observations
from observer.tokens import make_token
from observer.versions import discard_held
from orchestration import log
from orchestration import release as releasing
from orchestration.database import reading
from orchestration.errors import DefinitionError
from orchestration.model import AssetKey
from orchestration.recovery import carry_out
from orchestration.tables import events, versions
from orchestration.taken_in import log_taken_in
from tests.unit.observer.shop import shop

PIPELINE = """
import observer as ob

days = ob.daily(start="2024-01-01")
ledger = ob.external(
    "ledger", expects=["balanced"], monitors=[ob.monitor("null_rate", column="account", severity="error")]
)
visits = ob.external("visits", partitions=days, monitors=[ob.monitor("row_count", severity="error")])


@ob.asset(deps=[ledger])
def report() -> int:
    return 1
"""

V = b'{"materializations": [{"id": "v", "asset": "ledger"}]'


@pytest.fixture
def work(tmp_path: Path, state_url: str) -> Iterator[Project]:
    toml = f'[env.local]\nclock = "2024-03-01 06:00 UTC"\nstate = "{state_url}"\n'
    project = open_project(shop(tmp_path, pipeline=PIPELINE, toml=toml))
    yield project
    project.close()


@pytest.fixture
def asking(work: Project) -> TestClient:
    app = create_api(work.reads(), ServeSettings(), work)
    return TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)


def ledger(id_: str, *, nulls: float | None = 0.0, passed: bool | None = True, **more: Any) -> dict[str, Any]:
    return {
        "materializations": [{"id": id_, "asset": "ledger", "rows": 100, **more}],
        "observations": [{"materialization": id_, "metric": "null_rate", "column": "account", "value": nulls}],
        "checks": [{"materialization": id_, "name": "balanced", "passed": passed}],
    }


def send(asking: TestClient, body: object, status: int = 200, **headers: str) -> Any:
    answer = asking.post("/api/v1/ingest", json=body, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


def gate(asking: TestClient, path: str = "ledger") -> Any:
    return asking.get(f"/api/v1/gate/{path}").json()


def count(work: Project, what: Any) -> int:
    with reading(work.engine) as connection:
        return connection.execute(select(func.count()).select_from(what)).scalar_one()


def test_a_good_version_opens_the_gate(asking: TestClient, work: Project) -> None:
    assert gate(asking)["outcome"] == "none"
    assert send(asking, ledger("v1")) == {
        "taken": [
            {"id": "v1", "asset": "ledger", "partition": None, "status": "published", "known": False, "reasons": []}
        ],
        "late": [],
    }
    assert (gate(asking)["outcome"], gate(asking)["materialization_id"]) == ("open", "v1")
    assert work.run(work.plan("report", None), trigger="test").status == "succeeded"


def test_a_failed_check_holds_what_is_downstream_and_is_told(asking: TestClient, work: Project) -> None:
    send(asking, ledger("v1"))
    (bad,) = send(asking, ledger("v2", passed=False))["taken"]
    assert (bad["status"], bad["reasons"]) == ("held", ["balanced failed"])
    assert gate(asking)["holds"] == ["balanced"]
    assert count(work, incidents) == 1
    assert work.run(work.plan("report", None), trigger="test").steps[-1].status == "blocked"
    send(asking, ledger("v3"))
    assert gate(asking)["open"]


def test_what_is_not_reported_is_not_unknown_unless_somebody_asks_for_it(asking: TestClient, work: Project) -> None:
    send(asking, {"materializations": [{"id": "w1", "asset": "visits", "partition": "2024-01-01", "rows": 5}]})
    with reading(work.engine) as connection:
        assert set(connection.execute(select(evaluations.c.status)).scalars()) == {"learning"}
    send(asking, {"materializations": [{"id": "w2", "asset": "visits", "partition": "2024-01-02"}]})
    assert not gate(asking, "visits?partition=2024-01-02")["open"], "its row count is watched, and nobody said it"


def test_a_person_releases_what_others_made(asking: TestClient, work: Project) -> None:
    send(asking, ledger("v1", passed=False))
    released = asking.post("/api/v1/gate/ledger/release", json={"reason": "looked at"})
    assert released.json() == {"materialization_id": "v1", "unblocked": ["report"]}
    assert gate(asking)["outcome"] == "open"


def test_who_releases_hears_of_no_asset_that_is_not_theirs(
    asking: TestClient, work: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callers, "_REMEMBERED_S", -1.0)
    send(asking, ledger("v1", passed=False))
    _, secret = make_token(work, "airflow", Role.OPERATOR, assets=("ledger",), for_s=None, by="ana")
    theirs = {"authorization": f"Bearer {secret}"}
    released = asking.post("/api/v1/gate/ledger/release", json={"reason": "looked at"}, headers=theirs)
    assert released.json() == {"materialization_id": "v1", "unblocked": []}


def test_monitors_judge_it_by_its_past(asking: TestClient) -> None:
    for day in range(24):
        (taken,) = send(asking, ledger(f"v{day}", materialized_at=f"2024-01-{1 + day:02d}T00:00:00Z"))["taken"]
        assert taken["status"] == "published"
    (taken,) = send(asking, ledger("bad", nulls=0.4))["taken"]
    assert taken["status"] == "held"
    assert gate(asking)["holds"] == ["null_rate(account)"]


def test_an_expected_check_that_is_not_reported_is_unknown_and_holds(asking: TestClient) -> None:
    body = ledger("v1")
    del body["checks"]
    (taken,) = send(asking, body)["taken"]
    assert taken["status"] == "held"
    assert "reported no result" in taken["reasons"][0]
    assert gate(asking)["unknown"]


def test_sent_again_nothing_changes(asking: TestClient, work: Project) -> None:
    first = send(asking, ledger("v1"))
    before = [count(work, table) for table in (versions, observations, evaluations)]
    (again,) = send(asking, ledger("v1", passed=False))["taken"]
    assert again == first["taken"][0] | {"known": True}
    assert [count(work, table) for table in (versions, observations, evaluations)] == before
    both = ledger("v1")
    both["materializations"].append({"id": "w1", "asset": "visits", "partition": "2024-01-01", "rows": 5})
    assert [one["known"] for one in send(asking, both)["taken"]] == [True, False]


def test_sent_at_once_it_is_taken_once(work: Project) -> None:
    """By replicas of the service, each with a reception of its own."""
    receptions = [Reception(work), Reception(work)]

    def take(number: int) -> bool:
        batch = Batch.model_validate(ledger(f"v{number % 3}"))
        (taken,) = receptions[number % 2].take(reports_of(batch, work.clock.now())[0])
        return taken.decision is not None

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(take, range(12))) == 3
    assert count(work, versions) == 3


def test_a_batch_of_one_assets_past_is_judged_in_order(asking: TestClient, work: Project) -> None:
    days = [f"2024-01-{day:02d}" for day in range(1, 32)] + [f"2024-02-{day:02d}" for day in range(1, 15)]
    rows = [{"id": f"v{day}", "asset": "visits", "partition": day, "rows": 1000 + n % 7} for n, day in enumerate(days)]
    rows[-1]["rows"] = 3
    taken = send(asking, {"materializations": rows})["taken"]
    assert [one["status"] for one in taken] == ["published"] * (len(days) - 1) + ["held"]
    assert gate(asking, "visits?partition=2024-02-13")["open"]
    assert not gate(asking, "visits?partition=2024-02-14")["open"]


def test_a_good_version_that_comes_late_opens_nothing(asking: TestClient, work: Project) -> None:
    """Reports are sent again until they arrive, so an older one may come after a newer one."""
    send(asking, ledger("v1", materialized_at="2024-01-01T00:00:00Z"))
    send(asking, ledger("v3", passed=False, materialized_at="2024-01-03T00:00:00Z"))
    (came,) = send(asking, ledger("v2", materialized_at="2024-01-02T00:00:00Z"))["taken"]
    assert (came["status"], came["known"]) == ("superseded", False)
    assert "nothing opens by it" in came["reasons"][0]
    answer = gate(asking)
    assert (answer["outcome"], answer["materialization_id"]) == ("held", "v3")
    key = SeriesKey("null_rate", "account")
    with reading(work.engine) as connection:
        assert connection.execute(select(incidents.c.status)).scalars().all() == ["open"]
        series = observation_store.load(connection, AssetKey("ledger"), [key], partitioned=False)[key]
    assert [one.materialization_id for one in series] == ["v1", "v2", "v3"], "it has its place in the past"
    (again,) = send(asking, ledger("v2", materialized_at="2024-01-02T00:00:00Z"))["taken"]
    assert (again["status"], again["known"]) == ("superseded", True)
    (good,) = send(asking, ledger("v4", materialized_at="2024-01-04T00:00:00Z"))["taken"]
    assert (good["status"], gate(asking)["open"]) == ("published", True)


def test_a_late_one_that_comes_at_the_same_time_opens_nothing_either(
    work: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newer one is logged and not yet there for others when the older one comes, to another replica."""
    logged, over = threading.Event(), threading.Event()

    def slowly(connection: Connection, judged: Any, at: datetime) -> frozenset[str]:
        found = log_taken_in(connection, judged, at)
        if judged[0][0].id == "newer":
            logged.set()
            assert over.wait(60)
        return found

    def take(id_: str, day: int, *, passed: bool) -> str:
        body = Batch.model_validate(ledger(id_, passed=passed, materialized_at=f"2024-01-0{day}T00:00:00Z"))
        return Reception(work).take(reports_of(body, work.clock.now())[0])[0].status

    monkeypatch.setattr(reported, "log_taken_in", slowly)
    with ThreadPoolExecutor(2) as pool:
        newer = pool.submit(take, "newer", 3, passed=False)
        assert logged.wait(60)
        older = pool.submit(take, "older", 2, passed=True)
        _wait_for_who_waits(work)
        over.set()
    assert (newer.result(), older.result()) == ("held", "superseded")
    answer = work.reads().gate("ledger", None)
    assert answer is not None
    assert (answer.outcome, answer.materialization_id) == ("held", "newer")


@pytest.mark.parametrize("deed", ["release", "discard"])
def test_what_a_person_decides_beside_a_report_waits_in_no_circle(
    work: Project, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    """Each changes the gate and the version that is held: in two orders each would wait for the other for ever."""
    _take(work, "bad", passed=False)
    decides, save_decision = threading.Event(), log.save_decision

    def slowly(connection: Connection, decision: Any, run_id: str) -> None:
        decides.set()
        _wait_for_who_waits(work)
        save_decision(connection, decision, run_id)

    monkeypatch.setattr(log, "save_decision", slowly)
    with ThreadPoolExecutor(1) as pool:
        reported_ = pool.submit(lambda: decides.wait(60) and _take(work, "good", passed=True))
        if deed == "release":
            assert work.release("ledger", None, reason="looked at", by="ana") == "bad"
        else:
            assert discard_held(work, "ledger", None, reason="looked at", by="ana").id == "bad"
        assert reported_.result() == "published"
    assert _statuses(work) == {"bad": "superseded" if deed == "release" else "discarded", "good": "published"}
    answer = work.reads().gate("ledger", None)
    assert answer is not None
    assert (answer.outcome, answer.materialization_id) == ("open", "good")


def test_a_report_that_comes_right_after_a_release_is_not_taken_back_by_it(
    work: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    _take(work, "bad", passed=False)

    def report_first(*given: Any, **named: Any) -> None:
        _take(work, "good", passed=True)
        carry_out(*given, **named)

    monkeypatch.setattr(releasing, "carry_out", report_first)
    work.release("ledger", None, reason="looked at", by="ana")
    _take(work, "good", passed=True)
    assert _statuses(work) == {"bad": "superseded", "good": "published"}


def _take(work: Project, id_: str, *, passed: bool) -> str:
    reports, _ = reports_of(Batch.model_validate(ledger(id_, passed=passed)), work.clock.now())
    return Reception(work).take(reports)[0].status


def _statuses(work: Project) -> dict[str, str]:
    with reading(work.engine) as connection:
        return {row.id: row.status for row in connection.execute(select(versions.c.id, versions.c.status))}


def _wait_for_who_waits(work: Project) -> None:
    """Until somebody waits for a lock of PostgreSQL's; a second writer of SQLite's can't even begin."""
    until = time.monotonic() + 60
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    while work.engine.dialect.name == "postgresql" and time.monotonic() < until:
        with reading(work.engine) as connection:
            if connection.execute(waiting).scalar_one():
                return
        time.sleep(0.01)


def late(id_: str, *columns: str) -> dict[str, Any]:
    measured = [{"materialization": id_, "metric": "null_rate", "column": column, "value": 0.5} for column in columns]
    return {"observations": measured}


def test_what_is_measured_later_is_kept_where_the_version_stands_and_judged_no_more(
    asking: TestClient, work: Project
) -> None:
    body = ledger("v1", materialized_at="2024-01-01T00:00:00Z")
    body["observations"] = []
    assert send(asking, body)["taken"][0]["status"] == "held", "nobody said its null rate"
    work.release("ledger", None, reason="looked at", by="ana")
    send(asking, ledger("v2", materialized_at="2024-01-02T00:00:00Z"))
    before = [count(work, table) for table in (versions, evaluations, incidents)]
    for kept in (1, 0):
        answer = send(asking, late("v1", "account"))
        assert answer == {
            "taken": [], "late": [{"id": "v1", "asset": "ledger", "partition": None, "kept": kept, "known": 1 - kept}]
        }  # fmt: skip
    assert [count(work, table) for table in (versions, evaluations, incidents)] == before
    key = SeriesKey("null_rate", "account")
    with reading(work.engine) as connection:
        series = observation_store.load(connection, AssetKey("ledger"), [key], partitioned=False)[key]
        told = connection.execute(select(events.c.detail).where(events.c.kind == "version.measured")).scalars().all()
    assert [(one.materialization_id, one.value) for one in series] == [("v1", 0.5), ("v2", 0.0)]
    assert told == [{"version": "v1", "observations": 1}]


def test_what_was_measured_of_no_version_or_one_thrown_away_is_refused_with_all_else(
    asking: TestClient, work: Project
) -> None:
    send(asking, ledger("bad", passed=False))
    send(asking, ledger("v1"))
    before = count(work, observations)
    for body, says in ((late("nothing", "a"), "there is no version"), (late("bad", "a"), "discarded")):
        assert says in send(asking, body, 409)["detail"]
    both = ledger("v2")
    both["observations"] += late("nothing", "a")["observations"]
    send(asking, both, 409)
    assert (count(work, observations), count(work, versions)) == (before, 2)


def test_what_is_put_off_is_not_written_down(work: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or else it would cost the database as much as what is taken in."""
    monkeypatch.setattr(ingest, "Busy", partial(ingest.Busy, waiting=0))
    asking = TestClient(create_api(work.reads(), ServeSettings(), work), base_url="http://127.0.0.1:8000")
    refused = asking.post("/api/v1/ingest", content=V + b"}", headers={"content-type": "application/json"})
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    asking.post("/api/v1/ingest", content=b"nothing", headers={"content-type": "text/xml"})
    assert [one["status"] for one in asking.get("/api/v1/audit").json()["items"]] == [415]


def test_the_audit_says_who_sent_what_of_which_assets(asking: TestClient, work: Project) -> None:
    send(asking, ledger("v1"))
    send(asking, late("v1", "a"))
    send(asking, ledger("v2", rows=-1), 422)
    said = asking.get("/api/v1/audit").json()["items"]
    assert [(one["path"], one["status"], one["about"]) for one in reversed(said)] == [
        ("/api/v1/ingest", 200, "1 version of ledger: 1 observation, 1 check"),
        ("/api/v1/ingest", 200, "more of v1: 1 observation, 0 checks"),
        ("/api/v1/ingest", 422, None),
    ]


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"asset": "nothing"}, 404, "no asset is called 'nothing'"),
    ({"asset": "report"}, 409, "is made here"),
    ({"asset": "visits"}, 409, "send `partition`, or in OpenLineage the facet nominalTime"),
    ({"asset": "visits", "partition": "2031-01-01"}, 409, "visits 2031-01-01 has not begun: it is 2024-03-01"),
    ({"asset": "visits", "partition": "yesterday"}, 404, "yesterday"),
    ({"partition": "2024-01-01"}, 422, "isn't partitioned"),
    ({"materialized_at": "2024-03-04T00:00:00Z"}, 409, "still to come"),
    ({"materialized_at": "2024-02-30T00:00:00Z"}, 422, ""),
    ({"materialized_at": "2024-02-01T00:00:00"}, 422, "timezone"),
    ({"materialized_at": "0001-01-01T00:00:00+14:00"}, 422, "too far"),
    ({"materialized_at": "9999-12-31T23:59:00-14:00"}, 422, "too far"),
    ({"id": "a b"}, 422, "pattern"),
    ({"id": "x" * 41}, 422, "pattern"),
    ({"rows": -1}, 422, "greater"),
    ({"rows": 2**70}, 422, "less"),
    ({"rows": "many"}, 422, "integer"),
    ({"metadata": {"a": [1]}}, 422, "valid"),
    ({"metadata": {"a": "\0"}}, 422, "can't be kept"),
    ({"columns": [{"name": "a\0", "type": "int"}]}, 422, "can't be kept"),
    ({"colour": "red"}, 422, "Extra inputs"),
    ({"duration_s": -1}, 422, "greater"),
]


def test_what_cannot_be_is_refused_whole(asking: TestClient, work: Project) -> None:
    for change, status, says in REFUSED:
        body = ledger("v1", **change) if "id" not in change else {"materializations": [{"asset": "ledger"} | change]}
        body["materializations"].append({"id": "good", "asset": "visits", "partition": "2024-01-01"})
        assert says in json.dumps(send(asking, body, status), ensure_ascii=False), change
    assert count(work, versions) == 0


HOSTILE = [
        b"", b"[]", b"null", b"{", b'{"materializations": []}', b"\xff\xfe", b"[" * 100_000,
        b'{"materializations": [{"id": "v", "asset": "ledger", "rows": NaN}]}',
        b'{"materializations": [{"id": "v", "asset": "\\ud800"}]}',
        V + b', "observations": [{"materialization": "v", "metric": "m", "value": 1e999}]}',
        V + b', "checks": [{"materialization": "v", "name": "c", "passed": "perhaps"}]}',
        V + b', "checks": [{"materialization": "w", "name": "c", "passed": true}]}',
]  # fmt: skip


def test_hostile_bodies_are_named_and_refused(asking: TestClient, work: Project) -> None:
    for body in HOSTILE:
        answer = asking.post("/api/v1/ingest", content=body, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request"), body[:100]
        assert answer.json()["errors"]
    assert count(work, versions) == 0


def test_two_versions_of_one_id_and_two_results_of_one_check(asking: TestClient) -> None:
    twice = ledger("v1")
    twice["materializations"] *= 2
    assert "is there twice" in send(asking, twice, 409)["detail"]
    twice = ledger("v1")
    twice["checks"] *= 2
    assert "two results of one check" in send(asking, twice, 409)["detail"]
    send(asking, ledger("v1"))
    other = {"materializations": [{"id": "v1", "asset": "visits", "partition": "2024-01-01"}]}
    said = send(asking, other, 409)["detail"]
    assert "is that of a version of another asset" in said
    assert "ledger" not in said, "whoever may report visits alone hears of no other"


def test_other_contents_are_refused(asking: TestClient) -> None:
    kinds = {"text/xml": 415, "application/json; charset=utf-8": 422, "text/plain": 403}
    for kind, status in kinds.items():
        assert asking.post("/api/v1/ingest", content=b"x", headers={"content-type": kind}).status_code == status


def test_it_is_for_operators_of_these_assets(asking: TestClient, work: Project) -> None:
    def shown(role: Role, *assets: str) -> dict[str, str]:
        return {"authorization": f"Bearer {make_token(work, 'x', role, assets=assets, by='ana')[1]}"}

    viewer, some, every = shown(Role.VIEWER), shown(Role.OPERATOR, "visits"), shown(Role.OPERATOR)
    send(asking, ledger("v1"), 401)
    send(asking, ledger("v1"), 403, **viewer)
    send(asking, ledger("v1"), 403, **some)
    assert count(work, versions) == 0
    send(asking, ledger("v1"), 200, **every)
    assert "there is no version" in send(asking, late("v1", "a"), 409, **some)["detail"]


def test_no_function_takes_the_data_of_what_others_make(tmp_path: Path) -> None:
    pipeline = PIPELINE.replace("@ob.asset(deps=[ledger])\ndef report()", "@ob.asset\ndef report(ledger: int)")
    with pytest.raises(DefinitionError, match=r"takes the data of ledger, which others make and only report"):
        open_project(shop(tmp_path, pipeline=pipeline))
