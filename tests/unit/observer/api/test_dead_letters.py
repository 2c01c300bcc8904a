"""What could not be delivered, over HTTP and on its page, with a real project and a real receiver."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from dashboards.app import create_app
from observer.access import Role
from observer.project import Project, open_project
from observer.reads import dead_letters
from observer.settings import ServeSettings
from observer.store.outbox import StoredOutbox
from observer.store.tables import outbox
from observer.tokens import make_token
from orchestration.database import reading
from tests.support.receiver import Receiver

PIPELINE = """
import observer as ob
import pandas as pd


@ob.asset(checks=[ob.row_count(2)])
def orders() -> pd.DataFrame:
    return pd.DataFrame({"id": [1]})


@ob.asset(checks=[ob.row_count(2)])
def visits() -> pd.DataFrame:
    return pd.DataFrame({"id": [1]})
"""
TOML = '[env.local]\nchannels = [{ kind = "webhook", name = "ops", url = "URL", secret = "hunter2" }]\n'
DEAD = "/api/v1/dead-letters"


@pytest.fixture
def work(tmp_path: Path, receiver: Receiver) -> Iterator[Project]:
    (tmp_path / "pipeline.py").write_text(PIPELINE)
    (tmp_path / "tidegate.toml").write_text(TOML.replace("URL", receiver.url))
    project = open_project(tmp_path)
    project.run(project.plan("*", None), trigger="test")
    for name in _ids(project):
        why = "https://hooks answered 500; given up after 84 tries"
        StoredOutbox(project.engine, "local").failed(name, why, None, at=project.clock.wall())
    yield project
    project.close()


def _ids(work: Project) -> list[str]:
    with reading(work.engine) as connection:
        return list(connection.execute(select(outbox.c.id).order_by(outbox.c.incident_id)).scalars())


def test_they_are_listed_counted_and_tried_again(work: Project, receiver: Receiver) -> None:
    asking = TestClient(create_app(work.reads(), ServeSettings(), work), base_url="http://127.0.0.1:8000")
    found = asking.get(DEAD).json()["letters"]
    assert sorted(one["title"] for one in found) == ["orders is held", "visits is held"]
    assert {(one["channel"], one["event"], one["holds"]) for one in found} == {("ops", "incident.opened", 1)}
    assert "given up after 84 tries" in found[0]["why"]
    assert "tidegate_alerts_given_up 2\n" in asking.get("/metrics").text
    assert '<a href="/dead-letters">2 given up</a>' in asking.get("/").text
    shown = asking.get("/dead-letters").text
    assert "2 messages could not be delivered" in shown
    assert f'value="{found[0]["id"]}"' in shown
    for body, status in (({}, 422), ({"ids": ["x"], "all": True}, 422), ({"ids": ["x"]}, 404)):
        assert asking.post(f"{DEAD}/replay", json=body).status_code == status
    assert asking.post(f"{DEAD}/replay", json={"ids": [found[0]["id"]]}).json() == {"ids": [found[0]["id"]]}
    work.deliver()
    assert [request.headers["webhook-id"] for request in receiver.accepted] == [found[0]["id"]]
    assert asking.post(f"{DEAD}/replay", json={"all": True}).json() == {"ids": [found[1]["id"]]}
    assert asking.get(DEAD).json() == {"letters": [], "more": False}
    assert "Every message was delivered, or is still tried" in asking.get("/dead-letters").text


def test_a_viewer_looks_and_a_token_of_some_assets_sees_their_letters(work: Project) -> None:
    asking = TestClient(create_app(work.reads(), ServeSettings(), work), base_url="http://127.0.0.1:8000")

    def shown(role: Role, *assets: str) -> dict[str, str]:
        return {"authorization": f"Bearer {make_token(work, 'x', role, assets=assets, by='ana')[1]}"}

    viewer, some = shown(Role.VIEWER), shown(Role.OPERATOR, "visits")
    assert len(asking.get(DEAD, headers=viewer).json()["letters"]) == 2
    assert asking.post(f"{DEAD}/replay", json={"all": True}, headers=viewer).status_code == 403
    [mine] = asking.get(DEAD, headers=some).json()["letters"]
    [other] = set(_ids(work)) - {mine["id"]}
    assert asking.post(f"{DEAD}/replay", json={"ids": [other, mine["id"]]}, headers=some).status_code == 403
    assert asking.post(f"{DEAD}/replay", json={"all": True}, headers=some).json() == {"ids": [mine["id"]]}
    audit = asking.get("/api/v1/audit", headers=shown(Role.ADMIN)).json()["items"]
    assert [one["about"] for one in audit if one["status"] == 200] == ["replay of all"]


def test_those_of_other_assets_take_no_place(work: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many newer ones there are of others."""
    monkeypatch.setattr(dead_letters, "MOST", 1)
    asking = TestClient(create_app(work.reads(), ServeSettings(), work), base_url="http://127.0.0.1:8000")
    for asset in ("visits", "orders"):
        token = make_token(work, asset, Role.VIEWER, assets=(asset,), by="ana")[1]
        found = asking.get(DEAD, headers={"authorization": f"Bearer {token}"}).json()
        assert ([one["title"] for one in found["letters"]], found["more"]) == ([f"{asset} is held"], False)
    every = make_token(work, "every", Role.VIEWER, by="ana")[1]
    assert asking.get(DEAD, headers={"authorization": f"Bearer {every}"}).json()["more"] is True


def test_the_form_asks_for_one_or_all(work: Project) -> None:
    asking = TestClient(create_app(work.reads(), ServeSettings(), work), base_url="http://127.0.0.1:8000")
    page = asking.get("/dead-letters").text
    proof = page.split('name="csrf" value="', 1)[1].split('"', 1)[0]
    first, second = _ids(work)
    done = asking.post("/dead-letters", data={"csrf": proof, "message": first}, follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, "/dead-letters")
    assert "Nothing is tried again" in asking.post("/dead-letters", data={"csrf": proof, "message": first}).text
    assert first not in asking.get("/dead-letters").text
    assert second in asking.get("/dead-letters").text
    asking.post("/dead-letters", data={"csrf": proof, "message": "*"})
    assert asking.get("/dead-letters.json").json()["letters"] == []
