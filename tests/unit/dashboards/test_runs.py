"""The pages of runs and schedules, from the story's records."""

from __future__ import annotations

import re
from typing import Any

import plotly.graph_objects as go
import pytest

from dashboards.figures import run_times
from observer.reads.run_model import RunsWanted
from tests.unit.dashboards.fake_reads import HOSTILE, StoryReads, hostile_reads
from tests.unit.dashboards.golden import assert_figure
from tests.unit.dashboards.story_runs import line, runs_page
from tests.unit.dashboards.test_pages import client, text_of


def words(path: str, reads: StoryReads | None = None) -> str:
    return re.sub(r"\s+", " ", text_of(client(reads).get(path).text))


def test_the_runs_begin_with_what_waits_and_runs() -> None:
    said = words("/runs")
    assert "Waiting and running 2 State" in said
    assert re.search(r"running .*all assets.* queued .*flights", said)
    assert "asked by schedule , due 8 Feb" in said or "asked by schedule, due" in said
    assert "refused flights" in said
    assert "there is no asset of that name any more" in said


def test_a_tab_keeps_what_the_form_asks_for_and_addresses_are_absolute() -> None:
    page = client().get("/runs?select=flights&since=2013-02-01T00:00Z&status=held").text
    assert 'href="/runs?status=held&amp;select=flights&amp;since=2013-02-01T00%3A00%3A00Z&amp;before=33.12"' in page
    assert 'value="2013-02-01T00:00:00Z"' in page
    assert "data-live" not in page  # nothing is heard of without a project behind it


def test_the_twin_says_the_same() -> None:
    twin: dict[str, Any] = client().get("/runs.json?before=33.12").json()
    assert twin["wanted"]["before"] == [33, 12]
    assert twin["open"] == []
    assert [run["status"] for run in twin["ended"]][:2] == ["held", "succeeded"]
    assert client().get("/schedules.json").json()["schedules"][0]["last"]["outcome"] == "waits"


def test_an_address_that_asks_for_no_page_is_refused() -> None:
    assert client().get("/runs?before=x").status_code == 422


@pytest.mark.parametrize("query", ["since=yesterday", "until=0001-01-01T00:00%2B14:00", "since=9999-12-31T23:59-14:00"])
def test_a_time_that_is_none_is_said_on_a_page(query: str) -> None:
    answer = client().get(f"/runs?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/html; charset=utf-8")
    assert "is no instant such as 2013-02-08T11:00:00Z" in text_of(answer.text)
    assert client().get(f"/runs.json?{query}").json()["code"] == "not-an-instant"


def test_a_lost_store_is_named() -> None:
    assert "The runs could not be read" in words("/runs", StoryReads(broken=True))
    assert "The schedules could not be read" in words("/schedules", StoryReads(broken=True))


def test_the_schedules_say_what_is_due_and_who_paused_what() -> None:
    said = words("/schedules")
    assert "2 assets on a schedule, 1 paused, 1 due and waiting" in said
    assert "waits for weather_raw 2013-02-08, which is not published" in said
    assert "paused by flights" in said


def test_hostile_words_are_text_in_both() -> None:
    for path in ("/runs", "/schedules", "/dead-letters"):
        page = client(hostile_reads()).get(path).text
        assert "<img" not in page
        assert HOSTILE.split()[0] in text_of(page)


def test_the_plot_of_runs_is_the_golden_one_and_counts_powers_where_lengths_lie_far_apart() -> None:
    figure: Any = run_times(runs_page(RunsWanted()).ended)
    assert_figure("run-times", figure)
    assert figure["layout"]["yaxis"]["type"] == "log"
    assert {trace["name"] for trace in figure["data"]} >= {"held", "succeeded", "failed"}


def test_lengths_that_lie_close_are_drawn_from_nothing_up() -> None:
    figure: Any = run_times([line(1, "succeeded", took_s=3.4), line(2, "held", took_s=4.1)])
    go.Figure(figure)
    assert figure["layout"]["yaxis"]["range"][0] == 0


def test_runs_that_never_began_are_not_drawn() -> None:
    assert run_times([line(1, "refused", begun=False)]) is None
