"""Runs over HTTP against a real project and queue; what walks them is tried in tests/acceptance."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from dashboards.app import create_app
from observer.access import Role
from observer.project import Project, open_project
from observer.settings import ServeSettings
from observer.tokens import make_token
from orchestration import step_logs
from orchestration.attempt import attempt
from orchestration.database import reading, writing
from orchestration.model import Address, AssetKey
from orchestration.queue import Queue, RequestStatus
from orchestration.step_log import LogLine, Said
from tests.unit.observer.shop import put, shop

RUNS = "/api/v1/runs"


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Project]:
    project = open_project(shop(tmp_path))
    put(tmp_path, "2024-02-01")
    yield project
    project.close()


@pytest.fixture
def asking(work: Project) -> TestClient:
    app = create_app(work.reads(), ServeSettings(), work)
    return TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)


Shown = Callable[..., dict[str, str]]


@pytest.fixture
def shown(work: Project) -> Shown:
    def make(role: Role, *assets: str) -> dict[str, str]:
        return {"authorization": f"Bearer {make_token(work, f'a {role}', role, assets=assets, by='ana')[1]}"}

    return make


def begin(asking: TestClient, body: dict[str, Any], **headers: str) -> Any:
    return asking.post(RUNS, json=body, headers=headers)


def walk(work: Project) -> str:
    """What the worker's process does with the next run."""
    queue = Queue(environment=work.config.name, new_id=work.runtime.new_id)
    with writing(work.engine) as connection:
        claim = queue.claim(connection)
    assert claim is not None
    run = attempt(work.runtime, claim, work.check_configs)
    with writing(work.engine) as connection:
        queue.end(connection, claim, RequestStatus(run.status.value))
    return claim.id


def test_a_run_is_asked_for_walked_and_seen(work: Project, asking: TestClient) -> None:
    woken: list[str] = []
    asking.app.state.wake = lambda: woken.append("woken")  # type: ignore[attr-defined]
    answer = begin(asking, {"selection": "report", "partitions": "2024-02-01", "reason": "late orders"})
    assert answer.status_code == 202
    told = answer.json()
    assert answer.headers["location"] == f"{RUNS}/{told['id']}"
    assert (told["status"], told["ended"], told["reason"]) == ("queued", False, "late orders")
    assert told["steps"] == told["attempts"] == []
    assert woken == ["woken"]
    assert walk(work) == told["id"]
    seen = asking.get(answer.headers["location"]).json()
    assert (seen["status"], seen["ended"]) == ("succeeded", True)
    assert [(step["asset"], step["status"]) for step in seen["steps"]] == [
        ("orders", "published"), ("report", "published"),
    ]  # fmt: skip
    assert [one["ended"] for one in seen["attempts"]] == ["succeeded"]


def test_without_partitions_each_asset_is_made_for_its_newest(work: Project, asking: TestClient) -> None:
    put(work.config.root, "2024-02-29")
    begin(asking, {"selection": "orders, whole"})
    run = asking.get(f"{RUNS}/{walk(work)}").json()
    assert {(step["asset"], step["partition"]) for step in run["steps"]} == {("orders", "2024-02-29"), ("whole", None)}


def test_several_partitions_and_nothing_upstream(work: Project, asking: TestClient) -> None:
    put(work.config.root, "2024-02-03")
    body = {"selection": "orders", "partitions": ["2024-02-03", "2024-02-01"], "upstream": False}
    assert begin(asking, body).status_code == 202
    run = asking.get(f"{RUNS}/{walk(work)}").json()
    assert [step["partition"] for step in run["steps"]] == ["2024-02-03", "2024-02-01"]
    begin(asking, {"selection": "report", "partitions": "2024-02-01", "upstream": False, "force": True})
    run = asking.get(f"{RUNS}/{walk(work)}").json()
    assert [step["asset"] for step in run["steps"]] == ["report"]


def test_the_same_key_is_the_same_run(asking: TestClient) -> None:
    body = {"selection": "whole", "reason": "twice"}
    first, second = (begin(asking, body, **{"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 200)
    assert first.json()["id"] == second.json()["id"]
    assert begin(asking, body).json()["id"] != first.json()["id"]
    other = begin(asking, {**body, "force": True}, **{"Idempotency-Key": "k"})
    assert (other.status_code, other.json()["code"]) == (409, "request-conflict")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"selection": "ordres"}, 404, "unknown-name"),
        ({"selection": "whole and orders"}, 422, "invalid-selection"),
        ({"selection": "orders", "partitions": "yesterday"}, 404, "invalid-partition"),
        ({"selection": "whole", "unknown": 1}, 422, "invalid-request"),
        ({"selection": ""}, 422, "invalid-request"),
    ],
)
def test_what_cannot_be_planned_is_refused_and_not_asked_for(
    work: Project, asking: TestClient, body: dict[str, Any], status: int, code: str
) -> None:
    answer = begin(asking, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    with reading(work.engine) as connection:
        assert Queue(environment="local", new_id=str).has_work(connection) is False


def test_one_that_waits_is_cancelled_and_stays_so(work: Project, asking: TestClient) -> None:
    run = begin(asking, {"selection": "whole"}).json()
    answer = asking.post(f"{RUNS}/{run['id']}/cancel", json={"reason": "not now"})
    assert answer.status_code == 202
    assert (answer.json()["status"], answer.json()["ended"]) == ("cancelled", True)
    again = asking.post(f"{RUNS}/{run['id']}/cancel", json={})
    assert (again.status_code, again.json()["code"]) == (409, "cannot-change-run")
    with reading(work.engine) as connection:
        assert Queue(environment="local", new_id=str).has_work(connection) is False


def test_a_plan_says_what_would_be_done_and_does_nothing(asking: TestClient) -> None:
    plan = asking.get("/api/v1/plan", params={"selection": "report", "partitions": "2024-02-01"}).json()
    assert [(step["asset"], step["action"]) for step in plan["steps"]] == [("orders", "run"), ("report", "run")]
    forced = asking.get("/api/v1/plan", params={"selection": "whole", "force": "true"}).json()
    assert [step["asset"] for step in forced["steps"]] == ["whole"]
    assert asking.get(f"{RUNS}/nothing").status_code == 404


def test_a_viewer_reads_and_an_operator_acts(asking: TestClient, shown: Shown) -> None:
    viewer, operator = shown(Role.VIEWER), shown(Role.OPERATOR)
    assert asking.post(RUNS, json={"selection": "whole"}, headers=viewer).status_code == 403
    run = asking.post(RUNS, json={"selection": "whole"}, headers=operator).json()
    assert run["asked_by"] == "a operator"
    assert asking.get(f"{RUNS}/{run['id']}", headers=viewer).status_code == 200
    assert asking.get("/api/v1/plan?selection=whole", headers=viewer).status_code == 200
    assert asking.post(f"{RUNS}/{run['id']}/cancel", json={}, headers=viewer).status_code == 403
    assert asking.post(f"{RUNS}/{run['id']}/cancel", json={}, headers=operator).status_code == 202


def test_a_token_for_some_assets_runs_and_sees_those(asking: TestClient, shown: Shown) -> None:
    reporter, everybody = shown(Role.OPERATOR, "report"), shown(Role.OPERATOR)
    made = {"selection": "report", "partitions": "2024-02-01"}
    refused = asking.post(RUNS, json=made, headers=reporter)
    assert refused.status_code == 403, "it would make orders, too"
    assert asking.post(RUNS, json={"selection": "whole"}, headers=reporter).status_code == 404, (
        "as if it were not there"
    )
    run = asking.post(RUNS, json={"selection": "whole"}, headers=everybody).json()
    assert asking.get(f"{RUNS}/{run['id']}", headers=reporter).status_code == 403
    assert asking.post(f"{RUNS}/{run['id']}/cancel", json={}, headers=reporter).status_code == 403


def test_what_waits_for_a_release_is_not_asked_for_by_whom_it_isn_t(
    work: Project, tmp_path: Path, asking: TestClient, shown: Shown
) -> None:
    put(tmp_path, "2024-02-01", rows=[[1, "ada"], [1, "bob"]])
    work.run(work.plan("report", "2024-02-01"), trigger="test")
    blocked = {"selection": "report", "partitions": "2024-02-01"}
    plan = asking.get("/api/v1/plan", params=blocked, headers=shown(Role.VIEWER)).json()
    assert "run" not in [step["action"] for step in plan["steps"]]
    for caller in (shown(Role.OPERATOR, "whole"), shown(Role.OPERATOR, "orders")):
        assert asking.post(RUNS, json=blocked, headers=caller).status_code == 404
    assert asking.post(RUNS, json=blocked, headers=shown(Role.OPERATOR, "report")).status_code == 202


def test_a_refusal_names_none_of_the_assets_that_are_not_the_caller_s(asking: TestClient, shown: Shown) -> None:
    whole = shown(Role.OPERATOR, "whole")
    for selection in ("*", "ordres", "ordres+", "nothing like it", "tag:none", "group:none"):
        for page in ("/api/v1/plan", "/api/v1/assets", "/api/v1/schedules", "/plan"):
            name = "select" if page.endswith(("assets", "schedules")) else "selection"
            answer = asking.get(page, params={name: selection}, headers=whole)
            assert answer.status_code in (200, 403, 404, 422), (page, selection)
            told = answer.text.replace(selection, "")
            assert "orders" not in told, (page, selection)
            assert "report" not in told, (page, selection)
    near = asking.get("/api/v1/plan", params={"selection": "whol"}, headers=whole).json()
    assert near["nearest"] == ["whole"]


def test_what_a_step_said_is_told_to_whom_it_concerns(work: Project, asking: TestClient, shown: Shown) -> None:
    everybody, buyer, other = shown(Role.OPERATOR), shown(Role.VIEWER, "orders"), shown(Role.VIEWER, "whole", "report")
    begin(asking, {"selection": "orders", "partitions": "2024-02-01"}, **everybody)
    run_id = walk(work)
    where = f"{RUNS}/{run_id}/steps/orders/log"
    assert asking.get(where, headers=buyer).json()["tries"] == []
    with writing(work.engine) as connection:
        here, said = Address(AssetKey("orders"), "2024-02-01"), Said((LogLine(1.5, "info", "mine", "so"),), 3, "why")
        begun = datetime(2024, 3, 1, tzinfo=UTC)
        step_logs.save(connection, run_id, [step_logs.NewLog(here, 1, begun, said, True)], [])
    answer = asking.get(where, params={"partition": "2024-02-01"}, headers=buyer).json()
    assert (answer["asset"], answer["partition"], answer["status"]) == ("orders", "2024-02-01", "published")
    (one,) = answer["tries"]
    assert one == {
        "number": 1, "ended": True, "left_out": 3, "unknown": "why",
        "lines": [
            {"at": "2024-03-01T00:00:01.500000Z", "offset_s": 1.5, "level": "info", "source": "mine", "text": "so"}
        ],
    }  # fmt: skip
    assert asking.get(where, headers=other).status_code == 403
    assert asking.get(where, params={"partition": "2024-02-02"}, headers=everybody).status_code == 404
    missing = asking.get(f"{RUNS}/{run_id}/steps/report/log", headers=other).json()
    assert missing["status"] == 404
    assert "orders" not in str(missing), "it names what the token is not for"
    assert asking.get(f"{RUNS}/nobody/steps/orders/log", headers=buyer).status_code == 404
