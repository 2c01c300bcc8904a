import logging

import pytest
from fastapi import HTTPException
from starlette.testclient import TestClient

from observer.api.app import create_api
from observer.errors import ReleaseError, StateError, TidegateError
from observer.reads.base import Reads
from observer.settings import ServeSettings


@pytest.fixture
def asking(reads: Reads) -> TestClient:
    app = create_api(reads, ServeSettings())

    @app.get("/raise/{kind}")
    def broken(kind: str, number: int = 0) -> None:
        raise {
            "release": ReleaseError("can't"),
            "root": TidegateError("odd"),
            "value": ValueError("postgresql://me:hunter2@db/x"),
            "teapot": HTTPException(418, "short and stout"),
            "large": HTTPException(413, "more than fits"),
            "odd": HTTPException(422, "not meant"),
        }[kind]

    return TestClient(app, base_url="http://localhost:8000", raise_server_exceptions=False)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/raise/release", 409, "cannot-release"),
        ("/raise/root", 500, "tidegate"),
        ("/raise/value", 500, "unexpected"),
        ("/raise/teapot", 418, "i'm-a-teapot"),
        ("/raise/large", 413, "content-too-large"),
        ("/raise/odd", 422, "invalid-request"),
        ("/raise/release?number=hunter2", 422, "invalid-request"),
        ("/nothing", 404, "not-found"),
        ("/docs", 404, "not-found"),
        ("/redoc", 404, "not-found"),
    ],
)
def test_every_error_is_a_problem(asking: TestClient, path: str, status: int, code: str) -> None:
    answer = asking.get(path)
    body = answer.json()
    assert answer.status_code == body["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert body["code"] == code
    assert body["type"] == f"urn:tidegate:problem:{code}"
    assert body["title"]
    assert body["detail"]
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text


def test_what_is_wrong_with_a_request_is_named(asking: TestClient) -> None:
    errors = asking.get("/raise/release?number=x").json()["errors"]
    assert errors[0]["where"] == "query.number"
    assert "integer" in errors[0]["message"]


def test_the_stack_is_in_the_log(asking: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "observer.api")
    asking.get("/raise/value?token=hunter3")
    assert "GET /raise/value failed" in caplog.text
    assert "hunter3" not in caplog.text


def test_a_store_that_is_away(reads: Reads, state_error: StateError, asking: TestClient) -> None:
    reads.broken = state_error  # type: ignore[attr-defined]
    answer = asking.get("/api/v1/gate/flights")
    assert answer.status_code == 503
    assert answer.json()["detail"] == str(state_error)


def test_the_description_is_served_and_named_once(asking: TestClient) -> None:
    description = asking.get("/api/v1/openapi.json").json()
    assert description["openapi"].startswith("3.")
    assert {"/api/v1/gate/{asset}", "/healthz", "/readyz"} <= set(description["paths"])
    assert "Problem" in description["components"]["schemas"]
