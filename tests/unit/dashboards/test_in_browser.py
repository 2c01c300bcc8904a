"""The pages in a real Chromium: drawn under the strict policy, clean, and within the width of a phone."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import pytest
import uvicorn

from dashboards.app import create_app
from observer.settings import ServeSettings
from tests.support.accessible import assert_accessible
from tests.support.browser import NewPage, Scheme, assert_clean, seen
from tests.unit.dashboards.fake_reads import HOSTILE, StoryReads, hostile_reads

pytestmark = pytest.mark.browser


@contextmanager
def serving(reads: StoryReads) -> Iterator[str]:
    """The address of the application while it is served on a free port."""
    config = uvicorn.Config(create_app(reads, ServeSettings()), port=0, log_level="warning", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with serving(StoryReads()) as url:
        yield url


@pytest.fixture(scope="module")
def hostile_site() -> Iterator[str]:
    with serving(hostile_reads()) as url:
        yield url


PATHS = (
    "/", "/assets", "/assets/flights", "/runs", "/runs/r039", "/schedules", "/incidents", "/incidents/1",
    "/assets/flights/monitors/null_rate(dep_time)", "/graph", "/dead-letters", "/nowhere",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_each_page_is_clean_fits_and_can_be_used_by_everybody(site: str, new_page: NewPage, path: str) -> None:
    page = new_page(site + path)
    page.wait_for_load_state("networkidle")
    if path == "/nowhere":
        seen(page).console_errors.clear()  # that there is no such page
    looks: tuple[tuple[Scheme, tuple[int, ...]], ...] = (("light", (1280, 390)), ("dark", (390, 1280)))
    for scheme, widths in looks:
        page.emulate_media(color_scheme=scheme)
        for width in widths:
            page.set_viewport_size({"width": width, "height": 800})
            page.wait_for_function("width => document.documentElement.scrollWidth === width", arg=width, timeout=9000)
        assert_accessible(page)
    assert_clean(page)


def test_the_blizzards_mark_is_drawn_in_the_colour_of_failing(site: str, new_page: NewPage) -> None:
    page = new_page(site + "/assets/flights?partition=2013-02-08#incident-1")
    page.wait_for_selector(".is-large .is-drawn .point")
    colours = page.eval_on_selector_all(
        ".is-large .trace.scatter .point", "points => points.map(point => getComputedStyle(point).fill)"
    )
    assert "rgb(138, 28, 28)" in colours
    page.click("#theme-toggle")
    page.wait_for_function(
        """[...document.querySelectorAll('.is-large .point')]
            .some(point => getComputedStyle(point).fill === 'rgb(214, 69, 63)')"""
    )
    assert_clean(page)


def test_no_label_of_a_plot_is_clipped(site: str, new_page: NewPage) -> None:
    page = new_page(site + "/assets/flights", width=390, height=3000)
    page.wait_for_selector(".is-large .is-drawn .annotation-text")
    boxes = page.evaluate(
        """() => [...document.querySelectorAll('.is-drawn')].flatMap(canvas => {
            const frame = canvas.getBoundingClientRect();
            return [...canvas.querySelectorAll('.annotation-text, .xtick text, .ytick text')].map(text => {
                const box = text.getBoundingClientRect();
                return box.left >= frame.left - 1 && box.right <= frame.right + 1 && box.top >= frame.top - 1
                    && box.bottom <= frame.bottom + 1 ? '' : text.textContent;
            });
        }).filter(Boolean)"""
    )
    assert boxes == []


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize(
    "path", ["/", f"/assets/{quote(HOSTILE, safe='')}", "/runs", "/runs/r039", "/schedules", "/graph"]
)
def test_hostile_names_break_nothing(hostile_site: str, new_page: NewPage, path: str, width: int) -> None:
    page = new_page(hostile_site + path, width=width)
    page.wait_for_load_state("networkidle")
    assert page.locator("img").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert_clean(page)


def test_keys_find_an_asset_and_lead_back(site: str, new_page: NewPage) -> None:
    page = new_page(site + "/")
    page.keyboard.press("/")
    page.keyboard.type("delay_m")
    assert page.locator("tr[data-key]:visible").count() == 1
    page.keyboard.press("Escape")
    assert page.locator("tr[data-key]:visible").count() == 7
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    page.keyboard.press("Escape")
    page.goto(site + "/runs/r039")
    page.keyboard.press("g")
    page.keyboard.press("n")
    page.wait_for_url(site + "/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.goto(site + "/graph")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "select"
    assert_clean(page)


def test_paper_is_light_and_has_no_buttons(site: str, new_page: NewPage) -> None:
    page = new_page(site + "/runs/r039", scheme="dark")
    page.wait_for_selector(".gantt.is-drawn .main-svg")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(20, 26, 34)"
    page.wait_for_function(
        """() => [...document.querySelectorAll('.gantt .ytick text')].every(
            text => getComputedStyle(text).fill === 'rgb(20, 26, 34)')"""
    )
    assert page.locator("button:visible, nav:visible, form:visible").count() == 0
    assert_clean(page)
