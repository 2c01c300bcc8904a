import pytest
from starlette.testclient import TestClient

from observer.api import health
from observer.api.app import create_api
from observer.errors import StateError
from observer.reads.base import Reads
from observer.settings import ServeSettings


def client(reads: Reads) -> TestClient:
    app = create_api(reads, ServeSettings())
    return TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)


def test_a_held_partition(reads: Reads) -> None:
    answer = client(reads).get("/api/v1/gate/flights", params={"partition": "2013-02-08"})
    assert answer.status_code == 200
    assert answer.json() == {
        "asset": "flights",
        "partition": "2013-02-08",
        "open": False,
        "outcome": "held",
        "sentence": "flights is held",
        "reasons": ["dep_time null rate 50.8 %"],
        "holds": ["null_rate(dep_time)"],
        "overridden": [],
        "columns": [],
        "unknown": False,
        "materialization_id": "m1",
        "decided_at": "2013-02-09T06:00:00Z",
        "expires_at": None,
        "incident_id": 1,
        "readers_see": "2013-02-07",
    }


def test_open_overridden_and_never_judged(reads: Reads) -> None:
    def is_open(path: str) -> bool:
        answer: bool = client(reads).get(path).json()["open"]
        return answer

    assert is_open("/api/v1/gate/flights?partition=2013-02-07")
    assert is_open("/api/v1/gate/flights?partition=2013-02-06")
    assert not is_open("/api/v1/gate/quiet")
    assert not is_open("/api/v1/gate/flights?partition=")


def test_an_unknown_asset_names_the_nearest(reads: Reads) -> None:
    answer = client(reads).get("/api/v1/gate/flihgts")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:tidegate:problem:unknown-name",
        "title": "Unknown name",
        "status": 404,
        "detail": "no asset is called 'flihgts'; did you mean 'flights'?",
        "code": "unknown-name",
        "nearest": ["flights"],
    }


def test_an_unknown_partition_is_another_problem(reads: Reads) -> None:
    answer = client(reads).get("/api/v1/gate/flights?partition=yesterday")
    assert answer.status_code == 404
    assert answer.json()["code"] == "invalid-partition"
    assert "'yesterday'" in answer.json()["detail"]


def test_hostile_names_are_just_unknown(reads: Reads) -> None:
    for name in ["%00", "..%2F..%2Fetc", "'; drop table gates --", "%F0%9F%8C%8A", "a" * 400]:
        assert client(reads).get(f"/api/v1/gate/{name}").status_code == 404
    assert client(reads).get(f"/api/v1/gate/{'a' * 401}").status_code == 422
    assert client(reads).post("/api/v1/gate/flights", json={}).status_code == 405


def test_health(reads: Reads, state_error: StateError, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_COUNTS_S", -1.0)
    asking = client(reads)
    assert asking.get("/healthz").json() == {"status": "alive"}
    assert asking.get("/readyz").json() == {"status": "ready"}
    reads.broken = state_error  # type: ignore[attr-defined]
    assert asking.get("/healthz").status_code == 200
    unready = asking.get("/readyz")
    assert unready.status_code == 503
    assert unready.json()["code"] == "state"
    assert "start it" not in unready.text, "whoever asks has shown no token"


def test_who_asks_for_health_all_the_time_asks_the_store_once(reads: Reads, state_error: StateError) -> None:
    asking = client(reads)
    assert asking.get("/readyz").status_code == 200
    reads.broken = state_error  # type: ignore[attr-defined]
    assert [asking.get("/readyz").status_code for _ in range(5)] == [200] * 5
