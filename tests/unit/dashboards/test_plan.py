"""Plan first: a page says what a run would do, a form on it asks for the run."""

from __future__ import annotations

import re
import shlex
from html import unescape
from pathlib import Path
from shutil import copytree

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from dashboards.app import create_app
from dashboards.pages.plan import Wish
from observer.access import Role
from observer.model import Severity
from observer.project import Project, open_project
from observer.settings import ServeSettings
from observer.tokens import make_token
from orchestration.database import reading
from orchestration.queue_tables import run_queue
from tests.support.browser import NewPage, assert_clean
from tests.unit.dashboards.served import served
from tests.unit.dashboards.test_pages import text_of

LAST = "2024-02-12"


def words(page: str) -> str:
    return re.sub(r"\s+", " ", text_of(page))


def fields(page: str, action: str) -> dict[str, str]:
    """The hidden fields of the form that is sent to ``action``."""
    form = page.partition(f'action="{action}"')[2].partition("</form>")[0]
    return {name: unescape(value) for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)}


def test_the_plan_says_each_step_and_why_and_asks_nothing_yet(asking: TestClient, work: Project) -> None:
    page = asking.get("/plan", params={"select": "report", "partition": "2024-02-03"})
    said = words(page.text)
    assert page.status_code == 200
    assert "1 step is skipped, 1 step runs" in said
    assert "runs report 2024-02-03 it was never materialized" in said
    assert "nothing is done; readers keep the published version" in said
    with reading(work.engine) as connection:
        assert connection.execute(select(run_queue)).all() == []


def test_a_run_is_asked_for_once_and_leads_to_its_page(asking: TestClient, work: Project) -> None:
    woken: list[bool] = []
    asking.app.state.wake = lambda: woken.append(True)  # type: ignore[attr-defined]
    page = asking.get("/plan", params={"select": "report", "partition": "2024-02-04"}).text
    sent = {**fields(page, "/plan"), "reason": "the numbers of the fourth"}
    forged = asking.post("/plan", data={**sent, "csrf": "x"})
    assert (forged.status_code, woken) == (403, [])
    first, again = (asking.post("/plan", data=sent) for _ in range(2))
    assert (first.status_code, first.headers["location"]) == (303, again.headers["location"])
    assert woken == [True]
    run = asking.get("/api/v1" + first.headers["location"]).json()
    assert (run["status"], run["selection"], run["partitions"]) == ("queued", "report", "2024-02-04")
    assert (run["reason"], run["asked_by"]) == ("the numbers of the fourth", "someone on this machine")


def test_a_plan_that_has_changed_is_shown_again_instead(asking: TestClient, work: Project) -> None:
    page = asking.get("/plan", params={"select": "report", "partition": "2024-02-05"}).text
    work.run(work.plan("report", "2024-02-05"), trigger="test")
    answer = asking.post("/plan", data=fields(page, "/plan"))
    assert answer.status_code == 409
    assert "has changed since it was shown" in words(answer.text)
    assert "There is nothing to run" in words(answer.text)


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ({"select": "reprot", "partition": LAST}, 404, "did you mean 'report'"),
        ({"select": "(report"}, 422, "never closed"),
        ({"select": "report", "partition": "2024-02-31"}, 404, "2024-02-31"),
        ({"select": ""}, 422, "is empty"),
        ({"select": "whole", "partition": "<b>"}, 404, "&lt;b&gt;"),
    ],
)
def test_what_cannot_be_planned_is_told_with_the_form(
    asking: TestClient, asked: dict[str, str], status: int, said: str
) -> None:
    page = asking.get("/plan", params=asked)
    assert (page.status_code, said in page.text.replace("&#39;", "'")) == (status, True)
    assert 'action="/plan"' in page.text


def test_the_command_for_the_same_is_that_wherever_it_is_pasted() -> None:
    odd = '"o\'brien"; rm -rf ~ # $(id)'
    command = Wish(select=odd, partition="a b", last="c").command()
    assert shlex.split(command) == ["tidegate", "plan", odd, "--partition", "a b..c"]


def test_the_asset_has_a_form_for_each_way_to_run_it(asking: TestClient) -> None:
    page = asking.get("/assets/orders").text
    part = page.partition('id="run-title"')[2].partition("</section>")[0]
    forms = [dict(re.findall(r'name="(\w+)"[^>]*?value="([^"]*)"', form)) for form in part.split("<form")[1:]]
    assert [unescape(form["select"]) for form in forms] == ["orders", "orders", "orders+"]
    again = asking.get("/plan", params={**{k: unescape(v) for k, v in forms[2].items()}, "partition": "2024-02-02"})
    assert "2 steps run" in words(again.text)
    backfill = asking.get("/plan", params={"select": "orders", "partition": "2024-02-01", "last": "2024-02-03"})
    assert "3 steps are skipped" in words(backfill.text)
    whole = asking.get("/assets/whole").text.partition('id="run-title"')[2].partition("</section>")[0]
    assert "Backfill" not in whole


def test_a_viewer_looks_and_is_offered_nothing(folder: Path, tmp_path: Path) -> None:
    work = open_project(copytree(folder, tmp_path / "guarded"))  # from the first token on nobody is let in without one
    _, viewer = make_token(work, "eye", Role.VIEWER, by="test")
    _, operator = make_token(work, "hand", Role.OPERATOR, by="test")
    app = create_app(work.reads(), ServeSettings(), work)
    shown = {}
    for name, token in (("viewer", viewer), ("operator", operator)):
        http = TestClient(app, base_url="http://127.0.0.1:8000", headers={"authorization": f"Bearer {token}"})
        plan = http.get("/plan", params={"select": "report", "partition": "2024-02-03"})
        shown[name] = http.get("/assets/orders").text + plan.text
        assert http.post("/plan", data={"select": "report"}).status_code == (403 if name == "viewer" else 409)
        override = {"asset": "orders", "partition": LAST, "deed": "override", "until": "4h", "reason": "they know"}
        assert http.post("/gate", data=override).status_code == 403
        assert http.get("/api/v1/gate/orders", params={"partition": LAST}).json()["outcome"] == "held"
    assert 'method="post"' not in shown["viewer"].replace('action="/logout"', "")
    assert 'id="run-title"' not in shown["viewer"]
    assert "Materialize …" in shown["operator"]
    assert "Override" not in shown["operator"]  # which takes an admin
    work.close()


def test_what_waited_can_be_run_once_it_is_released(folder: Path, tmp_path: Path) -> None:
    work = open_project(copytree(folder, tmp_path / "waited"))
    work.run(work.plan("report", LAST), trigger="test")
    for writes in (work, None):
        app = create_app(work.reads(), ServeSettings(), writes)
        http = TestClient(app, base_url="http://127.0.0.1:8000")
        if writes is not None:
            assert "Waited for it" not in words(http.get("/assets/orders").text), "it is held"
            work.release("orders", LAST, reason="known", by="ana")
        page = http.get(f"/assets/orders?partition={LAST}").text
        assert "Waited for it, and may run now: report" in words(page)
        part = page.partition('id="waited"')[2].partition("</div>")[0]
        if writes is None:
            assert f"tidegate run orders+ --partition {LAST}" in unescape(part).replace("'", "")
            continue
        assert f"<option selected>{LAST}</option>" in part
        select = re.findall(r'name="select" value="([^"]*)"', part)[0]
        plan = words(http.get("/plan", params={"select": unescape(select), "partition": LAST}).text)
        assert f"runs report {LAST}" in plan
        assert "1 step runs" in plan
    work.close()


def test_a_held_version_is_released_with_a_reason_on_its_page(asking: TestClient, work: Project) -> None:
    assert Severity.ERROR.value in {one["severity"] for one in asking.get("/assets/orders.json").json()["monitors"]}
    page = asking.get(f"/assets/orders?partition={LAST}").text
    sent = {**fields(page, "/gate"), "partition": LAST}
    subjects = page.partition('name="subject"')[2].partition("</select>")[0]
    assert re.findall(r'value="([^"]+)"', subjects) == ["null_rate(name)", "score", "unique(id)", "known"]
    assert sent["deed"] == "release"
    silent = asking.post("/gate", data={**sent, "reason": " "})
    assert (silent.status_code, "needs a reason" in silent.text) == (409, True)
    assert asking.post("/gate", data={**sent, "reason": "x", "csrf": "no"}).status_code == 403
    known = {"deed": "override", "subject": "null_rate(name)", "until": "4h", "reason": "they know", "partition": ""}
    subject = {**sent, **known}
    assert asking.post("/gate", data=subject).headers["location"] == "/assets/orders#gate"
    for wrong in ({"until": "ever"}, {"subject": "null_rate(nmae)"}, {"deed": "burn"}):
        assert asking.post("/gate", data={**subject, **wrong}).status_code in (404, 409)
    over = asking.post("/gate", data={**sent, "deed": "override", "until": "1h", "reason": "for the report"})
    assert over.headers["location"] == f"/assets/orders?partition={LAST}#gate"
    assert "open by override" in words(asking.get("/assets/orders").text)
    done = asking.post("/gate", data={**sent, "reason": "the names come later"})
    assert done.status_code == 303
    after = asking.get("/assets/orders").text
    assert "released by someone on this machine: the names come later" in words(after)
    assert 'value="release"' not in after


@pytest.mark.browser
def test_a_run_is_planned_asked_for_and_seen_in_a_browser(folder: Path, tmp_path: Path, new_page: NewPage) -> None:
    with served(copytree(folder, tmp_path / "live")) as address:
        page = new_page(address + "/assets/report", phone=True)
        form = page.locator("form:has(button:text('Materialize'))")
        form.locator("input[name=partition]").fill("2024-02-06")
        form.locator("input[name=upstream]").check()  # whose code is another one, in another folder
        form.locator("button").click()
        page.wait_for_selector("h1:has-text('1 step runs')")
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert "it was never materialized" in page.locator("table.plan-steps").inner_text()
        page.fill("#reason", "wanted for the meeting")
        page.click("text=Run it")
        page.wait_for_url(re.compile(r"/runs/\S+$"))
        assert_clean(page)
        page.goto(address + "/assets/report")
        for _ in range(240):  # which takes a process, and a busy machine its time
            if "2024-02-06" in page.locator("table.versions").inner_text():
                break
            page.wait_for_timeout(250)
            page.reload()
        assert "2024-02-06" in page.locator("table.versions").inner_text()
