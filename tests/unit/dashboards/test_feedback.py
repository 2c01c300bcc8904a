"""A word on a version, said on the pages: by plain forms, and in a real browser on a phone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from dashboards.app import create_app
from observer.project import Project
from observer.settings import ServeSettings
from tests.support.browser import NewPage, assert_clean
from tests.unit.dashboards.served import served
from tests.unit.dashboards.test_pages import text_of

LAST = "2024-02-12"
CHOSEN = {"asset": "orders", "partition": LAST, "monitor": "null_rate(name)", "as": "expected"}


def proof_of(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def counting(asking: TestClient) -> list[str]:
    return [one["said"] for one in asking.get("/api/v1/feedback", params={"asset": "orders"}).json() if one["counts"]]


def test_a_word_is_chosen_previewed_said_and_taken_back_by_plain_forms(asking: TestClient) -> None:
    card = asking.get("/assets/orders").text
    address = re.search(r'class="correct" href="(/feedback\?[^"]*null_rate[^"]*)"', card)
    assert address is not None
    chooser = asking.get(address[1].replace("&amp;", "&")).text
    assert f'<option value="{LAST}" selected>{LAST} (failed, held)</option>' in chooser
    assert "csrf" not in chooser  # there is nothing to confirm yet
    preview = asking.get("/feedback", params=CHOSEN).text
    assert "would have silenced 0 alarms, missed 0 on bad data" in text_of(preview)
    assert "tidegate release orders --partition 2024-02-12" in preview
    assert counting(asking) == []

    sent = {**CHOSEN, "csrf": proof_of(preview), "reason": "names are gone"}
    forged = asking.post("/feedback", data={**sent, "csrf": "x"})
    assert (forged.status_code, counting(asking)) == (403, [])
    silent = asking.post("/feedback", data={**sent, "reason": " "})
    assert (silent.status_code, counting(asking)) == (200, [])
    assert "Say why" in silent.text
    said = asking.post("/feedback", data=sent, follow_redirects=False)
    assert (said.status_code, said.headers["location"]) == (303, f"/assets/orders?partition={LAST}#said")
    assert counting(asking) == ["expected"]
    shown = asking.get(said.headers["location"]).text
    assert "someone on this machine</bdi>: names are gone" in shown

    back = re.search(r'href="(/feedback\?[^"]*undo=[^"]*)">Take back', shown)
    assert back is not None
    undo = asking.get(back[1].replace("&amp;", "&")).text
    assert "would be as if nothing had been said" in undo
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', undo))
    assert asking.post("/feedback", data={**fields, "reason": "no"}, follow_redirects=False).status_code == 303
    assert counting(asking) == []


@pytest.mark.parametrize(
    ("more", "status", "words"),
    [
        ({"asset": "ordres"}, 404, "There is no such asset"),
        ({"partition": "2024-02-30"}, 409, "2024-02-30"),
        ({"as": "fine"}, 409, "what it is is one of"),
        ({"undo": "7"}, 409, "nothing that was said"),
        ({"undo": "x" * 30}, 409, "a word goes by its number"),
        ({"monitor": "row_cuont"}, 409, "did you mean"),
        ({"partition": "<script>alert(1)</script>"}, 409, "&lt;script&gt;"),
    ],
)
def test_what_cannot_be_said_is_told_on_a_page(
    asking: TestClient, more: dict[str, str], status: int, words: str
) -> None:
    page = asking.get("/feedback", params={**CHOSEN, **more})
    assert (page.status_code, words in page.text) == (status, True)


def test_pages_of_reads_alone_offer_no_words(work: Project) -> None:
    reading = TestClient(create_app(work.reads(), ServeSettings()), base_url="http://127.0.0.1:8000")
    assert "/feedback" not in reading.get("/assets/orders").text
    assert reading.get("/feedback", params=CHOSEN).status_code == 404


@pytest.mark.browser
def test_a_word_is_said_on_a_desk_and_taken_back_on_a_phone(folder: Path, new_page: NewPage) -> None:
    with served(folder) as address:
        desk = new_page(address + "/incidents/1")
        desk.click("text=Say what it is")
        desk.check("input[value=expected-once]")
        desk.click("text=See what it would change")
        desk.wait_for_selector("text=would have silenced")
        desk.fill("#reason", "stocktaking")
        desk.click("text=Say so")
        desk.wait_for_selector("#said >> text=stocktaking")
        assert_clean(desk)
        desk.goto(address + "/assets/orders")  # which a part of the address doesn't scroll away from the plot
        desk.locator(".is-large .canvas").scroll_into_view_if_needed()
        desk.wait_for_selector(".is-large .is-drawn .point")
        assert_clean(desk)
        phone = new_page(address + "/assets/orders", phone=True)
        phone.wait_for_selector("#said >> text=Take back")
        assert phone.evaluate("document.documentElement.scrollWidth") == 390
        phone.click("#said >> text=Take back")
        phone.wait_for_selector("text=as if nothing had been said")
        assert phone.evaluate("document.documentElement.scrollWidth") == 390
        phone.fill("#reason", "it was none")
        phone.click("button >> text=Take it back")
        phone.wait_for_selector("#said >> text=counts no more")
        assert_clean(phone)
