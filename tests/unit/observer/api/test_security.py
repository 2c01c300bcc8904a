import base64
from collections.abc import Mapping
from typing import Annotated

import httpx2
import pytest
from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, Response
from starlette.testclient import TestClient

from observer.api.app import create_api
from observer.api.forms import form
from observer.reads.base import Reads
from observer.settings import ServeSettings

TOKEN = "tide-gåte:with-colon"


def client(reads: Reads, **settings: str) -> TestClient:
    app = create_api(reads, ServeSettings(**settings))  # type: ignore[arg-type]

    @app.post("/write")
    def write() -> dict[str, bool]:
        return {"written": True}

    @app.get("/page")
    def page() -> HTMLResponse:
        return HTMLResponse("<p>" + "tide " * 1000)

    @app.get("/proof")
    def proof(request: Request) -> HTMLResponse:
        return HTMLResponse(request.state.proof)

    @app.post("/echo")
    def echo(sent: Annotated[Mapping[str, str], Depends(form)]) -> str:
        return sent["text"]

    @app.get("/asset.json")
    def asset() -> Response:
        return Response("{}", media_type="application/json", headers={"cache-control": "max-age=9"})

    return TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"anyone:{password}".encode()).decode()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8000", "localhost:9", "LOCALHOST", "[::1]:8000", "127.8.8.8"])
def test_our_own_names_are_answered(reads: Reads, host: str) -> None:
    assert client(reads).get("/readyz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evil.example@127.0.0.1",
        "127.0.0.1@evil.example",
        "127.0.0.1/evil.example",
        "192.168.0.7",
        "0.0.0.0",
        "",
        "[::1",
        "127.0.0.1:x",
    ],
)
def test_any_other_name_is_refused(reads: Reads, host: str) -> None:
    """A page of evil.example, which resolves to 127.0.0.1, reads nothing."""
    for path in ["/readyz", "/healthz", "/api/v1/gate/flights", "/nothing"]:
        answer = client(reads).get(path, headers={"host": host})
        assert answer.status_code == 421
        assert answer.json()["code"] == "unknown-host"
        assert "content-security-policy" in answer.headers


def test_two_hosts_are_refused(reads: Reads) -> None:
    headers = [("host", "127.0.0.1"), ("host", "evil.example")]
    assert client(reads).get("/readyz", headers=httpx2.Headers(headers)).status_code == 400


def test_the_name_it_listens_on_is_its_own(reads: Reads) -> None:
    asking = client(reads, host="dq.internal")
    assert asking.get("/readyz", headers={"host": "DQ.internal:80"}).status_code == 200
    assert asking.get("/readyz", headers={"host": "other.internal"}).status_code == 421


@pytest.mark.parametrize("shown", [f"Bearer {TOKEN}", f"bearer {TOKEN}", basic(TOKEN)])
def test_the_token_opens(reads: Reads, shown: str) -> None:
    headers = {"authorization": shown.encode(), "host": "anything.example"}
    assert client(reads, token=TOKEN).get("/api/v1/openapi.json", headers=headers).status_code == 200  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "shown",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        TOKEN,
        f"Digest {TOKEN}",
        "Basic ???",
        "Basic " + base64.b64encode(TOKEN.encode()).decode(),
        basic("wrong"),
        basic(""),
    ],
)
@pytest.mark.parametrize("path", ["/metrics", "/api/v1/gate/flights", "/api/v1/openapi.json", "/nothing", "/page"])
def test_without_the_token_nothing_opens(reads: Reads, shown: str | None, path: str) -> None:
    headers = {} if shown is None else {"authorization": shown.encode()}
    answer = client(reads, token=TOKEN).get(path, headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="tidegate"'
    assert answer.json()["code"] == "unauthorized"
    assert "tide-g" not in answer.text


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_alive_and_ready_are_said_without_the_token(reads: Reads, path: str) -> None:
    """As a pod is asked by its kubelet: under its address, with no token."""
    asking = client(reads, token=TOKEN)
    assert asking.get(path, headers={"host": "10.1.2.3:8000"}).status_code == 200
    assert asking.get(f"{path}/", follow_redirects=False).status_code == 401


def test_an_empty_token_is_none(reads: Reads) -> None:
    asking = client(reads, token="")
    assert asking.get("/readyz").status_code == 200
    assert asking.get("/readyz", headers={"host": "evil.example"}).status_code == 421


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"origin": "http://127.0.0.1:8000"}, 200),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"origin": "http://127.0.0.1:3000"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
    ],
)
def test_another_page_writes_nothing(reads: Reads, headers: dict[str, str], status: int) -> None:
    assert client(reads).post("/write", headers=headers, json={}).status_code == status
    for shown in (basic("t"), "Bearer t"):
        with_token = {"authorization": shown, **headers}
        assert client(reads, token="t").post("/write", headers=with_token, json={}).status_code == status


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
@pytest.mark.parametrize("shown", [None, basic("t")])
def test_what_any_page_can_send_needs_a_proof(reads: Reads, kind: str | None, shown: str | None) -> None:
    """Not even the Origin header is needed to refuse it: old browsers leave it out."""
    asking = client(reads) if shown is None else client(reads, token="t")
    headers = {"authorization": shown} if shown else {}
    answer = asking.post("/write", headers=headers | ({"content-type": kind} if kind else {}))
    assert (answer.status_code, answer.json()["code"]) == (403, "unproven-form")
    assert asking.put("/write", headers=headers).status_code == 405  # which no page sends without asking first
    if shown:
        assert asking.post("/write", headers={"authorization": "Bearer t"}).status_code == 200


def test_a_form_of_our_own_page_is_taken(reads: Reads) -> None:
    asking = client(reads)
    shown = asking.get("/proof").text
    assert asking.cookies["tidegate_visit"]
    assert asking.post("/write", data={"csrf": shown, "other": "1"}).status_code == 200
    assert asking.post("/write", headers={"x-tidegate-csrf": shown}).status_code == 200
    assert asking.post("/write", data={"csrf": shown[:-1] + "x"}).status_code == 403
    asking.cookies.clear()
    assert asking.post("/write", data={"csrf": shown}).status_code == 403


def test_the_cookie_is_nobody_elses(reads: Reads) -> None:
    answer = client(reads).get("/page")
    assert answer.headers["set-cookie"].endswith("; HttpOnly; SameSite=Strict")
    assert "set-cookie" not in client(reads).get("/readyz").headers


def test_a_form_is_read_again_by_its_route(reads: Reads) -> None:
    asking = client(reads)
    shown = asking.get("/proof").text
    text = "gåte " * 5_000
    assert asking.post("/echo", data={"text": text, "csrf": shown}).json() == text
    too_long = {"text": "x" * 100_000, "csrf": shown}
    assert asking.post("/echo", data=too_long).status_code in (403, 413)
    assert asking.post("/echo", data=too_long, headers={"x-tidegate-csrf": shown}).status_code == 413


def test_the_headers_of_a_page(reads: Reads) -> None:
    answer = client(reads).get("/page", headers={"accept-encoding": "gzip"})
    assert answer.headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-encoding"] == "gzip"
    assert client(reads).get("/asset.json").headers["cache-control"] == "max-age=9"


def test_there_is_no_websocket(reads: Reads) -> None:
    from starlette.websockets import WebSocketDisconnect

    with pytest.raises(WebSocketDisconnect), client(reads).websocket_connect("/"):
        pass
