"""What a token for one asset reads, wherever it asks: no other asset's name."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from dashboards.app import create_app
from observer.access import Role
from observer.api import callers
from observer.marking import mark
from observer.model import FeedbackKind
from observer.project import Project, open_project
from observer.settings import ServeSettings
from observer.tokens import make_token
from orchestration.database import writing
from orchestration.queue import Queue
from tests.unit.observer.shop import shop

PIPELINE = """
import observer as ob

ibis = ob.external("ibis", expects=["whole"])


@ob.asset(checks=[ob.row_count(max_rows=1)], tags=["secret"])
def zebra(context: ob.Context) -> list[int]:
    return [1, 2]


@ob.asset(deps=[zebra])
def mule() -> int:
    return 1


@ob.asset(deps=[mule, ibis], schedule=ob.on_update("zebra"))
def mine() -> int:
    return 1


@ob.asset(deps=["mine"], schedule=ob.cron("0 6 * * *"))
def quagga() -> int:
    raise ValueError("mine is of no use to quagga")
"""
OTHERS = ("ibis", "zebra", "mule", "quagga")
STREAM = "/api/v1/events"  # which test_events.py follows
Asking = TestClient


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """Of each asset there is something to tell: runs, a hold and what it blocks, incidents, a word, decisions."""
    monkeypatch.setattr(callers, "_REMEMBERED_S", -1.0)
    toml = """[env.local]\nclock = "2024-03-01 06:00 UTC"\n"""
    project = open_project(shop(tmp_path, pipeline=PIPELINE, toml=toml))
    everybody = client(project)
    report = {"materializations": [{"id": "v1", "asset": "ibis"}]}
    assert everybody.post("/api/v1/ingest", json=report).status_code == 200, "held: nothing says that it is whole"
    project.run(project.plan("*", None), trigger="zebra and quagga must be made again")
    mark(project, "zebra", None, FeedbackKind.BAD_DATA, reason="zebra", by="ana")
    asked = {"selection": "mine, quagga", "reason": "since zebra is late"}
    assert everybody.post("/api/v1/runs", json=asked).status_code == 202
    with writing(project.engine) as connection:
        assert Queue(environment="local", new_id=str).has_work(connection)
    yield project
    project.close()


def client(work: Project, *assets: str, role: Role = Role.OPERATOR) -> Asking:
    made = TestClient(create_app(work.reads(), ServeSettings(), work), base_url="http://127.0.0.1:8000")
    made.headers["authorization"] = f"Bearer {make_token(work, 'some', role, assets=assets, by='ana')[1]}"
    return made


def requests(work: Project, everybody: Asking) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every route of the service with whatever it can be asked about."""
    runs = [one["id"] for one in everybody.get("/api/v1/runs").json()["items"]]
    with work.engine.connect() as connection:
        runs += [row[0] for row in connection.exec_driver_sql("SELECT id FROM run_queue")]
    incidents = [str(one["id"]) for one in everybody.get("/api/v1/incidents").json()["incidents"]]
    assert len(runs) >= 2
    assert len(incidents) >= 2
    values = {
        "asset": ["mine"], "run_id": [*runs, "none"], "number": [*incidents, "999"], "metric": ["duration"],
    }  # fmt: skip
    for path, verbs in everybody.get("/api/v1/openapi.json").json()["paths"].items():
        if path == STREAM:
            continue
        names = [name for name in values if f"{{{name}}}" in path]
        for chosen in product(*(values[name] for name in names)):
            url = path.format(**dict(zip(names, chosen, strict=True)))
            if "get" in verbs:
                for given in ({}, {"asset": "mine"}, {"select": "+mine+"}, {"selection": "+mine+"}, {"selection": "*"}):
                    yield "GET", url, given
            if "post" in verbs:
                yield "POST", url, {"selection": "mine", "asset": "mine", "reason": "why", "seconds": 60, "name": "x"}
    for page in ("/", "/assets", "/runs", "/incidents", "/graph", "/schedules", "/dead-letters", "/feedback", "/plan"):
        for given in ({}, {"asset": "mine", "select": "mine"}):
            yield "GET", page, given


def test_no_answer_names_an_asset_that_is_not_the_caller_s(work: Project) -> None:
    everybody = client(work, role=Role.ADMIN)
    mine, told = client(work, "mine"), 0
    for verb, url, given in requests(work, everybody):
        for headers in ({}, {"accept": "text/html"}):
            answer = (
                mine.get(url, params=given, headers=headers)
                if verb == "GET"
                else mine.post(url, json=given, headers=headers)
            )
            assert answer.status_code != 500, (verb, url, given)
            assert not [name for name in OTHERS if name in answer.text], (verb, url, given, answer.text)
            told += answer.status_code == 200
    assert told > 40, "hardly anything was answered"


def test_what_is_said_of_the_caller_s_asset_stays(work: Project) -> None:
    mine, everybody = client(work, "mine"), client(work, role=Role.ADMIN)
    (listed,) = mine.get("/api/v1/assets").json()["items"]
    assert listed["text"] == "it is blocked by another asset"
    run = everybody.get("/api/v1/runs").json()["items"][0]["id"]
    (step,) = mine.get(f"/api/v1/runs/{run}").json()["steps"]
    assert (step["status"], step["blocked_by"]) == ("blocked", None)
    assert step["reason"].startswith("another asset is ")
    seen, whole = mine.get(f"/api/v1/runs/{run}").json(), everybody.get(f"/api/v1/runs/{run}").json()
    assert (seen["selection"], seen["reason"]) == ("mine", "")
    assert (whole["selection"], whole["reason"]) == ("*", "zebra and quagga must be made again")
    (schedule,) = mine.get("/api/v1/schedules").json()
    assert "another asset" in schedule["schedule"]


def test_an_asset_of_others_is_as_one_that_is_not_there(work: Project) -> None:
    mine = client(work, "mine")
    for url, name in (("assets", "select"), ("schedules", "select"), ("plan", "selection"), ("assets", "cursor")):
        there, none = (mine.get(f"/api/v1/{url}", params={name: one}) for one in ("zebra", "zebro"))
        assert there.status_code == none.status_code == 404, (url, name)
        assert there.text.replace("zebra", "zebro") == none.text
    for there, none in (("tag:secret", "tag:secrot"), ("zeb*", "zob*"), ("mine and zebra", "mine and zebro")):
        ours, theirs = (mine.get("/api/v1/assets", params={"select": one}) for one in (there, none))
        assert ours.status_code == theirs.status_code == 404
        assert (
            ours.text.replace(there, none).replace("zebra", "zebro").replace("secret", "secrot").replace("zeb*", "zob*")
            == theirs.text
        )


def test_a_run_that_waits_for_what_others_wait_for_is_not_asked_for(work: Project) -> None:
    """`mule` only waits for the release of `zebra`: by the time that the run begins it would be made."""
    answer = client(work).get("/api/v1/plan", params={"selection": "mine"}).json()
    plan = {step["asset"]: step["action"] for step in answer["steps"]}
    assert plan["mule"] == plan["mine"] == "block"
    assert client(work, "mine").post("/api/v1/runs", json={"selection": "mine"}).status_code == 403
    some = client(work, "mine", "mule", "zebra", "ibis")
    assert some.post("/api/v1/runs", json={"selection": "mine"}).status_code == 202


def test_the_inbox_of_some_assets_is_full_however_many_others_there_are(work: Project) -> None:
    everybody = client(work, role=Role.ADMIN)
    newest = everybody.get("/api/v1/incidents").json()["incidents"][0]["asset"]
    other = next(one for one in ("zebra", "ibis") if one != newest)
    page = client(work, other).get("/api/v1/incidents", params={"limit": 1}).json()
    assert [one["asset"] for one in page["incidents"]] == [other]
    assert page["next_before"] is None
