"""Schedules by HTTP, against a real project, beside what the command says of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from dashboards.app import create_app
from observer.access import Role
from observer.project import Project, open_project
from observer.scheduling import Deciding
from observer.settings import ServeSettings
from observer.tokens import make_token
from orchestration.database import writing
from tests.unit.observer.cli.conftest import Tidegate, tidegate
from tests.unit.observer.shop import shop

__all__ = ["tidegate"]

PIPELINE = """
import observer as ob

@ob.asset(schedule=ob.cron("0 6 * * *", timezone="Europe/Berlin"))
def orders() -> dict[str, int]:
    return {"n": 1}

@ob.asset(schedule=ob.on_event("upload") & ~ob.held())
def report(orders: dict[str, int]) -> dict[str, int]:
    return orders

@ob.asset
def plain() -> dict[str, int]:
    return {"n": 1}
"""


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Project]:
    project = open_project(shop(tmp_path / "shop", pipeline=PIPELINE))
    yield project
    project.close()


@pytest.fixture
def asking(work: Project) -> TestClient:
    app = create_app(work.reads(), ServeSettings(), work)
    return TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)


def test_schedules_are_listed_paused_and_resumed(asking: TestClient, work: Project) -> None:
    first, second = asking.get("/api/v1/schedules").json()
    assert (first["asset"], first["schedule"], first["next_at"]) == (
        "orders", "cron 0 6 * * * Europe/Berlin", "2024-03-02T05:00:00Z",
    )  # fmt: skip
    assert (second["schedule"], second["next_at"], second["last"]) == ("event upload & ~held", None, None)
    paused = asking.post("/api/v1/schedules/orders/pause", json={"reason": "moving"})
    assert (paused.status_code, paused.json()["paused_because"]) == (200, "moving")
    resumed = asking.post("/api/v1/schedules/orders/resume", json={})
    assert (resumed.status_code, resumed.json().get("paused_by")) == (200, None), resumed.text
    assert asking.post("/api/v1/schedules/plain/pause", json={"reason": "x"}).status_code == 404
    assert asking.post("/api/v1/schedules/nothing/pause", json={"reason": "x"}).status_code == 404
    assert asking.post("/api/v1/schedules/orders/pause", json={}).status_code == 422


def test_an_event_is_taken_in_once_and_its_decision_is_shown(asking: TestClient, work: Project) -> None:
    now = work.clock.now()
    with writing(work.engine) as connection:
        record = Deciding()(work, now).record
        assert record is not None
        record(connection)
    told = asking.post("/api/v1/events", json={"name": "upload", "id": "u-1"}).json()
    assert told == {"id": "u-1", "new": True, "assets": ["report"]}
    assert asking.post("/api/v1/events", json={"name": "upload", "id": "u-1"}).json()["new"] is False
    assert asking.post("/api/v1/events", json={"name": "uplod", "id": "u-2"}).status_code == 404
    assert asking.post("/api/v1/events", json={"name": "upload", "id": "a\u0000b"}).status_code == 422
    found = Deciding()(work, now)
    assert [request.assets for request in found.requests] == [("report",)]
    with writing(work.engine) as connection:
        assert found.record is not None
        found.record(connection)
    (decision,) = asking.get("/api/v1/schedules/report/decisions").json()
    assert (decision["outcome"], decision["reason"]) == ("asked", "event upload u-1 came in")
    assert decision["due_key"] == found.requests[0].due_key


def test_a_viewer_sees_and_changes_nothing_and_tokens_see_their_assets_alone(asking: TestClient, work: Project) -> None:
    _, viewer = make_token(work, "eve", Role.VIEWER, by="ann")
    _, narrow = make_token(work, "olga", Role.OPERATOR, assets=["orders"], by="ann")
    seen = {"Authorization": f"Bearer {viewer}"}
    assert len(asking.get("/api/v1/schedules", headers=seen).json()) == 2
    for path, body in (("schedules/orders/pause", {"reason": "x"}), ("events", {"name": "upload", "id": "1"})):
        assert asking.post(f"/api/v1/{path}", json=body, headers=seen).status_code == 403
    own = {"Authorization": f"Bearer {narrow}"}
    assert [one["asset"] for one in asking.get("/api/v1/schedules", headers=own).json()] == ["orders"]
    assert asking.post("/api/v1/schedules/report/resume", headers=own).status_code == 403
    assert asking.post("/api/v1/events", json={"name": "upload", "id": "1"}, headers=own).status_code == 403


def test_the_command_says_the_same(work: Project, tidegate: Tidegate) -> None:
    folder = ["--project", str(work.config.root)]
    assert tidegate("schedule", "list", *folder).out.splitlines() == [
        "2024-03-02 05:00 UTC   orders  cron 0 6 * * * Europe/Berlin",
        "when it happens        report  event upload & ~held",
    ]
    assert "1 schedule paused: orders" in tidegate("schedule", "pause", "orders", "-r", "moving", *folder).out
    assert tidegate("schedule", "list", "orders", *folder).out.startswith("paused ")
    assert "1 schedule resumed: orders" in tidegate("schedule", "resume", "*", *folder).out
    assert "none of these was paused" in tidegate("schedule", "resume", "*", *folder).out
    assert "event upload u-7 makes report due" in tidegate("schedule", "tell", "upload", "--id", "u-7", *folder).out
    assert "counts once" in tidegate("schedule", "tell", "upload", "--id", "u-7", *folder).out
    assert "nothing was decided of orders yet" in tidegate("schedule", "decisions", "orders", *folder).out
    assert "did you mean 'orders'" in tidegate("schedule", "pause", "ordes", "-r", "x", *folder).err
