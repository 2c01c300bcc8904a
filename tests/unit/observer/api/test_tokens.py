"""Tokens and sessions against a real project: what they open, for whom, and until when."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import pytest
from fastapi import Depends
from sqlalchemy import text
from starlette.testclient import TestClient

from dashboards.app import create_app
from observer.access import Caller, Role
from observer.api import callers
from observer.api.cookies import proof
from observer.api.roles import OWN_ASSETS, allowed, require
from observer.errors import TokenError, UnknownName
from observer.project import Project, open_project
from observer.settings import ServeSettings
from observer.tokens import make_token, revoke_token, tokens_of
from orchestration.database import reading
from orchestration.errors import SelectionError
from tests.unit.observer.shop import shop


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Project]:
    project = open_project(shop(tmp_path))
    yield project
    project.close()


@pytest.fixture(autouse=True)
def _asks_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "_REMEMBERED_S", -1.0)


def client(work: Project, token: str | None = None) -> TestClient:
    app = create_app(work.reads(), ServeSettings(token=token), work)

    @app.post("/api/v1/act")
    def act(caller: Annotated[Caller, Depends(allowed(Role.OPERATOR))]) -> str:
        return caller.name

    @app.post("/api/v1/rule", dependencies=[Depends(allowed(Role.ADMIN))])
    def rule() -> str:
        return "ruled"

    @app.post("/api/v1/careless")
    def careless() -> str:
        return "written"

    @app.post("/api/v1/own", openapi_extra=OWN_ASSETS)
    def own(asset_named: str, caller: Annotated[Caller, Depends(allowed(Role.OPERATOR))]) -> str:
        require(caller, asset_named)
        return asset_named

    return TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)


Shown = Callable[..., dict[str, str]]


@pytest.fixture
def shown(work: Project) -> Shown:
    def make(role: Role = Role.VIEWER, *assets: str, for_s: float | None = None) -> dict[str, str]:
        _, secret = make_token(work, f"a {role}", role, assets=assets, for_s=for_s, by="ana")
        return {"authorization": f"Bearer {secret}"}

    return make


def test_without_a_token_this_machine_is_admin(work: Project) -> None:
    asking = client(work)
    assert asking.post("/api/v1/rule", json={}).status_code == 200
    assert asking.get("/").status_code == 200


def test_from_the_first_one_on_everybody_shows_one(work: Project, shown: Shown) -> None:
    asking = client(work)
    assert asking.get("/api/v1/gate/whole").status_code == 200
    viewer = shown()
    assert asking.get("/api/v1/gate/whole").status_code == 401
    assert asking.get("/api/v1/gate/whole", headers=viewer).status_code == 200
    revoke_token(work, tokens_of(work)[0].id)
    assert client(work).get("/api/v1/gate/whole", headers=viewer).status_code == 401
    assert client(work).get("/api/v1/gate/whole").status_code == 401, "the last one's end opens nothing"


@pytest.mark.parametrize("path", ["act", "rule", "careless"])
def test_a_role_covers_those_before_it(work: Project, shown: Shown, path: str) -> None:
    asking = client(work)
    expected = {
        "act": {Role.VIEWER: 403, Role.OPERATOR: 200, Role.ADMIN: 200},
        "rule": {Role.VIEWER: 403, Role.OPERATOR: 403, Role.ADMIN: 200},
        "careless": {Role.VIEWER: 403, Role.OPERATOR: 200, Role.ADMIN: 200},
    }[path]
    for role, status in expected.items():
        answer = asking.post(f"/api/v1/{path}", headers=shown(role))
        assert answer.status_code == status, role
        if status == 403:
            assert answer.json()["code"] == "not-allowed"
            assert "nothing was changed" in answer.json()["detail"]


def test_it_is_for_its_assets_only(work: Project, shown: Shown) -> None:
    asking, some = client(work), shown(Role.OPERATOR, "orders+")
    assert asking.get("/api/v1/gate/orders?partition=2024-01-01", headers=some).status_code == 200
    assert asking.get("/api/v1/gate/report?partition=2024-01-01", headers=some).status_code == 200
    refused = [asking.get(f"/api/v1/gate/{asset}", headers=some) for asset in ("whole", "nothing")]
    assert [(each.status_code, each.json()["code"]) for each in refused] == [(403, "not-allowed")] * 2
    assert asking.post("/api/v1/own?asset_named=orders", headers=some).status_code == 200
    assert asking.post("/api/v1/own?asset_named=whole", headers=some).status_code == 403
    for path in ("/", "/now.json", "/assets/orders", "/assets/orders.json", "/api/v1/openapi.json"):
        assert asking.get(path, headers=some).status_code in (403, 404) or path.endswith("openapi.json"), path
    assert asking.post("/api/v1/careless", headers=some).status_code == 403


def test_assets_that_are_gone_give_nothing(work: Project, shown: Shown) -> None:
    some = shown(Role.VIEWER, "report")
    graph = work.graph
    without = replace(
        work, definitions=replace(work.definitions, graph=type(graph)(a for a in graph if a.key != "report"))
    )
    assert client(without).get("/api/v1/gate/report", headers=some).status_code == 403


def test_it_ends(work: Project) -> None:
    _, secret = make_token(work, "short", Role.VIEWER, for_s=3600, by="ana")
    headers = {"authorization": f"Bearer {secret}"}
    assert client(work).get("/api/v1/openapi.json", headers=headers).status_code == 200
    wall = work.clock.wall
    later = replace(
        work, runtime=replace(work.runtime, clock=replace(work.clock, wall=lambda: wall() + timedelta(hours=1)))
    )
    assert client(later).get("/api/v1/openapi.json", headers=headers).status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t[:-1] + ("A" if t[-1] != "A" else "B"),
        lambda t: t + "A",
        lambda t: t.replace("tidegate_", "tidegate_x"),
        lambda t: t[:9] + "0" * 12 + t[21:],
        lambda t: t.upper(),
        lambda t: t[22:],
        lambda t: "tidegate_" + "%" * 12 + t[21:],
        lambda t: t + "\n",
        lambda t: "",
        lambda t: "é" * 60,
        lambda t: "x" * 7_000,
    ],
)
def test_what_is_like_a_token_opens_nothing(work: Project, change: Callable[[str], str]) -> None:
    _, secret = make_token(work, "x", Role.ADMIN, by="ana")
    for scheme in ("Bearer", "Basic"):
        headers = {"authorization": f"{scheme} {change(secret)}".encode()}
        answer = client(work).get("/api/v1/openapi.json", headers=headers)  # type: ignore[arg-type]
        if change(secret).strip() != secret:
            assert answer.status_code == 401


def test_nothing_that_opens_is_kept(work: Project) -> None:
    token, secret = make_token(work, "x", Role.ADMIN, by="ana")
    with reading(work.engine) as connection:
        kept = str(connection.execute(text("SELECT * FROM tokens")).all())
    assert token.id in kept
    assert secret.rpartition("_")[2] not in kept
    assert secret not in repr(tokens_of(work))


def test_what_cannot_be_made_is_refused(work: Project) -> None:
    with pytest.raises(UnknownName, match="did you mean 'orders'"):
        make_token(work, "x", Role.VIEWER, assets=["ordres"], by="ana")
    with pytest.raises(SelectionError, match="a status changes"):
        make_token(work, "x", Role.VIEWER, assets=["status:held"], by="ana")
    with pytest.raises(TokenError, match="needs a name"):
        make_token(work, " ", Role.VIEWER, by="ana")
    with pytest.raises(TokenError, match="over already"):
        make_token(work, "x", Role.VIEWER, for_s=0, by="ana")
    with pytest.raises(UnknownName, match="no token is called"):
        revoke_token(work, "x")
    assert tokens_of(work) == ()


def log_in(asking: TestClient, secret: str, wanted: str = "/") -> str:
    """Log in as a browser does; returns where it is sent."""
    page = asking.get("/login", params={"next": wanted}).text
    csrf = page.partition('name="csrf" value="')[2].partition('"')[0]
    answer = asking.post("/login", data={"token": secret, "next": wanted, "csrf": csrf}, follow_redirects=False)
    assert answer.status_code == 303
    return answer.headers["location"]


@pytest.mark.parametrize("by", ["token", "environment"])
def test_a_person_logs_in_and_out(work: Project, by: str) -> None:
    secret = "chosen" if by == "environment" else make_token(work, "ana", Role.OPERATOR, by="ana")[1]
    asking = client(work, "chosen" if by == "environment" else None)
    page = {"accept": "text/html"}
    sent = asking.get("/assets/orders?partition=2024-01-01", headers=page, follow_redirects=False)
    assert (sent.status_code, sent.headers["location"]) == (
        303, "/login?next=%2Fassets%2Forders%3Fpartition%3D2024-01-01",
    )  # fmt: skip
    assert asking.get("/api/v1/gate/whole", headers=page).status_code == 401
    assert log_in(asking, "wrong", "/assets/orders").startswith("/login?failed=1&next=%2Fassets%2Forders")
    assert "opens nothing here" in asking.get("/login?failed=1").text
    assert log_in(asking, secret, "/assets/orders") == "/assets/orders"
    assert asking.get("/assets/orders", headers=page).status_code == 200
    assert asking.get("/login?next=/assets/orders", follow_redirects=False).headers["location"] == "/assets/orders"

    assert asking.post("/api/v1/act", json={}).status_code == 403, "a session alone proves nothing"
    assert asking.post("/logout", follow_redirects=False).status_code == 403
    with reading(work.engine) as connection:
        kept = str(connection.execute(text("SELECT * FROM sessions")).all())
    assert asking.cookies["tidegate_session"] not in kept

    shown = {"x-tidegate-csrf": proof(asking.cookies["tidegate_session"])}
    assert asking.post("/api/v1/act", json={}, headers=shown).status_code == 200
    session = asking.cookies["tidegate_session"]
    assert asking.post("/logout", headers=shown, follow_redirects=False).headers["location"] == "/login"
    assert asking.get("/api/v1/openapi.json", headers={"cookie": f"tidegate_session={session}"}).status_code == 401


def test_a_session_ends_with_its_token(work: Project) -> None:
    token, secret = make_token(work, "ana", Role.VIEWER, by="ana")
    asking = client(work)
    log_in(asking, secret)
    assert asking.get("/api/v1/openapi.json").status_code == 200
    revoke_token(work, token.id)
    assert asking.get("/api/v1/openapi.json").status_code == 401


def test_a_session_ends_when_the_environments_token_changes(work: Project) -> None:
    asking = client(work, "one")
    log_in(asking, "one")
    session = {"cookie": f"tidegate_session={asking.cookies['tidegate_session']}"}
    assert client(work, "one").get("/api/v1/openapi.json", headers=session).status_code == 200
    assert client(work, "two").get("/api/v1/openapi.json", headers=session).status_code == 401


def test_nobody_is_sent_elsewhere_after_logging_in(work: Project) -> None:
    _, secret = make_token(work, "ana", Role.VIEWER, by="ana")
    for wanted in (
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "javascript:1",
        "",
        "/\r\nset-cookie: a=b",
    ):
        assert log_in(client(work), secret, wanted) == "/"


def test_logging_in_for_somebody_else_is_refused(work: Project) -> None:
    """Else a page could log its visitor in as itself, and see what is done then."""
    _, secret = make_token(work, "eve", Role.VIEWER, by="eve")
    assert client(work).post("/login", data={"token": secret}).json()["code"] == "unproven-form"


def test_a_link_from_a_message_keeps_its_session(work: Project) -> None:
    page = client(work).get("/login?next=/runs/x", headers={"sec-fetch-site": "cross-site"})
    assert 'content="0;url=/login?next=%2Fruns%2Fx"' in page.text
