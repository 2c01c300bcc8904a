"""What steps said and waited for, on the run's page, on a page of its own and in the Gantt."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import plotly.graph_objects as go

from dashboards.figures import gantt
from observer.reads.model import RunPage
from tests.unit.dashboards import story
from tests.unit.dashboards.fake_reads import HOSTILE, StoryReads, hostile_reads
from tests.unit.dashboards.story_incident import incident_page
from tests.unit.dashboards.story_runs import logs, span
from tests.unit.dashboards.test_pages import client, text_of


def waited() -> RunPage:
    """The story's run, whose first step was tried twice and waited for whatever there is."""
    page = story.run_page()
    spans = (
        span("place", 0.0, 0.1, "a place in db"),
        span("try", 0.1, 0.2, "ConnectionError: no warehouse"),
        span("retry", 0.3, 0.1, "it is tried again after 0.1 s", 2),
        span("worker", 0.5, 0.3, "a free worker", 2),
        span("turn", 1.0, 0.4, "partitions before it were not judged yet", 2),
    )
    step = replace(
        page.steps[0], start_s=0.5, execute_s=0.2, gate_s=0.1, duration_s=1.05, spans=spans,
        logs=logs("r039", "3 pages"),
    )  # fmt: skip
    return replace(page, steps=(step, *page.steps[1:]))


def drawn(name: str, figure: Any) -> Any:
    return next(part for part in figure["data"] if part["name"] == name)


def test_the_gantt_draws_waits_and_tries_where_they_were() -> None:
    figure: Any = gantt(waited())
    go.Figure(figure)
    tries, waits = drawn("failed try", figure), drawn("waiting", figure)
    assert (tries["base"], tries["x"]) == ([0.1], [0.2])
    assert tries["customdata"] == ["0.2\N{NO-BREAK SPACE}s, try 1: ConnectionError: no warehouse"]
    assert waits["base"] == [0.0, 0.3, 0.5, 1.0]
    assert waits["customdata"][0] == "0.1\N{NO-BREAK SPACE}s, a place in db"
    lane = figure["layout"]["yaxis"]["categoryarray"][0]
    assert {part["base"][0] for part in figure["data"] if part["name"] == "executing"} == {0.8}
    gate = drawn("measuring and deciding", figure)
    assert gate["base"][gate["y"].index(lane)] == 1.4
    rest = drawn("publishing and the rest", figure)
    assert rest["base"][rest["y"].index(lane)] == 1.5


def words(path: str, reads: StoryReads) -> str:
    return re.sub(r"\s+", " ", text_of(client(reads).get(path).text))


def test_a_run_says_what_its_steps_said() -> None:
    reads = StoryReads(runs={"r039": waited()})
    said = words("/runs/r039", reads)
    assert "waited 0.1 s: a place in db" in said
    assert "try 1 failed after 0.2 s: ConnectionError: no warehouse" in said
    assert "Said 139 lines , errors among them" in said or "Said 139 lines, errors among them" in said
    assert "7 lines before these are not kept" in said
    assert "+1.30 s error pages gave up Traceback" in said
    assert "its process was ended in the middle of it" in said
    assert "128 lines before these" in said
    assert "All of it" in said
    page = client(reads).get("/runs/r039").text
    assert 'href="/runs/r039/log?asset=flights_raw&amp;partition=2013-02-08"' in page
    assert "<details" in page
    twin: Any = client(reads).get("/runs/r039.json").json()
    assert twin["steps"][0]["logs"][1]["count"] == 130
    assert twin["steps"][0]["spans"][1]["kind"] == "try"


def test_all_that_a_step_said_has_a_page() -> None:
    reads = StoryReads()
    said = words("/runs/r039/log?asset=flights&partition=2013-02-08", reads)
    assert "What flights 2013-02-08 said" in said
    assert "Try 2" in said
    twin: Any = client(reads).get("/runs/r039/log.json?asset=flights").json()
    assert [one["number"] for one in twin["logs"]] == [1, 2]
    assert client(reads).get("/runs/r039/log?asset=nothing").status_code == 404
    assert "The log could not be read" in words("/runs/r039/log?asset=flights", StoryReads(broken=True))


def test_words_stay_words() -> None:
    reads = hostile_reads()
    for path in ("/runs/r039", "/runs/r039/log?asset=flights"):
        page = client(reads).get(path).text
        assert HOSTILE not in page
        assert text_of(page).count("3 pages") == 0


def test_an_incident_shows_the_end_of_what_its_asset_said() -> None:
    class Told(StoryReads):
        def incident(self, incident_id: int) -> Any:
            return replace(incident_page(), log=logs("r039", "3 pages")[0])

    said = words("/incidents/1", Told())
    assert "What its code said last 7 lines before these are not kept" in said
    assert "of run r039" in said
