"""The page of a monitor in a real Chromium: its switches, keys and slider, and names that want to be markup."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from dashboards.pages.monitor_view import monitor_path
from tests.support.browser import NewPage, assert_clean
from tests.unit.dashboards import story, story_history
from tests.unit.dashboards.fake_reads import HOSTILE, StoryReads
from tests.unit.dashboards.test_in_browser import serving

pytestmark = pytest.mark.browser
PAGE = "/assets/flights/monitors/null_rate(dep_time)"


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    series = replace(
        story_history.monitors()[0], id=HOSTILE, title=HOSTILE, sentence=HOSTILE, part=HOSTILE, unit=HOSTILE
    )
    points = tuple(replace(point, partition=HOSTILE, sentence=HOSTILE) for point in series.points)
    hostile = replace(story.asset_page(), key=HOSTILE, monitors=(replace(series, points=points),))
    with serving(StoryReads(pages={"flights": story.asset_page(), HOSTILE: hostile})) as url:
        yield url


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_it_is_clean_and_fits_whatever_its_names_are(site: str, new_page: NewPage, width: int, scheme: str) -> None:
    ordinary = (PAGE + "?over=week&scale=log&partition=2013-01-31",) if width == 390 else ()
    for path in (*ordinary, monitor_path(HOSTILE, HOSTILE)):
        page = new_page(site + path, width=width, scheme=scheme, height=2400)
        page.wait_for_selector("#history .is-drawn .point")
        page.locator("#backtest").scroll_into_view_if_needed()
        page.wait_for_selector("#backtest .level.is-chosen")
        assert page.locator("img").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert_clean(page)


def test_the_slider_asks_nothing_and_shows_another_layer(site: str, new_page: NewPage) -> None:
    page = new_page(site + PAGE, height=3000)
    page.wait_for_selector("#backtest .is-drawn")
    page.wait_for_load_state("networkidle")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    assert "as it is" in page.locator(".level.is-chosen").inner_text()
    page.locator("#sensitivity").focus()
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    assert "would have alerted 9 times" in page.locator(".level.is-chosen").inner_text()
    page.wait_for_function(
        """document.querySelector('#backtest .canvas').data.map(trace => trace.visible).indexOf(true, 1) === 1"""
    )
    assert asked == []
    assert_clean(page)


def test_keys_step_through_the_anomalies_and_a_click_leads_to_the_run(site: str, new_page: NewPage) -> None:
    page = new_page(site + PAGE, height=1600)
    page.wait_for_selector("#history .is-drawn .point")
    for key, there in (("[", "at=2013-02-08"), ("[", "at=2013-01-3"), ("]", "at=2013-02-08")):
        page.keyboard.press(key)
        page.wait_for_function("there => location.search.includes(there)", arg=there)
        page.wait_for_selector("#history .is-drawn .point")
    box = page.locator("#history .nsewdrag").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.6)
    page.wait_for_selector("#history .hovertext")
    page.mouse.down()
    page.mouse.up()
    page.wait_for_url(site + "/runs/*")
    assert_clean(page)


def test_dragging_looks_closer_by_an_address_with_absolute_times(site: str, new_page: NewPage) -> None:
    page = new_page(site + PAGE, height=1600)
    page.wait_for_selector("#history .is-drawn .point")
    box = page.locator("#history .nsewdrag").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.5)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.5, steps=8)
    page.mouse.up()
    page.wait_for_url("**/*from=2013-01-*Z&to=2013-01-*Z")
    shown = int(page.locator("#history-title .number").inner_text().split()[0])
    assert 5 < shown < 20
    assert_clean(page)


def test_a_deep_link_shows_its_time_and_its_point(site: str, new_page: NewPage) -> None:
    at, since = "2013-01-31T05:00:00Z", "2013-01-20T05:00:00Z"
    page = new_page(f"{site}{PAGE}?from={since}&to=2013-02-08T05:00:00Z&at={at}#point", height=1600)
    page.wait_for_selector("#history .is-drawn .point")
    assert page.locator("#history-title .number").inner_text().startswith("20 of ")
    assert page.locator("#point h3").inner_text() == "2013-01-31"
    assert page.locator("#history figcaption b").inner_text() == "2013-01-31"
    page.keyboard.press("]")
    page.wait_for_function("() => location.search.includes('at=2013-02-08')")
    assert f"from={since}" in page.evaluate("location.search"), "the time that is looked at stays"
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    page.keyboard.press("[")  # which the list of keys keeps for itself
    page.keyboard.press("Escape")
    assert "at=2013-02-08" in page.evaluate("location.search")
    assert_clean(page)
