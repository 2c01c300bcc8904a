"""What people say of versions, by HTTP, against a real project."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from dashboards.app import create_app
from observer.access import Role
from observer.api import callers
from observer.project import Project, open_project
from observer.settings import ServeSettings
from observer.tokens import make_token
from tests.unit.observer.shop import put_lost_names, shop

LAST = "2024-02-12"
WORD = {"asset": "orders", "partition": LAST, "as": "expected"}


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = shop(tmp_path_factory.mktemp("said") / "shop")
    days = put_lost_names(folder)
    project = open_project(folder)
    project.run(project.plan("orders", f"{days[0]}..{days[-1]}"), trigger="test")
    yield project
    project.close()


@pytest.fixture
def asking(work: Project) -> TestClient:
    app = create_app(work.reads(), ServeSettings(), work)
    return TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)


def test_a_word_is_previewed_said_listed_and_taken_back(asking: TestClient) -> None:
    would = asking.get("/api/v1/feedback/preview", params=WORD).json()
    assert (would["preview"], would["held"]) == (True, True)
    assert [(one["monitor"], one["as"], one["word"]) for one in would["said"]] == [("null_rate(name)", "expected", 0)]
    change = would["changes"][0]
    assert (change["monitor"], change["silenced"], change["missed"]) == ("null_rate(name)", 0, 0)
    assert change["sentence"].startswith("would have silenced 0 alarms, missed 0 on bad data; ")
    assert asking.get("/api/v1/feedback", params={"asset": "orders"}).json() == []

    said = asking.post("/api/v1/feedback", json={**WORD, "reason": "names are gone for good"}).json()
    assert (said["preview"], said["changes"]) == (False, would["changes"])
    number = said["said"][0]["word"]
    listed = asking.get("/api/v1/feedback", params={"asset": "orders"}).json()
    assert [(one["word"], one["said"], one["by"], one["counts"]) for one in listed] == [
        (number, "expected", "someone on this machine", True)
    ]
    of = {"asset": "orders", "word": number}
    before = asking.get("/api/v1/feedback/undo/preview", params=of).json()
    assert (before["preview"], before["said"][0]["as"], before["said"][0]["undoes"]) == (True, None, number)
    undone = asking.post("/api/v1/feedback/undo", json={**of, "reason": "they came back"}).json()
    assert undone["changes"][0]["sentence"] == before["changes"][0]["sentence"]
    again = asking.post("/api/v1/feedback/undo", json={**of, "reason": "twice"})
    assert (again.status_code, again.json()["code"]) == (409, "cannot-mark")
    counts = [one["counts"] for one in asking.get("/api/v1/feedback", params={"asset": "orders"}).json()]
    assert counts == [False, False]


@pytest.mark.parametrize(
    ("more", "status", "words"),
    [
        ({"asset": "ordres"}, 404, "no asset is called 'ordres'; did you mean 'orders'"),
        ({"partition": "2024-02-30"}, 404, "2024-02-30"),
        ({"monitor": "row_cuont"}, 404, "did you mean 'row_count'"),
        ({"as": "recurring"}, 409, "say how often"),
        ({"every": "week"}, 409, "only what is recurring"),
        ({"reason": " "}, 409, "reason"),
        ({"as": "fine"}, 422, ""),
        ({"preview": True}, 422, ""),  # what nobody reads would be taken for a word that changes nothing
    ],
)
def test_wrong_words_change_nothing(asking: TestClient, more: dict[str, object], status: int, words: str) -> None:
    before = asking.get("/api/v1/feedback", params={"asset": "orders"}).json()
    answer = asking.post("/api/v1/feedback", json={**WORD, "reason": "x", **more})
    assert (answer.status_code, words in answer.json()["detail"]) == (status, True)
    assert asking.get("/api/v1/feedback", params={"asset": "orders"}).json() == before


def test_viewers_ask_what_it_would_change_and_operators_say_it_of_their_assets(
    work: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callers, "_REMEMBERED_S", -1.0)
    own = shop(tmp_path / "shop")
    days = put_lost_names(own)
    guarded = open_project(own)
    guarded.run(guarded.plan("orders", f"{days[0]}..{days[-1]}"), trigger="test")
    app = create_app(guarded.reads(), ServeSettings(), guarded)
    asking = TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)

    def shown(role: Role, *assets: str) -> dict[str, str]:
        _, secret = make_token(guarded, f"a {role} of {assets}", role, assets=assets, for_s=None, by="ana")
        return {"authorization": f"Bearer {secret}"}

    viewer, operator, other = shown(Role.VIEWER), shown(Role.OPERATOR, "orders"), shown(Role.OPERATOR, "report")
    body = {**WORD, "reason": "x"}
    assert asking.get("/api/v1/feedback/preview", params=WORD).status_code == 401
    assert asking.get("/api/v1/feedback/preview", params=WORD, headers=viewer).status_code == 200
    assert asking.post("/api/v1/feedback", json=body, headers=viewer).status_code == 403
    assert asking.get("/api/v1/feedback/preview", params=WORD, headers=other).status_code == 403
    assert asking.post("/api/v1/feedback", json=body, headers=other).status_code == 403
    said = asking.post("/api/v1/feedback", json=body, headers=operator).json()
    assert said["said"][0]["by"] == "a operator of ('orders',)"
    guarded.close()
