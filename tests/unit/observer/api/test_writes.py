"""What changes something: who may, what it does, and that it is written down."""

import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from sqlalchemy import select
from starlette.testclient import TestClient

from dashboards.app import create_app
from observer.access import Role
from observer.api import bodies, callers, security
from observer.api.rates import Buckets
from observer.api.serve import listen
from observer.project import Project, open_project
from observer.settings import ServeSettings
from observer.tokens import make_token
from orchestration.database import reading
from orchestration.tables import metadata
from tests.unit.observer.shop import put, shop

DAY = "2024-01-10"


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Project]:
    folder = shop(tmp_path)
    put(folder, DAY, ["ada", "bad"])  # the check `known` holds it
    project = open_project(folder)
    project.run(project.plan("orders", DAY), trigger="test")
    yield project
    project.close()


@pytest.fixture
def asking(work: Project) -> TestClient:
    app = create_app(work.reads(), ServeSettings(), work)
    return TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)


def shown(work: Project, role: Role) -> dict[str, str]:
    return {"authorization": f"Bearer {make_token(work, f'a {role}', role, by='ana')[1]}"}


def outcome(asking: TestClient) -> str:
    answer: str = asking.get(f"/api/v1/gate/orders?partition={DAY}").json()["outcome"]
    return answer


def test_a_held_version_is_released_with_a_reason(asking: TestClient) -> None:
    assert outcome(asking) == "held"
    path = "/api/v1/gate/orders/release"
    assert asking.post(path, json={"partition": DAY, "reason": " "}).status_code == 422
    assert asking.post(path, json={"partition": DAY, "reason": "a\0b"}).status_code == 422
    done = asking.post(path, json={"partition": DAY, "reason": "looked at"})
    assert (done.status_code, outcome(asking)) == (200, "open")
    again = asking.post(path, json={"partition": DAY, "reason": "looked at"})
    assert (again.status_code, again.json()["code"]) == (409, "cannot-release")


def test_a_gate_is_overridden_by_an_admin(asking: TestClient, work: Project) -> None:
    body = {"partition": DAY, "reason": "the report waits", "seconds": 3600}
    operator, admin = shown(work, Role.OPERATOR), shown(work, Role.ADMIN)
    assert asking.post("/api/v1/gate/orders/override", json=body, headers=operator).status_code == 403
    assert asking.post("/api/v1/gate/orders/override", json=body, headers=admin).status_code == 200
    assert asking.get(f"/api/v1/gate/orders?partition={DAY}", headers=admin).json()["outcome"] == "open_by_override"
    for seconds in (0, -1, 1e12, "NaN"):
        answer = asking.post("/api/v1/gate/orders/override", json=body | {"seconds": seconds}, headers=admin)
        assert answer.status_code == 422, seconds
    missing = asking.post("/api/v1/gate/orders/override", json=body | {"partition": "2024-01-02"}, headers=admin)
    assert (missing.status_code, missing.json()["code"]) == (409, "invalid-version"), "nothing of it is held"


def test_a_check_is_muted_and_heard_again(asking: TestClient) -> None:
    path = "/api/v1/assets/orders/mutes"
    made = asking.post(path, json={"subject": "unique(id)", "seconds": 60, "reason": "a new feed"})
    assert (made.status_code, made.json()["by"]) == (200, "someone on this machine")
    assert [one["subject"] for one in asking.get(path).json()] == ["unique(id)"]
    assert asking.delete(path, params={"subject": "unique(id)"}).status_code == 204
    assert asking.get(path).json() == []
    assert asking.delete(path, params={"subject": "unique(id)"}).status_code == 409
    assert asking.post(path, json={"subject": "unique(x)", "seconds": 60, "reason": "x"}).status_code == 404


def test_every_change_is_written_down(asking: TestClient, work: Project) -> None:
    operator, admin = shown(work, Role.OPERATOR), shown(work, Role.ADMIN)
    body = {"partition": DAY, "reason": "looked at"}
    for status in (200, 409):
        assert asking.post("/api/v1/gate/orders/release", json=body, headers=operator).status_code == status
    asking.get("/api/v1/gate/whole", headers=operator)
    assert asking.get("/api/v1/audit", headers=operator).status_code == 403
    page = asking.get("/api/v1/audit?limit=1", headers=admin).json()
    (last,) = page["items"]
    assert (last["name"], last["method"], last["path"], last["status"]) == (
        "a operator", "POST", "/api/v1/gate/orders/release", 409,
    )  # fmt: skip
    assert operator["authorization"].split("_")[1] == last["token_id"]
    page = asking.get("/api/v1/audit", params={"limit": 5, "cursor": page["next"]}, headers=admin).json()
    assert [one["status"] for one in page["items"]] == [200]
    assert page["next"] is None


def everything(work: Project) -> dict[str, list[Any]]:
    with reading(work.engine) as connection:
        return {table.name: connection.execute(select(table)).all() for table in metadata.sorted_tables}


def test_a_viewer_changes_nothing_by_any_route(asking: TestClient, work: Project) -> None:
    viewer, before = shown(work, Role.VIEWER), everything(work)
    paths = asking.get("/api/v1/openapi.json", headers=viewer).json()["paths"]
    tried = 0
    for path, methods in paths.items():
        if path == "/logout":
            continue
        filled = re.sub(r"{\w+}", "orders", path)
        for method in methods.keys() - {"get"}:
            for body in ({}, {"asset": "orders", "partition": DAY, "reason": "x", "seconds": 60, "subject": "known"}):
                answer = asking.request(method, filled, json=body, headers=viewer)
                assert answer.status_code in (403, 415), (method, path)
                tried += 1
    assert tried >= 16
    for path in paths:
        asking.get(re.sub(r"{\w+}", "orders", path), headers=viewer) if path != "/api/v1/events" else None
    assert {name: rows for name, rows in everything(work).items() if rows != before[name]} == {}


def test_what_has_not_changed_is_not_sent_again(asking: TestClient) -> None:
    path = f"/api/v1/gate/orders?partition={DAY}"
    first = asking.get(path)
    tag = first.headers["etag"]
    again = asking.get(path, headers={"if-none-match": f'"x", {tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    asking.post("/api/v1/gate/orders/release", json={"partition": DAY, "reason": "looked at"})
    assert asking.get(path, headers={"if-none-match": tag}).status_code == 200
    assert "etag" not in asking.get("/api/v1/gate/nothing").headers


def test_prometheus_reads_the_state(asking: TestClient) -> None:
    asking.get("/api/v1/gate/nothing")
    text = asking.get("/metrics").text
    assert 'tidegate_assets{state="held"} 1' in text
    assert 'tidegate_incidents_unresolved{severity="error"} 1' in text
    assert 'tidegate_http_requests_total{method="GET",status="404"} 1' in text
    assert 'tidegate_http_request_seconds_bucket{le="+Inf"} 1' in text
    names = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(names) == len(set(names))
    for line in text.splitlines():
        assert re.fullmatch(r"# (HELP|TYPE) \w+ .+|\w+(\{\w+=\"[^\"]+\"(,\w+=\"[^\"]+\")*\})? [\d.e+]+", line), line


def test_who_asks_too_often_waits(asking: TestClient, work: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(security, "BURST", 5.0)
    monkeypatch.setattr(security, "PER_S", 0.001)
    monkeypatch.setattr(security, "FAILURES_BURST", 3.0)
    monkeypatch.setattr(security, "FAILURES_PER_S", 0.001)
    monkeypatch.setattr(callers, "_REMEMBERED_S", -1.0)
    one, other = shown(work, Role.VIEWER), shown(work, Role.VIEWER)
    statuses = [asking.get("/api/v1/openapi.json", headers=one).status_code for _ in range(7)]
    assert statuses == [200] * 5 + [429] * 2
    assert asking.get("/api/v1/openapi.json", headers=other).status_code == 200
    wrong = [asking.get("/api/v1/openapi.json", headers={"authorization": "Bearer x"}) for _ in range(5)]
    assert [answer.status_code for answer in wrong] == [401] * 3 + [429] * 2
    assert int(wrong[-1].headers["retry-after"]) > 0


def test_a_bucket_fills_again() -> None:
    bucket = Buckets(1000.0, 2.0)
    assert [bucket.wait_s("a") for _ in range(2)] == [0.0, 0.0]
    bucket = Buckets(0.5, 1.0)
    bucket.wait_s("a")
    assert 1.9 < bucket.wait_s("a") <= 2.0


@pytest.fixture
def address(work: Project) -> Iterator[tuple[str, int]]:
    listener = listen(ServeSettings(port=0))
    app = create_app(work.reads(), ServeSettings(), work)
    running = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
    thread.start()
    yield listener.getsockname()
    running.should_exit = True
    thread.join(20)


HEAD = b"POST /api/v1/ingest HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
GIGABYTE = 1024**3


def test_a_gigabyte_is_refused_by_its_header(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=20) as line:
        line.sendall(HEAD + f"Content-Length: {GIGABYTE}\r\n\r\n".encode())
        assert line.recv(65_536).startswith(b"HTTP/1.1 413")


def test_a_gigabyte_without_a_length_is_read_up_to_the_limit(address: tuple[str, int]) -> None:
    chunk, sent, answer = b"10000\r\n" + b"x" * 65_536 + b"\r\n", 0, b""
    with socket.create_connection(address, timeout=20) as line:
        line.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        try:
            while sent < GIGABYTE:
                line.sendall(chunk)
                sent += 65_536
        except OSError:
            pass  # it has hung up
        try:
            answer = line.recv(65_536)
        except OSError:
            answer = b""
    assert sent < 64 * 1024 * 1024
    assert answer == b"" or answer.startswith(b"HTTP/1.1 413")


def test_a_body_that_comes_too_slowly_is_not_waited_for(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "SLOWEST_S", 0.5)
    with socket.create_connection(address, timeout=60) as line:
        line.sendall(HEAD + b"Content-Length: 100\r\n\r\n{")
        assert line.recv(65_536).startswith(b"HTTP/1.1 408")
