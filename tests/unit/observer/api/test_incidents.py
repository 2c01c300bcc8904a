"""Incidents over HTTP and by the forms of their pages, against a real project with one that is open."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from dashboards.app import create_app
from observer.access import Caller, Role
from observer.api import callers
from observer.api.incidents import IncidentDetailWire
from observer.api.unnamed import unnamed
from observer.clues import ClueKind
from observer.project import Project, open_project
from observer.reads.incident_model import ClueRow
from observer.settings import ServeSettings
from observer.tokens import make_token
from tests.unit.observer.shop import put, shop

URL = "/api/v1/incidents/1"


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    monkeypatch.setattr(callers, "_REMEMBERED_S", -1.0)
    folder = shop(tmp_path)
    put(folder, "2024-02-01", rows=[[1, "ada"], [1, "bob"]])
    project = open_project(folder)
    project.run(project.plan("orders", "2024-02-01"), trigger="test")
    yield project
    project.close()


@pytest.fixture
def http(work: Project) -> TestClient:
    return client(work)


def client(work: Project, token: str = "") -> TestClient:
    app = create_app(work.reads(), ServeSettings(), work)
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return TestClient(app, base_url="http://127.0.0.1", headers=headers, follow_redirects=False)


def test_the_inbox_and_one_of_it(http: TestClient) -> None:
    page = http.get("/api/v1/incidents", params={"status": "open", "limit": 1}).json()
    assert [one["asset"] for one in page["incidents"]] == ["orders"]
    assert page["next_before"] is None
    assert http.get("/api/v1/incidents", params={"status": "resolved"}).json()["incidents"] == []
    answer = http.get(URL)
    assert answer.headers["etag"].startswith('"1-')
    assert answer.json()["revision"] == 1
    assert http.get(URL, headers={"if-none-match": answer.headers["etag"]}).status_code == 304
    assert [turn["kind"] for turn in answer.json()["history"]] == ["opened"]
    missing = http.get("/api/v1/incidents/2")
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown-name")


def test_each_deed_is_done_and_changes_the_etag(http: TestClient) -> None:
    for path, body, status in (
        ("acknowledge", {}, "acknowledged"), ("snooze", {"seconds": 3600}, "snoozed"),
        ("assign", {"owners": ["ana"]}, "snoozed"), ("note", {"reason": "asked"}, "snoozed"),
        ("resolve", {"resolved_as": "fixed", "reason": "mended"}, "resolved"), ("reopen", {"reason": "no"}, "open"),
    ):  # fmt: skip
        before = http.get(URL).headers["etag"]
        answer = http.post(f"{URL}/{path}", json=body, headers={"if-match": before})
        assert (answer.status_code, answer.json()["status"]) == (200, status), path
        assert http.get(URL).headers["etag"].startswith(answer.headers["etag"][:-1] + "-")
        assert http.get(URL).headers["etag"] != before
    assert http.get(URL).json()["owners"] == ["ana"]


def test_what_has_changed_meanwhile_is_not_changed_over_it(http: TestClient) -> None:
    seen = http.get(URL).headers["etag"]
    assert http.post(f"{URL}/note", json={"reason": "mine"}, headers={"if-match": seen}).status_code == 200
    late = http.post(f"{URL}/resolve", json={"resolved_as": "fixed", "reason": "x"}, headers={"if-match": seen})
    assert (late.status_code, late.json()["code"]) == (412, "incident-changed")
    assert http.post(f"{URL}/note", json={"reason": "x"}, headers={"if-match": '"x"'}).status_code == 412
    refused = http.post(f"{URL}/reopen", json={"reason": "x"})
    assert (refused.status_code, refused.json()["code"]) == (409, "cannot-change-incident")
    assert len(http.get(URL).json()["history"]) == 2


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("snooze", {}), ("snooze", {"seconds": 1, "until": "2030-01-01T00:00:00Z"}), ("snooze", {"seconds": -1}),
        ("snooze", {"until": "2030-01-01T00:00:00"}), ("resolve", {"resolved_as": "fixed"}),
        ("resolve", {"resolved_as": "gone", "reason": "x"}), ("note", {"reason": "x" * 5000}),
        ("assign", {"owners": ["a"] * 21}), ("acknowledge", {"until": 1}),
    ],
)  # fmt: skip
def test_what_can_t_be_meant_is_refused(http: TestClient, path: str, body: dict[str, object]) -> None:
    assert http.post(f"{URL}/{path}", json=body).status_code == 422
    assert http.get(URL).json()["revision"] == 1


def test_a_viewer_changes_nothing_and_other_assets_are_not_seen(work: Project) -> None:
    viewer = client(work, make_token(work, "vi", Role.VIEWER, by="test")[1])
    refused = viewer.post(f"{URL}/acknowledge", json={})
    assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")
    assert "<form" not in viewer.get("/incidents/1").text.split("<main")[1].split("</main")[0]
    other = client(work, make_token(work, "whole", Role.OPERATOR, assets=("whole",), by="test")[1])
    assert other.get("/api/v1/incidents").json()["incidents"] == []
    assert other.get(URL).status_code == 403
    assert other.post(f"{URL}/acknowledge", json={}).status_code == 403
    mine = client(work, make_token(work, "op", Role.OPERATOR, assets=("orders",), by="test")[1])
    assert mine.post(f"{URL}/acknowledge", json={}).json()["status"] == "acknowledged"
    page = work.reads().incident(1)
    assert page is not None
    assert [(turn.kind, turn.by) for turn in page.turns] == [("opened", "gate"), ("acknowledged", "op")]


def test_a_token_of_some_assets_reads_of_no_other(work: Project) -> None:
    page = work.reads().incident(1)
    assert page is not None
    [turn] = page.turns
    clue = ClueRow(
        kind=ClueKind.CODE, asset="raw", partition=None, at=page.at, distance=1, sentence="raw's code changed",
        share=None, in_project=True,
    )  # fmt: skip
    told = replace(
        page, incident=replace(page.incident, affected=("whole", "orders"), sentence="downstream whole: it is bad"),
        turns=(turn, replace(turn, asset="whole", text="whole: it is bad")), clues=(clue,),
    )  # fmt: skip
    seen, every = (
        IncidentDetailWire.of_page(told, caller, unnamed(caller, work.graph.order))
        for caller in (
            Caller(id="t", name="t", role=Role.VIEWER, assets=assets) for assets in (frozenset({"orders"}), None)
        )
    )
    assert every.affected == ["whole", "orders"]
    assert "whole" in every.sentence
    assert "raw" in every.clues[0].sentence
    assert seen.affected == ["orders"]
    assert [bool(one.text) for one in seen.history] == [True, False]
    assert not {"whole", "raw"} & set(re.findall(r"\w+", seen.model_dump_json()))


def test_what_an_incident_is_about_beyond_the_caller_s_assets_is_left_out(work: Project) -> None:
    work.run(work.plan("report", "2024-02-01"), trigger="test")
    everybody, mine, other = (
        client(work, make_token(work, f"of {assets}", Role.OPERATOR, assets=assets, by="test")[1])
        for assets in ((), ("orders",), ("whole",))
    )
    assert everybody.get(URL).json()["affected"] == ["report"]
    for seen in (mine.get(URL), mine.get("/api/v1/incidents"), mine.post(f"{URL}/note", json={"reason": "asked"})):
        assert seen.status_code == 200
        assert "report" not in seen.text
    assert "orders" not in other.get(URL).text, "whose it is was asked for by its number"


def test_a_form_of_the_page_does_it_once_and_leads_back(http: TestClient) -> None:
    page = http.get("/incidents/1").text
    proof = page.split('name="csrf" value="')[1].split('"')[0]
    sent = {"csrf": proof, "deed": "resolve", "revision": "1", "resolved_as": "no-action", "reason": "let it be"}
    forged = http.post("/incidents/1", data={**sent, "csrf": "forged"}, headers={"origin": "http://127.0.0.1"})
    assert forged.status_code == 403
    done = http.post("/incidents/1", data=sent, headers={"origin": "http://127.0.0.1"})
    assert (done.status_code, done.headers["location"]) == (303, "/incidents/1")
    again = http.post("/incidents/1", data=sent, headers={"origin": "http://127.0.0.1"})
    assert again.status_code == 412
    assert "nothing was changed" in again.text
    after = http.get("/incidents/1").text
    assert "let it be" in after
    assert "Reopen" in after


def test_an_incident_of_an_asset_that_left_the_project_is_opened_and_ended(work: Project, tmp_path: Path) -> None:
    file = tmp_path / "pipeline.py"
    file.write_text(file.read_text().replace("orders", "sales"))
    left = open_project(tmp_path)
    http = client(left)
    page = http.get("/incidents/1")
    assert page.status_code == 200
    assert "has left the project" in page.text
    assert http.get("/").status_code == http.get("/incidents").status_code == 200
    assert http.post(f"{URL}/resolve", json={"resolved_as": "no-action", "reason": "gone"}).status_code == 200
    left.close()
