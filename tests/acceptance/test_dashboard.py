"""The dashboard after the demo, in a real browser: the held asset, the incident's sentence, the mark in the plot."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest

from dashboards.theme import DARK, LIGHT
from tests.acceptance.conftest import Done, copied
from tests.support.browser import NewPage, assert_clean
from tests.unit.dashboards.served import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

STORM = "2013-02-08"
SENTENCE = r"Null rate of dep_time 50\.8 %, expected 0–[\d.]+ % \(learned from \d+ days\)"
DEP_TIME = "null_rate(dep_time)"
PLOT = ".is-large .canvas.history"
TRACES = """(canvas, name) => canvas.data.filter(trace => trace.name === name)
    .map(({x, y, base, marker, fill}) => ({x, y, base, marker, fill}))"""


@pytest.fixture(scope="module")
def site(finished_demo: tuple[Path, Done], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `tidegate serve` on what the demo left."""
    folder, done = finished_demo
    assert done.code == 0, done.out + done.err
    with served(copied(folder, tmp_path_factory.mktemp("dashboard") / "flights")) as address:
        yield address


@pytest.fixture(scope="module")
def paths(site: str) -> tuple[str, str, str]:
    """The three pages: Now, the held asset, the run that held it."""
    return "/", "/assets/flights", f"/runs/{held_run(site)}"


def twin(address: str) -> Any:
    with urlopen(address, timeout=30) as answer:
        assert answer.headers["content-type"] == "application/json"
        return json.load(answer)


def held_run(site: str) -> str:
    runs = twin(site + "/now.json")["runs"]
    assert runs[0]["status"] == "held"
    return str(runs[0]["id"])


def dep_time(site: str) -> dict[str, Any]:
    """The newest point of the null rate of dep_time, as it is stored."""
    series = next(each for each in twin(site + "/assets/flights.json")["monitors"] if each["id"] == DEP_TIME)
    return dict(series["points"][-1])


def words(page: "Page", selector: str) -> str:
    return re.sub(r"\s+", " ", page.locator(selector).inner_text())


def zoneless(sentence: str) -> str:
    """The sentence without its times of day: a page tells them in the reader's zone, its twin in the project's."""
    return re.sub(r"\b\d\d:\d\d\b", "hh:mm", sentence)


def traces(page: "Page", plot: str, name: str) -> list[dict[str, Any]]:
    """The traces of that name in a plot that Plotly has drawn."""
    drawn = page.locator(plot)
    drawn.scroll_into_view_if_needed()
    page.wait_for_selector(f"{plot}.is-drawn .main-svg")
    found: list[dict[str, Any]] = drawn.evaluate(TRACES, name)
    return found


def trace(page: "Page", plot: str, name: str) -> dict[str, Any]:
    found = traces(page, plot, name)
    assert len(found) == 1, f"{len(found)} traces are called {name!r}"
    return found[0]


def rgb(colour: str) -> str:
    return f"rgb({', '.join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))})"


def fits(page: "Page", width: int) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth") == width)


# ---- from Now to the plot


def test_now_leads_in_one_click_from_the_sentence_to_the_mark_in_the_plot(site: str, new_page: NewPage) -> None:
    page = new_page(site)
    sentence = words(page, "#sentence")
    now, since = twin(site + "/now.json"), page.locator("#sentence time")
    assert sentence == now["sentence"].replace("06:00", since.inner_text()), "in the reader's own zone"
    assert since.get_attribute("datetime") == now["since"]
    assert re.match(r"1 asset held, 2 blocked downstream, since ", sentence)
    assert re.match(r"held flights .*is held", words(page, "tr[data-key=flights]"))
    for key in ("daily_delays", "delay_report"):
        assert words(page, f"tr[data-key={key}]").startswith(f"blocked {key}")
    incident = page.locator(".incident").first
    assert incident.locator(".incident-where").inner_text() == f"flights {STORM}"
    assert re.fullmatch(SENTENCE, incident.locator(".incident-what").inner_text())
    assert page.locator("script[src*=plotly]").count() == 0  # nor is it needed here

    incident.locator("a.incident-what").click()
    page.wait_for_url(re.compile(r"/incidents/\d+$"))
    assert re.fullmatch(SENTENCE, words(page, "#sentence"))
    page.go_back()
    page.locator("a.incident-where").first.click()
    page.wait_for_url(re.compile(rf"/assets/flights\?partition={STORM}#incident-\d+$"))
    assert page.locator("#key").inner_text() == "flights"
    assert re.search(rf"{SENTENCE}; readers keep 2013-02-07", words(page, ".gate.is-held"))
    assert f"tidegate release flights --partition {STORM}" in words(page, ".gate.is-held .command")
    assert page.locator(".chip.is-pointed").inner_text() == STORM
    assert trace(page, PLOT, "newest")["x"] == [STORM]
    assert_clean(page)


def test_the_anomaly_is_drawn_where_its_value_is_and_above_the_band(site: str, new_page: NewPage) -> None:
    page = new_page(site + "/assets/flights")
    odd = trace(page, PLOT, "anomaly, high")
    assert odd["x"][-1] == STORM
    assert f"{odd['y'][-1]:.1%}" == "50.8%"
    newest = trace(page, PLOT, "newest")
    assert (newest["x"], newest["y"]) == ([STORM], [odd["y"][-1]])
    assert newest["marker"]["symbol"] == "triangle-up"
    assert trace(page, PLOT, "held, not learned from")["x"][-1] == STORM

    band, stored = trace(page, PLOT, "expected range"), dep_time(site)
    edges = sorted({y for x, y in zip(band["x"], band["y"], strict=True) if x == STORM})
    assert band["fill"] == "toself"
    assert edges == pytest.approx([stored["lower"], stored["upper"]])
    assert edges[-1] < odd["y"][-1]

    drawn = page.locator(PLOT).evaluate(
        """(canvas, edge) => {
            const {xaxis, yaxis} = canvas._fullLayout;
            const frame = canvas.querySelector(".main-svg").getBoundingClientRect();
            const last = canvas.data.find(trace => trace.name === "newest");
            const place = (axis, from, value) => from + axis._offset + axis.d2p(value);
            const wanted = [place(xaxis, frame.x, last.x[0]), place(yaxis, frame.y, last.y[0])];
            const boxes = (selector) => [...canvas.querySelectorAll(selector)].map(part => {
                const box = part.getBoundingClientRect();
                return {x: box.x + box.width / 2, y: box.y + box.height / 2, top: box.top, width: box.width,
                        height: box.height, fill: getComputedStyle(part).fill};
            });
            return {wanted, edge: place(yaxis, frame.y, edge), marks: boxes(".trace .point"),
                    bands: boxes(".fills .js-fill, .trace .js-fill")};
        }""",
        edges[-1],
    )
    x, y = drawn["wanted"]
    there = [mark for mark in drawn["marks"] if abs(mark["x"] - x) < 3 and abs(mark["y"] - y) < 5]
    assert [mark for mark in there if mark["fill"] == rgb(LIGHT["failing"]) and mark["width"] > 8]
    bands = [band for band in drawn["bands"] if band["width"] > 100 and band["height"] > 20]
    assert len(bands) == 1
    assert drawn["edge"] > y + 20, "the mark stands above the band of its day"
    assert_clean(page)


def test_the_heatmap_shows_the_held_day_and_every_check_has_its_strip(site: str, new_page: NewPage) -> None:
    page = new_page(site + "/assets/flights")
    page.locator(".canvas.heatmap").scroll_into_view_if_needed()
    page.wait_for_selector(".canvas.heatmap.is-drawn .hm image")
    figure = page.locator(".canvas.heatmap").evaluate(
        """canvas => ({...canvas.data[0], notes: canvas.layout.annotations,
            size: canvas.querySelector('.hm image').getBoundingClientRect().toJSON()})"""
    )
    rates = dict(zip(figure["y"], figure["z"], strict=True))
    assert figure["x"][-1] == STORM
    assert rates["dep_time"][-1] == pytest.approx(0.508, abs=0.001)
    assert max(rates["dep_time"][:-1]) < 0.2
    assert rates["carrier"][-1] == 0
    assert STORM in [note["x"] for note in figure["notes"]]
    assert page.locator(".canvas.heatmap .annotation-text").last.text_content() == "‖"
    assert figure["size"]["width"] > 600

    checks = twin(site + "/assets/flights.json")["checks"]
    assert {"accepted_values(carrier)", "in_range(sched_dep_time)"} <= {check["name"] for check in checks}
    assert page.locator("table.checks tbody tr").count() == len(checks) >= 5
    for row in page.locator("table.checks tbody tr").all():
        assert row.locator(".strip use").count() == 30
        box = row.locator(".strip").bounding_box()
        assert box is not None
        assert box["width"] > 250
        assert STORM in (row.locator(".strip use title").last.text_content() or "")
    assert_clean(page)


# ---- the run


def test_the_run_shows_what_was_held_and_what_it_blocked(site: str, new_page: NewPage) -> None:
    page = new_page(site)
    page.locator("table.runs tbody tr").first.locator("th a").click()
    page.wait_for_url(site + f"/runs/{held_run(site)}")
    assert re.search(r"\b1 held, 2 blocked in ", words(page, "#sentence"))
    assert trace(page, ".canvas.gantt", "judged, then held")["y"] == ["flights"]
    assert {"flights_raw", "flights", "delay_model"} <= set(trace(page, ".canvas.gantt", "executing")["y"])
    assert sorted(trace(page, ".canvas.gantt", "did not run")["y"]) == ["daily_delays", "delay_report"]
    gantt = words(page, ".canvas.gantt")
    assert gantt.count("blocked by flights") == 2
    hatched = page.locator(".canvas.gantt .barlayer .point path").evaluate_all(
        "bars => bars.filter(bar => getComputedStyle(bar).fill.includes('url(')).map(bar => bar.getBBox().width)"
    )
    assert len(hatched) == 1
    assert hatched[0] > 5

    rows = {row.locator("th").inner_text(): row for row in page.locator("table.steps tbody tr").all()}
    assert re.search(SENTENCE, rows["flights"].inner_text())
    for key in ("daily_delays", "delay_report"):
        assert rows[key].locator(".cell-why").inner_text().count("flights") == 1, "what blocks is named once"
        assert rows[key].locator(".cell-why a").get_attribute("href") == "/assets/flights"
        assert rows[key].locator(".num").all_inner_texts() == ["–", "–", "–"]
        box = rows[key].locator("th .key").bounding_box()
        assert box is not None
        assert box["height"] < 30, "a short name stands on one line"
    assert re.search(r"process \d+ on \S+", words(page, ".hero .facts"))
    assert_clean(page)


# ---- themes, widths, keys, no script


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_themes_are_drawn_in_their_own_colours(site: str, new_page: NewPage, scheme: str) -> None:
    here, other = (LIGHT, DARK) if scheme == "light" else (DARK, LIGHT)
    page = new_page(site + "/assets/flights", scheme=scheme)
    for palette in (here, other):
        trace(page, PLOT, "newest")
        page.wait_for_function(
            """([plot, fill]) => [...document.querySelectorAll(plot + ' .trace .point')]
                .some(mark => getComputedStyle(mark).fill === fill)""",
            arg=[PLOT, rgb(palette["failing"])],
        )
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == rgb(palette["page"])
        page.click("#theme-toggle")
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == rgb(here["page"])
    assert_clean(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_page_fits_a_phone(site: str, paths: tuple[str, str, str], new_page: NewPage, scheme: str) -> None:
    for path in paths:
        page = new_page(site + path, phone=True, scheme=scheme)
        for canvas in page.locator(".canvas").all():
            canvas.scroll_into_view_if_needed()
            page.wait_for_timeout(50)
        page.wait_for_function("document.querySelectorAll('.canvas:not(.is-drawn)').length === 0")
        assert fits(page, 390), path
        assert_clean(page)


def test_on_a_phone_the_plots_words_cover_no_label_of_an_axis(site: str, new_page: NewPage) -> None:
    page = new_page(site + "/assets/flights", phone=True)
    trace(page, PLOT, "newest")
    boxes = page.locator(PLOT).evaluate(
        """canvas => {
            const boxes = (selector) => [...canvas.querySelectorAll(selector)].map(
                part => part.getBoundingClientRect().toJSON());
            return {words: boxes(".annotation:last-child .bg"), ticks: boxes(".ytick text")};
        }"""
    )
    assert len(boxes["words"]) == 1
    assert len(boxes["ticks"]) >= 3
    assert boxes["words"][0]["left"] > max(tick["right"] for tick in boxes["ticks"])
    assert words(page, PLOT).count("50.8 %") == 1
    assert page.locator(PLOT).evaluate("canvas => canvas.clientHeight") >= 400


def test_the_keys_work(site: str, paths: tuple[str, str, str], new_page: NewPage) -> None:
    page = new_page(site + paths[1])
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#help").is_visible()
    page.keyboard.press("/")
    page.wait_for_url(site + "/#filter")
    page.keyboard.type("daily_d")
    assert page.locator("tr[data-key]:visible").count() == 1
    page.keyboard.press("Enter")
    page.wait_for_url(site + "/assets/daily_delays")
    page.keyboard.press("g")
    page.keyboard.press("n")
    page.wait_for_url(site + "/")
    assert page.locator("tr[data-key]:visible").count() == 7
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert_clean(page)


def test_reading_needs_no_script(site: str, paths: tuple[str, str, str], browser: "Browser") -> None:
    context = browser.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        now, asset, run = (site + path for path in paths)
        page.goto(now)
        assert "1 asset held, 2 blocked downstream" in words(page, "#sentence")
        assert re.search(SENTENCE, words(page, ".incident >> nth=0"))
        assert page.locator("tr[data-key]:visible").count() == 7
        page.goto(asset)
        table = page.locator(".is-large .as-table")
        table.locator("summary").click()
        first = re.sub(r"\s+", " ", table.locator("tbody tr").first.inner_text())
        assert re.match(rf"{STORM} 50\.8 % 0–[\d.]+ % failed no", first)
        assert page.locator("table.checks tbody tr").count() >= 5
        assert page.locator("table.versions tbody tr:visible").count() == 39
        page.goto(run)
        assert "blocked" in words(page, "table.steps")
        assert page.locator("table.steps tbody tr:visible").count() == 7
        assert page.locator(".js-only:visible, .canvas:visible").count() == 0
        assert asked
        assert all(url.startswith(site + "/") for url in asked)
    finally:
        context.close()


# ---- twins


def test_each_page_links_to_its_twin_which_says_the_same(
    site: str, paths: tuple[str, str, str], new_page: NewPage
) -> None:
    for path in paths:
        page = new_page(site + path)
        address = page.locator(".foot a").get_attribute("href")
        assert address is not None
        record = twin(site + address)
        assert record["project"] == "flights"
        told = record.get("sentence", record.get("key"))
        assert zoneless(words(page, "h1")) == zoneless(told)
    newest = dep_time(site)
    assert (newest["partition"], newest["status"], newest["excluded"]) == (STORM, "failed", True)
    assert newest["value"] == pytest.approx(0.508, abs=0.001)
    run = twin(site + paths[2] + ".json")
    assert {step["asset"]: step["status"] for step in run["steps"]}["flights"] == "held"
