"""What the guide calls the first three minutes: from an incident to the report that waited, in a real browser.

A desk, by keys alone, finds out and says what it is; a phone lets it through. Both stay open, and every page that they
come to is looked at in light and in the dark.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.conftest import Done, copied
from tests.acceptance.test_dashboard import SENTENCE, STORM, fits, words
from tests.support.accessible import assert_accessible
from tests.support.browser import NewPage, Scheme, assert_clean
from tests.unit.dashboards.served import served

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

LONGEST_MS = 60_000.0
"""Far beyond what a run of two small assets takes on a busy machine."""


@pytest.fixture
def site(finished_demo: tuple[Path, Done], tmp_path: Path) -> Iterator[str]:
    """`tidegate serve` on a copy of what the demo left: the story changes it."""
    folder, done = finished_demo
    assert done.code == 0, done.out + done.err
    with served(copied(folder, tmp_path / "flights")) as address:
        yield address


def press(page: "Page", *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def tab_to(page: "Page", selector: str) -> None:
    """Press Tab until the focus is there, as somebody without a mouse does."""
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{page.url}: no Tab leads to {selector}")


def assert_right(page: "Page") -> None:
    """In light and in the dark: axe finds nothing, nothing is cut off, no error, no other host; then as it was."""
    schemes: tuple[Scheme, Scheme] = ("light", "dark")
    before: Scheme = "dark" if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") else "light"
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        assert_accessible(page)
        assert fits(page, page.viewport_size["width"] if page.viewport_size else 0), page.url
    page.emulate_media(color_scheme=before)
    assert_clean(page)


def listening(page: "Page") -> None:
    page.wait_for_selector("#live[data-state=live]")


def test_an_incident_is_understood_by_keys_and_let_through_by_hand(site: str, new_page: NewPage) -> None:
    desk, phone = new_page(site, width=1440, height=900), new_page(site, phone=True, scheme="dark")
    assert words(desk, "#sentence").startswith("1 asset held, 2 blocked downstream, since ")
    assert words(phone, "#sentence") == words(desk, "#sentence")
    assert_right(desk)
    assert_right(phone)
    find_out(desk)
    say_what_it_is(desk)
    acknowledge(desk)
    release(phone)
    desk.wait_for_selector(".eyebrow:has-text('resolved')")  # nobody has reloaded it
    assert "the airports confirm it" in words(desk, ".turns")
    assert_right(desk)
    press(desk, "g", "r")
    desk.wait_for_url(site + "/runs")
    listening(desk)
    run = make_what_waited(phone)
    desk.wait_for_selector(f"tr:has(a[href='/runs/{run}']) >> text=succeeded", timeout=LONGEST_MS)
    assert_right(desk)
    press(desk, "g", "n")
    desk.wait_for_url(site + "/")
    assert words(desk, "#sentence").startswith("Everything is healthy: 7 assets")
    for page in (desk, phone):
        assert_right(page)


def find_out(desk: "Page") -> None:
    """Now -> the incident -> its monitor: the sentence, and the plot."""
    press(desk, "j", "Enter")
    desk.wait_for_url(re.compile(r"/incidents/\d+$"))
    assert re.fullmatch(SENTENCE, words(desk, "#sentence"))
    assert_right(desk)
    tab_to(desk, "main a[href*='/monitors/']")
    press(desk, "Enter")
    desk.wait_for_url(re.compile(r"/monitors/null_rate"))
    desk.wait_for_selector("#history .canvas.is-drawn .main-svg")
    assert re.search(rf"^{STORM}: {SENTENCE}", words(desk, "#history figcaption"))
    assert "Measured 50.8 %" in words(desk, "#point")
    assert_right(desk)


def say_what_it_is(desk: "Page") -> None:
    """What it would change is shown first, and nothing is said before the reason is."""
    tab_to(desk, "#point select")
    press(desk, "ArrowDown")
    assert desk.input_value("#point select") == "expected"
    tab_to(desk, "#point button")
    press(desk, "Enter")
    desk.wait_for_selector("h1:has-text('What it would change')")
    assert "would be right, and ordinary" in words(desk, ".changes")
    assert_right(desk)
    tab_to(desk, "#reason")
    desk.keyboard.type("a blizzard; it will come again")
    press(desk, "Enter")
    desk.wait_for_url(re.compile(r"/assets/flights\?partition="))
    assert "a blizzard; it will come again" in words(desk, "#said")


def acknowledge(desk: "Page") -> None:
    press(desk, "g", "i")
    desk.wait_for_url(re.compile(r"/incidents$"))
    press(desk, "j", "Enter")
    desk.wait_for_url(re.compile(r"/incidents/\d+$"))
    press(desk, "a")
    desk.wait_for_selector(".eyebrow:has-text('acknowledged')")
    listening(desk)


def release(phone: "Page") -> None:
    """From Now to the form of the gate, with a thumb."""
    phone.tap(".incident a.incident-where")
    phone.wait_for_url(re.compile(r"/assets/flights\?partition="))
    phone.locator(".gate-deeds summary").tap()
    form = phone.locator("form:has(input[value=release])")
    form.locator("input[name=reason]").fill("the airports confirm it")
    assert_right(phone)
    form.locator("button").tap()
    phone.wait_for_selector(".gate.is-open")
    assert f"{STORM} was released" in words(phone, ".gate") or "the airports confirm it" in words(phone, ".gate")


def make_what_waited(phone: "Page") -> str:
    """The plan of the report, asked for; its page goes on to the end by itself."""
    phone.tap("a.brand")
    phone.tap("tr[data-key=delay_report] th a")
    phone.wait_for_url(re.compile(r"/assets/delay_report$"))
    assert phone.input_value("form[action='/plan'] input[name=partition]") == STORM
    phone.tap("text=Materialize …")
    phone.wait_for_selector("#plan-title")
    runs = [row.inner_text() for row in phone.locator("table.plan-steps tr.does-run th").all()]
    assert sorted(runs) == ["daily_delays", "delay_report"]
    assert_right(phone)
    phone.fill("#reason", "the airports wait for it")
    phone.tap("text=Run it")
    phone.wait_for_url(re.compile(r"/runs/[\w-]+$"))
    phone.evaluate("window.stayed = document.querySelector('#sentence').textContent")
    phone.wait_for_selector("#sentence:has-text('2 published')", timeout=LONGEST_MS)
    assert phone.evaluate("window.stayed").count("2 published") == 0, "it was watched, and never loaded again"
    return phone.url.rpartition("/")[2]
