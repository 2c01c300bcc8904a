from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from dashboards.app import add_pages, create_app
from dashboards.pages.incident import view
from dashboards.pages.site import Site
from observer.model import EvaluationStatus
from observer.reads.base import Reads
from observer.reads.incident_model import Baseline, IncidentPage
from observer.reads.model import GateState, SaidRow, State
from observer.settings import ServeSettings
from orchestration.model import Cancellation
from tests.unit.dashboards import story, story_incident
from tests.unit.dashboards.fake_reads import HOSTILE, StoryReads, hostile_reads

PAGES = ("/", "/assets/flights", "/runs/r039", "/incidents", "/incidents/1", "/graph")
HTML = {"accept": "text/html,*/*"}


def client(reads: Reads | None = None) -> TestClient:
    app = FastAPI()
    add_pages(app, reads or StoryReads())
    return TestClient(app, headers=HTML, follow_redirects=False, raise_server_exceptions=True)


def text_of(page: str) -> str:
    """What a reader reads, without the figures' data."""
    words = re.sub(r'<wbr>|<span class="nowrap">([^<]*)</span>|<time class="told"[^>]*>([^<]*)</time>', r"\1\2", page)
    return unescape(re.sub(r"<script.*?</script>|<[^>]*>", " ", words, flags=re.DOTALL))


# ---- the three pages


def test_now_says_the_sentence_the_counts_and_the_incident() -> None:
    page = client().get("/").text
    words = re.sub(r"\s+", " ", text_of(page))
    assert "1 asset held, 2 blocked downstream, since 06:00; 4 healthy Read at" in words
    assert "1 held 2 blocked 0 stale" in words
    assert story.SENTENCE in words
    for fact in ("webhook delivered 06:00", "ops@example.com", "2013-02-07", "daily_delays", "delay_report"):
        assert fact in words
    assert "Observer alive: last event 8 s ago , outbox 0" in words
    assert 'href="/incidents/1"' in page


def test_an_incident_says_first_which_asset_and_partition_and_links_there() -> None:
    page = client().get("/").text
    words = re.sub(r"\s+", " ", text_of(page))
    assert f"Incident 1 flights 2013-02-08 {story.SENTENCE}" in words
    assert 'href="/assets/flights?partition=2013-02-08#incident-1"' in page


def test_an_incident_on_the_page_of_its_asset_leaves_out_what_that_says() -> None:
    page = client().get("/assets/flights").text
    card = page.partition('id="incident-1"')[2].partition("</article>")[0]
    words = re.sub(r"\s+", " ", text_of(f"<article{card}"))
    assert f"Incident 1 · 2013-02-08 {story.SENTENCE}" in words
    assert 'href="/incidents/1"' in card
    assert "incident-spark" not in card
    assert "Owner" not in words, "it is the asset's"


@pytest.mark.parametrize(
    ("path", "section"),
    [("/", "/"), ("/assets/flights", "/assets"), ("/assets/flights/monitors/row_count", "/assets"), ("/runs", "/runs")],
)
def test_the_bar_says_where_the_page_belongs(path: str, section: str) -> None:
    bar = client().get(path).text.partition("</nav>")[0]
    assert re.findall(r'<a href="([^"]+)" aria-current="page"', bar) == [section]


def test_now_loads_no_plotly() -> None:
    assert "plotly" not in client().get("/").text


def test_every_state_is_shape_word_and_colour() -> None:
    page = client().get("/").text
    held = re.search(r'<span class="state tone-held">(.*?)</span></span>', page)
    assert held is not None
    assert "#s-held" in held[1]
    assert held[1].endswith("<span>held")


def test_the_asset_page_tells_the_gate_and_how_to_release() -> None:
    page = client().get("/assets/flights?partition=2013-02-08").text
    words = re.sub(r"\s+", " ", text_of(page))
    assert 'tidegate release flights --partition 2013-02-08 --reason "..."' in words
    assert "Readers keep 2013-02-07" in words
    assert page.count('class="canvas history"') == 5
    assert page.count('class="canvas heatmap"') == 1
    assert "var(--failing)" in page
    assert 'class="is-pointed' in page


def test_an_asset_page_has_every_point_as_a_table() -> None:
    page = client().get("/assets/flights").text
    assert page.count("<summary>Show as table</summary>") == 6
    assert "50.8\u00a0%" in page


def test_an_asset_page_says_what_people_said_and_what_of_it_counts() -> None:
    plain = story.asset_page()
    word = SaidRow(
        number=1, at=plain.at, data_at=plain.at, partition="2013-02-08", subject="null_rate(dep_time)",
        said="expected-once", by="ana", reason="a blizzard", counts=True,
    )  # fmt: skip
    undone = replace(word, said="bad-data", counts=False)
    assert "What people said" not in client().get("/assets/flights").text
    reads = StoryReads(pages={"flights": replace(plain, said=(word, undone))})
    words = re.sub(r"\s+", " ", text_of(client(reads).get("/assets/flights").text))
    assert "2013-02-08 null_rate(dep_time) expected-once ana : a blizzard" in words
    assert "bad-data (counts no more)" in words
    assert client(reads).get("/assets/flights.json").json()["said"][0]["reason"] == "a blizzard"


def test_the_run_page_says_what_became_of_each_step() -> None:
    words = re.sub(r"\s+", " ", text_of(client().get("/runs/r039").text))
    assert "went on with 38 of 39 days" in words
    assert "process 4711 on tide-1" in words
    assert "4026531836" not in words


def test_what_blocks_a_step_is_named_once_and_linked() -> None:
    page = client().get("/runs/r039").text
    words = re.sub(r"\s+", " ", text_of(page))
    assert "blocked daily_delays 2013-02-08 flights 2013-02-08 is held – – –" in words
    assert "daily_delays 2013-02-08 is blocked by flights – – –" in words
    assert words.count("is held") == 2  # and the note of what went on
    assert 'class="cell-why"><a href="/assets/flights">' in page
    run = story.run_page()
    silent = replace(run, steps=(replace(run.steps[4], reason="upstream is missing."),))
    said = re.sub(r"\s+", " ", text_of(client(StoryReads(runs={"r039": silent})).get("/runs/r039").text))
    assert "upstream is missing; blocked by flights – – –" in said


def test_a_cancelled_run_says_by_whom_and_links_the_runs_around_it() -> None:
    asked = Cancellation(by="<b>ana</b>", reason="wrong & late", asked_at=story.run_page().at)
    run = story.run_page()
    row = replace(run.run, status="cancelled", counts=(("interrupted", 1), ("cancelled", 2)))
    shown = replace(run, run=row, resumes="r037", resumed_by="r041", cancellation=asked)
    page = client(StoryReads(runs={"r039": shown})).get("/runs/r039").text
    said = re.sub(r"\s+", " ", text_of(page))
    assert 'href="/runs/r037"' in page
    assert 'href="/runs/r041"' in page
    assert "&lt;b&gt;ana&lt;/b&gt;" in page
    assert "wrong &amp; late" in page
    assert "cancelled" in said
    assert client(StoryReads(runs={"r039": shown})).get("/runs/r039.json").json()["cancellation"]["by"] == asked.by


def test_a_step_that_never_ran_took_no_time() -> None:
    run = story.run_page()
    step = replace(run.steps[4], duration_s=0.000042)
    page = client(StoryReads(runs={"r039": replace(run, steps=(step,))})).get("/runs/r039").text
    row = page.partition('<tr class="is-idle">')[2].partition("</tr>")[0]
    assert row.count("–</td>") == 3
    assert "ms" not in text_of(row)


def test_the_gate_says_its_word_once() -> None:
    gate = replace(story.asset_page().gate, sentence="held: too many nulls; readers keep 2013-02-07")
    asset = replace(story.asset_page(), gate=gate)
    page = client(StoryReads(pages={"flights": asset})).get("/assets/flights").text
    assert "Gate held 2013-02-08 too many nulls; readers keep" in re.sub(r"\s+", " ", text_of(page))


@pytest.mark.parametrize(("small", "across"), [(0, 2), (1, 2), (2, 2), (3, 3), (4, 2), (5, 2), (9, 3)])
def test_small_plots_leave_no_hole(small: int, across: int) -> None:
    first = story.monitors()[0]
    asset = replace(story.asset_page(), monitors=(first,) * (small + 1))
    page = client(StoryReads(pages={"flights": asset})).get("/assets/flights").text
    assert f'class="monitors is-by-{across}"' in page


def test_times_are_the_projects_with_the_exact_utc_at_hand() -> None:
    page = client().get("/").text
    exact = "2013-02-09T11:00:00Z"
    title = f"Saturday 9 February 2013, 06:00 EST · {exact}"
    assert f'<time datetime="{exact}" title="{title}" data-as="moment">06:00</time>' in page


# ---- twins


@pytest.mark.parametrize(
    ("path", "field", "value"),
    [
        ("/now.json", "sentence", story.now_page().sentence),
        ("/.json", "sentence", story.now_page().sentence),
        ("/assets/flights.json", "key", "flights"),
        ("/runs/r039.json", "holder", story.run_page().holder),
    ],
)
def test_each_page_has_a_json_twin(path: str, field: str, value: str) -> None:
    answer = client().get(path)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()[field] == value


def test_the_twin_holds_the_record_as_it_is() -> None:
    body = client().get("/assets/flights.json").json()
    assert body["at"] == "2013-02-09T11:00:08Z"
    assert body["monitors"][3]["points"][20]["value"] is None
    assert body["monitors"][0]["points"][-1]["status"] == "failed"
    assert body["state"] == "held"


def test_a_number_that_is_none_is_null_in_the_twin() -> None:
    series = story.monitors()[0]
    point = replace(series.points[0], value=float("nan"))
    page = replace(story.asset_page(), monitors=(replace(series, points=(point,)),))
    body = client(StoryReads(pages={"flights": page})).get("/assets/flights.json").json()
    assert body["monitors"][0]["points"][0]["value"] is None


def test_an_asset_whose_name_ends_in_json_has_its_page() -> None:
    named = replace(story.asset_page(), key="events.json")
    http = client(StoryReads(pages={"events.json": named}))
    answer = http.get("/assets/events.json")
    assert answer.headers["content-type"].startswith("text/html")
    assert http.get("/assets/events.json.json").json()["key"] == "events.json"


def test_of_two_names_of_which_one_is_the_others_twin_each_has_its_page_and_its_twin() -> None:
    pages = {name: replace(story.asset_page(), key=name) for name in ("events", "events.json")}
    http = client(StoryReads(pages=pages))
    for name, twin in (("events", "/assets/events?as=json"), ("events.json", "/assets/events.json.json")):
        page = http.get(f"/assets/{name}")
        assert f'<h1 id="key" class="mono"><bdi>{name}' in page.text.replace("<wbr>", "")
        assert f'href="{twin}">JSON' in page.text
        assert http.get(twin).json()["key"] == name


# ---- incidents, problems


def test_an_incident_says_what_changed_what_happened_and_who_was_told() -> None:
    page = client().get("/incidents/1").text
    words = re.sub(r"\s+", " ", text_of(page))
    assert "origin=LGA carries 71 % of the change" in words
    assert "followed by gate" in words
    assert "nobody listens there" in words
    assert "2 more good versions end it by themselves" not in words  # one is still held
    assert 'href="/assets/flights?partition=2013-02-08#incident-1"' in page
    assert 'href="/assets/gone"' not in page
    assert "tidegate release flights --partition 2013-02-08 --reason '...'" in words
    assert "<form" not in page.split("<main")[1].split("</main")[0]  # these reads can't be written to


def test_the_inbox_says_which_monitors_are_worth_hearing_and_has_tabs() -> None:
    page = client().get("/incidents?status=all").text
    words = re.sub(r"\s+", " ", text_of(page))
    assert "unresolved 3" in words
    assert 'href="/incidents?status=all" aria-current="page"' in page
    assert "25 %" in words.replace("\xa0", " ")
    assert 'href="/incidents?status=all&amp;before=1"' in page
    assert client().get("/incidents?status=nonsense").status_code == 200
    assert [row["id"] for row in client().get("/incidents.json").json()["incidents"]] == [3, 2, 1]
    assert client().get("/incidents/1.json").json()["incident"]["revision"] == 1


class Incidents(StoryReads):
    """The story with incidents as they are given."""

    def __init__(self, shown: IncidentPage, **more: object) -> None:
        super().__init__(**more)  # type: ignore[arg-type]
        self.shown = shown

    def incident(self, incident_id: int) -> IncidentPage | None:
        return self.shown


@pytest.mark.parametrize(
    ("baseline", "said"),
    [
        (Baseline.GOOD, "Nothing else changed between the last good version and this one"),
        (Baseline.NONE, "There was no good version before this one, so there is nothing to compare it with."),
        (Baseline.NO_VERSION, ""),
    ],
)
def test_an_incident_claims_no_comparison_that_was_not_made(baseline: Baseline, said: str) -> None:
    shown = replace(story_incident.incident_page(), clues=(), baseline=baseline)
    words = re.sub(r"\s+", " ", text_of(client(Incidents(shown)).get("/incidents/1").text))
    assert said in words
    assert ("Changed around then" in words) is bool(said)


def test_an_incident_without_a_line_to_draw_has_no_dash_in_its_place() -> None:
    row = replace(story.incident(), sparkline=(None,))
    page = client(Incidents(story_incident.incident_page(row))).get("/incidents/1").text
    assert "incident-large" not in page
    assert "incident-large" in client().get("/incidents/1").text


def test_a_name_with_a_mark_that_turns_text_around_shows_the_mark() -> None:
    name = "ana\u202emoc.elpmaxe"
    row = replace(story.incident(), owners=(name,))
    reads = Incidents(story_incident.incident_page(row), page=replace(story.now_page(), incidents=(row,)))
    for path in ("/incidents/1", "/incidents"):
        page = client(reads).get(path).text
        assert "<bdi>ana\\u202emoc.elpmaxe</bdi>" in page
        assert "\u202e" not in page
    form = bytes(Site(reads, writes=True).html("incident.html", view(reads.shown, "proof")).body).decode()
    assert 'dir="auto" value="ana\\u202emoc.elpmaxe"' in form


def test_the_inbox_leads_to_what_could_not_be_delivered() -> None:
    page = client().get("/incidents").text
    assert '<a href="/dead-letters">What could not be delivered</a>' in page


@pytest.mark.parametrize("number", ["2", "0", "-1", "one", "9" * 40, "²"])
def test_an_unknown_incident_is_a_404_page(number: str) -> None:
    answer = client().get(f"/incidents/{number}")
    assert answer.status_code == 404
    assert "There is no such incident" in answer.text


def test_a_mistyped_asset_names_the_nearest_and_the_command() -> None:
    answer = client().get("/assets/flihts")
    assert answer.status_code == 404
    assert "No asset is called &#39;flihts&#39;" in answer.text
    assert 'href="/assets/flights"' in answer.text
    assert "tidegate ls" in answer.text


def test_an_unknown_run_and_an_unknown_address_are_pages_for_people() -> None:
    assert "There is no such run" in client().get("/runs/zzz").text
    answer = client().get("/nowhere/<b>")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text
    assert "<b>" not in answer.text.partition("<main")[2].partition("</main")[0]


def test_an_unknown_address_stays_json_for_programs() -> None:
    answer = client().get("/nowhere", headers={"accept": "application/json"})
    assert answer.status_code == 404
    assert "json" in answer.headers["content-type"]


@pytest.mark.parametrize("path", ["/assets/flihts.json", "/runs/zzz.json"])
def test_a_twins_problem_is_a_problem_document(path: str) -> None:
    answer = client().get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["code"] == "unknown-name"


@pytest.mark.parametrize("path", [*PAGES, "/assets/nothing"])
def test_a_state_that_does_not_answer_is_named(path: str) -> None:
    answer = client(StoryReads(broken=True)).get(path)
    assert answer.status_code == 503
    assert "could not be read" in answer.text
    assert "state.db is not a database" in answer.text


def test_a_state_that_does_not_answer_is_a_problem_for_programs() -> None:
    answer = client(StoryReads(broken=True)).get("/now.json")
    assert answer.status_code == 503
    assert answer.json()["code"] == "state"


# ---- empty states


def test_no_asset_says_what_to_do_first() -> None:
    empty = replace(story.now_page(), assets=(), incidents=(), runs=(), monitored=0, counts=())
    page = client(StoryReads(page=empty)).get("/").text
    assert "No asset is defined yet" in page
    assert "tidegate init" in page


def test_nothing_materialized_and_nothing_watched_differ() -> None:
    nothing = replace(story.assets()[0], state=State.NEVER, strip=(), last_partition=None, last_at=None)
    rows = (nothing, replace(nothing, key="planes"))
    never = replace(story.now_page(), assets=rows, incidents=(), runs=())
    assert "Nothing has been materialized" in client(StoryReads(page=never)).get("/").text
    unwatched = replace(story.now_page(), incidents=(), monitored=0)
    assert "Nothing is watched" in client(StoryReads(page=unwatched)).get("/").text


def test_a_quiet_day_is_calm_and_not_blank() -> None:
    page = client(StoryReads(page=replace(story.now_page(), incidents=()))).get("/").text
    assert "No incident is open. 5 of 7 assets are watched" in page


def test_an_asset_without_anything_has_a_page_that_says_so() -> None:
    bare = replace(
        story.asset_page(),
        incidents=(),
        monitors=(),
        heatmap=None,
        checks=(),
        schema=(),
        upstream=(),
        downstream=(),
        versions=(),
        owners=(),
        tags=(),
        group=None,
        state=State.NEVER,
        gate=GateState(outcome="none", partition=None, sentence="", held_partitions=(), release_command=None),
    )
    page = client(StoryReads(pages={"flights": bare})).get("/assets/flights").text
    for words in ("No monitor watches", "No check is declared", "Never materialized", "never judged"):
        assert words in page
    assert "plotly" not in page


def test_a_monitor_that_learns_shows_its_points_without_a_band() -> None:
    series = story.monitors()[0]
    learning = replace(
        series,
        points=series.points[:5],
        status=EvaluationStatus.LEARNING,
        trained_from=None,
        trained_to=None,
        n_train=0,
        sentence="learning: 2 more runs until it can judge",
    )
    asset = replace(story.asset_page(), monitors=(learning,))
    page = client(StoryReads(pages={"flights": asset})).get("/assets/flights")
    assert "2 more runs until it can judge" in text_of(page.text)
    assert '"name":"expected range"' not in page.text


# ---- hostile names, policy, static files


@pytest.mark.parametrize(
    "path", ["/", f"/assets/{quote(HOSTILE, safe='')}", "/runs/r039", "/incidents", "/incidents/1"]
)
def test_hostile_names_are_text(path: str) -> None:
    answer = client(hostile_reads()).get(path)
    assert answer.status_code == 200
    assert "<img" not in answer.text
    assert "{{7*7}}" in answer.text
    assert HOSTILE.strip() in text_of(answer.text)


@pytest.mark.parametrize("path", [*PAGES, "/assets/nothing"])
def test_no_page_needs_an_inline_script_or_another_host(path: str) -> None:
    page = client().get(path).text
    assert not re.search(r"<script(?![^>]*(src=|application/json))", page)
    assert not re.search(r"\son\w+=", page)
    assert " style=" not in page
    assert not re.search(r"(src|href)=\"(https?:)?//", page)


def test_static_files_are_kept_for_good_under_their_hash() -> None:
    http = client()
    addresses = set(re.findall(r'"(/static/[^"]+)"', http.get("/assets/flights").text))
    assert len(addresses) == 6
    for address in addresses:
        answer = http.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        plain = http.get(address, headers={"accept-encoding": "identity"})
        assert plain.content == answer.content
        assert "content-encoding" not in plain.headers
    assert http.get("/static/000000000000/plots.js").status_code == 404
    assert http.get("/static/000000000000/..%2f..%2fapp.py").status_code == 404


def test_pages_are_not_kept() -> None:
    assert all(client().get(path).headers["cache-control"] == "no-store" for path in PAGES)


def test_the_whole_service_serves_pages_under_its_policy() -> None:
    app = create_app(StoryReads(), ServeSettings())
    http = TestClient(app, base_url="http://127.0.0.1:8000", headers=HTML)
    answer = http.get("/")
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["content-encoding"] == "gzip"
    assert http.get("/nothing").status_code == 404
    assert "There is no such page" in http.get("/nothing").text
    assert http.get("/api/v1/nothing").headers["content-type"].startswith("application/problem+json")
