"""Pages that stand open go on by themselves: a real server, a real log, a real Chromium."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import uvicorn

from dashboards.app import create_app
from observer.api.serve import listen
from observer.project import Project, open_project
from observer.requests import Wanted, ask
from observer.settings import ServeSettings
from orchestration import log
from orchestration.database import writing
from orchestration.events import Event, EventKind
from orchestration.model import Address, AssetKey
from tests.support.browser import NewPage, assert_clean, seen
from tests.unit.observer.shop import put, shop

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.browser


@dataclass(frozen=True, slots=True)
class Site:
    url: str
    work: Project


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = shop(tmp_path_factory.mktemp("live"))
    put(folder, "2024-02-01", rows=[[1, "ada"], [1, "bob"]])
    work = open_project(folder)
    work.run(work.plan("orders", "2024-02-01"), trigger="test")
    settings = ServeSettings(port=0)
    listener = listen(settings)
    app = create_app(work.reads(), settings, work)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield Site(f"http://127.0.0.1:{listener.getsockname()[1]}", work)
    server.should_exit = True
    thread.join(20)
    work.close()


def wanted(site: Site) -> str:
    return ask(site.work, Wanted(selection="whole", reason="to be seen"), by="ana")[0].id


def happen(work: Project, times: int) -> None:
    with writing(work.engine) as connection:
        for _ in range(times):
            address = Address(AssetKey("orders"))
            log.append(connection, Event(at=work.clock.now(), kind=EventKind.VERSION_JUDGED, address=address))


def listening(page: Page) -> None:
    page.wait_for_selector("#live[data-state=live]")


def test_a_run_that_is_asked_for_appears_and_can_be_cancelled(site: Site, new_page: NewPage) -> None:
    page = new_page(site.url + "/runs")
    listening(page)
    run = wanted(site)
    page.wait_for_selector(f"table.runs a[href='/runs/{run}']")
    page.click(f"table.runs a[href='/runs/{run}']")
    listening(page)
    assert "Waits in the queue" in page.locator("#sentence").inner_text()
    assert "whole" in page.locator("table.steps").inner_text(), "what it would do is shown"
    other = new_page(f"{site.url}/runs/{run}")
    listening(other)
    page.fill("#cancel input[name=reason]", "not now")
    page.click("#cancel button")
    page.wait_for_selector("text=Was cancelled before it began")
    other.wait_for_selector("text=Was cancelled before it began")
    assert other.locator("#live").is_hidden(), "what has ended is listened to no more"
    assert_clean(page)
    assert_clean(other)


def test_a_thousand_messages_a_minute_leave_the_page_usable(site: Site, new_page: NewPage) -> None:
    """The short form: as many a second for some seconds."""
    page = new_page(site.url + "/")
    listening(page)
    page.evaluate(
        """() => { window.longest = 0; let last = performance.now();
            const beat = () => { const now = performance.now(); longest = Math.max(longest, now - last); last = now;
                requestAnimationFrame(beat); }; beat(); }"""
    )
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.resource_type == "fetch" else None)
    began = time.monotonic()
    while time.monotonic() - began < 5:
        happen(site.work, 5)
        page.wait_for_timeout(300)
    assert 1 <= len(asked) <= 7, "at most one a second"
    assert page.evaluate("longest") < 1500
    page.keyboard.press("/")
    page.keyboard.type("rep", delay=40)
    page.wait_for_function("document.querySelector('#filter').value === 'rep'")
    assert page.locator("tr[data-key]:visible").count() == 1
    happen(site.work, 1)
    page.wait_for_timeout(2500)
    assert page.input_value("#filter") == "rep", "what is being typed stays"
    assert page.locator("tr[data-key]:visible").count() == 1
    assert_clean(page)


def test_what_is_being_written_stays_and_is_not_asked_about_again_and_again(site: Site, new_page: NewPage) -> None:
    run = wanted(site)
    page = new_page(f"{site.url}/runs/{run}")
    listening(page)
    page.fill("#cancel input[name=reason]", "because")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.resource_type == "fetch" else None)
    site.work.cancel(run, by="ben", reason="first")  # its page has another head now: the one that is written in
    page.wait_for_timeout(5000)
    assert 1 <= len(asked) <= 3, "one for each event, and no loop"
    assert page.input_value("#cancel input[name=reason]") == "because"
    page.fill("#cancel input[name=reason]", "")
    page.evaluate("document.activeElement.blur()")
    page.wait_for_selector("text=Was cancelled before it began")
    assert_clean(page)


_COUNT_LISTENERS = """
window.resized = 0;
for (const [name, by] of [["addEventListener", 1], ["removeEventListener", -1]]) {
  const own = window[name];
  window[name] = function (kind, ...rest) {
    if (kind === "resize") resized += by;
    return own.call(this, kind, ...rest);
  };
}
"""


def test_a_plot_whose_part_goes_listens_no_more(site: Site, new_page: NewPage) -> None:
    page = new_page(site.url + "/runs")
    page.add_init_script(_COUNT_LISTENERS)
    page.reload()
    page.wait_for_selector(".canvas.is-drawn")
    listening(page)
    before = page.evaluate("resized")
    run = wanted(site)
    page.wait_for_selector(f"a[href='/runs/{run}']")  # in a section of its own, which wasn't there
    page.wait_for_selector(".canvas.is-drawn")
    assert page.evaluate("resized") == before
    site.work.cancel(run, by="ben", reason="seen")
    assert_clean(page)


def test_a_monitors_plot_still_leads_to_the_run_after_all_parts_have_changed(site: Site, new_page: NewPage) -> None:
    address = f"{site.url}/assets/orders/monitors/row_count?partition=2024-02-01"
    page = new_page(address, height=1600)
    page.wait_for_selector("#history .is-drawn .point")
    listening(page)

    def with_another_part(route: Route) -> None:
        answer = route.fetch()
        body = answer.text().replace(
            '<main id="main" tabindex="-1">', '<main id="main" tabindex="-1"><p id="new">new</p>'
        )
        route.fulfill(response=answer, body=body)

    page.route(lambda url: url == address, with_another_part)
    happen(site.work, 1)
    page.wait_for_selector("#new")
    page.wait_for_selector("#history .is-drawn .point")
    box = page.locator("#history .nsewdrag").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5)
    page.wait_for_selector("#history .hovertext")
    page.mouse.down()
    page.mouse.up()
    page.wait_for_url(site.url + "/runs/*")
    assert_clean(page)


def test_a_hidden_tab_hangs_up_and_a_lost_stream_is_said(site: Site, new_page: NewPage) -> None:
    page = new_page(site.url + "/incidents")
    listening(page)
    page.context.route("**/api/v1/events*", lambda route: route.abort())
    page.evaluate(
        """() => { Object.defineProperty(document, 'hidden', {get: () => window.away, configurable: true});
            window.away = true; document.dispatchEvent(new Event('visibilitychange')); }"""
    )
    page.evaluate("() => { window.away = false; document.dispatchEvent(new Event('visibilitychange')); }")
    page.wait_for_selector("#live[data-state=reconnecting], #live[data-state=polling]")
    page.context.unroute("**/api/v1/events*")
    listening(page)
    seen(page).console_errors.clear()  # of the requests that were cut off here
    assert_clean(page)


def test_an_incident_is_taken_up_by_keys_alone(site: Site, new_page: NewPage) -> None:
    page = new_page(site.url + "/")
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url(site.url + "/incidents")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "/incidents/1"
    page.keyboard.press("s")
    page.wait_for_url(site.url + "/incidents/1#snooze")
    page.wait_for_function("() => document.activeElement.name === 'until'")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("a")
    page.wait_for_selector(".eyebrow >> text=acknowledged")
    page.keyboard.press("r")
    assert page.evaluate("document.activeElement.name") == "resolved_as"
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("e")
    page.wait_for_url(site.url + "/feedback?*")
    page.keyboard.press("g")
    page.keyboard.press("r")
    page.wait_for_url(site.url + "/runs")
    page.keyboard.press("k")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(site.url + "/runs/*")
    assert page.locator("time[data-as=moment]").first.get_attribute("title") is not None
    assert_clean(page)


def test_instants_are_in_the_readers_own_zone(site: Site, browser: Browser) -> None:
    context = browser.new_context(timezone_id="Asia/Tokyo", locale="en-GB")
    try:
        page = context.new_page()
        page.goto(site.url + "/runs")
        began = page.locator("table.runs time").last
        assert began.get_attribute("datetime") == "2024-03-01T06:00:00Z"
        assert began.inner_text() == "15:00"
        assert (began.get_attribute("title") or "").endswith("2024-03-01T06:00:00Z")
        assert page.locator("#zone").inner_text() == "Asia/Tokyo"
        page.goto(site.url)
        said = page.locator("#sentence time")
        assert (said.get_attribute("datetime") or "").startswith("2024-03-01T06:00:")
        assert said.inner_text() == "15:00"
    finally:
        context.close()
