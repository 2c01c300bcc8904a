"""The page of a monitor: what it says, what its addresses mean, and what is said where nothing can be shown."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dashboards.figures import history
from dashboards.figures.replayed import replayed
from dashboards.pages.monitor_view import View, monitor_path, monitor_url
from observer.model import EvaluationStatus
from observer.reads.model import MonitorSeries
from observer.reads.monitor_model import MonitorPage, Unread
from observer.sight import Sight
from tests.unit.dashboards import story, story_history, story_monitor
from tests.unit.dashboards.fake_reads import HOSTILE, StoryReads
from tests.unit.dashboards.golden import assert_figure
from tests.unit.dashboards.test_pages import client, text_of

PAGE = "/assets/flights/monitors/null_rate(dep_time)"


class Changed(StoryReads):
    """The story with one page of a monitor that is as a test wants it."""

    changes: dict[str, Any]

    def monitor(
        self, asset: str, monitor: str, *, part: str = "", since: datetime | None = None, until: datetime | None = None
    ) -> MonitorPage | None:
        found = super().monitor(asset, monitor, part=part, since=since, until=until)
        return None if found is None else replace(found, **self.changes)


def reads(**changes: Any) -> Changed:
    made = Changed()
    made.changes = changes
    return made


def words(path: str, of: StoryReads | None = None) -> str:
    answer = client(of).get(path)
    assert answer.status_code == 200, answer.text
    return re.sub(r"\s+", " ", text_of(answer.text))


def test_it_says_what_it_is_how_sure_and_how_often_it_was_right() -> None:
    said = words(PAGE)
    assert "Null rate of dep_time" in said
    assert "2013-02-08: dep_time null rate 50.8 %, expected 0–9.4 % (learned from 38 days)" in said
    assert "holds the version" in said
    assert "about 1 in 1,000 runs" in said
    assert "3 of 4 were right 1 expected" in said
    assert 'ob.monitor("null_rate", column="dep_time", severity="error")' in said
    assert "Moved up by 30 %" in said
    assert "A season of 7 points" in said


def test_a_partition_or_an_instant_is_pointed_at_with_its_sentence_and_run() -> None:
    for query in ("?partition=2013-01-31", "?at=2013-01-31T05:00:00Z"):
        page = client().get(PAGE + query).text
        said = re.sub(r"\s+", " ", text_of(page))
        assert "2013-01-31 : 2013-02-08: dep_time null rate" in said  # the story says one sentence of all points
        assert 'href="/runs/r039"' in page
        assert (
            'id="earlier" href="/assets/flights/monitors/null_rate(dep_time)?at=2013-01-30T05:00:00Z#history"' in page
        )
        assert 'id="later" href="/assets/flights/monitors/null_rate(dep_time)?at=2013-02-0' in page
    assert "No point of what is shown is of the time" not in words(PAGE)


def test_a_click_leads_to_the_run_of_the_nearest_point() -> None:
    answer = client().get(PAGE + "?go=run&at=2013-01-31T09:00:00Z")
    assert (answer.status_code, answer.headers["location"]) == (303, "/runs/r039")
    nowhere = client().get(PAGE + "?go=run&from=2030-01-01T00:00:00Z&at=2013-01-31T09:00:00Z")
    assert nowhere.headers["location"] == PAGE + "?from=2030-01-01T00:00:00Z"


def test_a_time_without_points_says_what_there_is() -> None:
    said = words(PAGE + "?from=2030-01-01T00:00:00Z&to=2030-02-01T00:00:00Z")
    assert "No point lies in this time" in said
    assert "There are 39 points from 1 Jan 00:00 to 8 Feb 00:00" in said


def test_a_monitor_without_any_point_says_how_to_begin() -> None:
    empty = replace(story_history.monitors()[0], points=())
    reads_of = StoryReads(pages={"flights": replace(story.asset_page(), monitors=(empty,))})
    assert "Nothing has been measured yet" in words(PAGE, reads_of)


def test_an_unknown_monitor_or_asset_names_what_is_near() -> None:
    answer = client().get("/assets/flights/monitors/null_rate(dep_tim)")
    assert answer.status_code == 404
    assert "There is no such monitor" in text_of(answer.text)
    assert 'href="/assets/flights/monitors/null_rate(dep_time)"' in answer.text
    assert "There is no such asset" in text_of(client().get("/assets/flihts/monitors/row_count").text)
    twin = client().get("/assets/flights/monitors/nul.json")
    assert (twin.status_code, twin.json()["code"]) == (404, "unknown-name")


@pytest.mark.parametrize(
    "query",
    [
        "from=tomorrow", "to=2013-13-01", "at=%00", "before=9", "from=0001-01-01T00:00:00Z&to=0001-01-02T00:00:00Z",
        "to=9999-12-31T23:59:59.999999Z", "at=0001-01-01T00:00:00%2B14:00",
    ],
)  # fmt: skip
def test_what_is_no_instant_is_said(query: str) -> None:
    answer = client().get(f"{PAGE}?{query}")
    assert answer.status_code == 400
    assert "is no instant such as 2013-02-08T11:00:00Z" in text_of(answer.text)


def test_a_monitor_that_has_left_the_project_keeps_its_past() -> None:
    said = words(PAGE, reads(declared=False, declaration=""))
    assert "This monitor has left the project" in said
    assert "As declared" not in said
    assert "39 of 39 points" in said


def test_one_part_that_can_not_be_told_leaves_the_others() -> None:
    lost = Unread(why="state.db is locked; ask again.")
    said = words(PAGE, reads(happenings=lost, precision=lost, compared=lost, decomposed=lost))
    assert said.count("state.db is locked; ask again.") == 4
    assert "How the values are spread could not be told" in said
    assert "39 of 39 points" in said


def test_learning_says_how_many_more_it_takes() -> None:
    series = replace(
        story_history.monitors()[0], status=EvaluationStatus.LEARNING, n_train=3, sight=Sight(runs_needed=5)
    )  # fmt: skip
    said = words(PAGE, reads(series=series, made=(None,) * len(series.points)))
    assert "Learning: it has learned from 3 points and can judge after 5 more." in said


def test_the_table_comes_a_page_at_a_time() -> None:
    series = story_history.monitors()[0]
    first = series.points[0]
    points = tuple(replace(first, at=first.at + timedelta(days=n), partition=f"day-{n}") for n in range(250))
    of = reads(series=replace(series, points=points), made=(None,) * 250)
    page = client(of).get(PAGE).text
    assert page.count('<th scope="row"') == 100 + 5  # and five shares of the values before and after
    older = re.search(r'href="([^"]*before=[^"]*)#table"', page)
    assert older is not None
    second = client(of).get(older[1]).text
    assert "day-149" in second
    assert "day-150<" not in second
    assert "Newest" in second


def test_what_is_unknown_stands_with_its_reason() -> None:
    said = words("/assets/flights/monitors/duration")
    assert "Not known 1 2013-01-21 2013-02-08: took 0.13 s, as expected" in said


def test_switches_are_addresses_that_say_all() -> None:
    page = client().get(PAGE + "?over=week&part=").text
    assert 'href="/assets/flights/monitors/null_rate(dep_time)?axis=clock&amp;over=week"' in page
    thirty = "from=2013-01-09T05:00:00Z&amp;to=2013-02-08T05:00:00Z"
    assert f'href="/assets/flights/monitors/null_rate(dep_time)?{thirty}&amp;over=week"' in page
    first, *others = story_history.monitors()[0].points
    series = replace(story_history.monitors()[0], points=(replace(first, value=0.0), *others))
    assert "scale=log" not in client(reads(series=series)).get(PAGE).text  # nought has no logarithm
    assert "scale=log" in page
    assert "scale=log" in client().get("/assets/flights/monitors/row_count").text
    assert 'aria-current="true">log' in client().get("/assets/flights/monitors/row_count?scale=log").text
    assert "axis=clock" not in client().get("/assets/flights/monitors/duration").text  # which has no other time


def test_the_twin_is_the_same_as_json() -> None:
    found = client().get(PAGE + ".json?from=2013-01-31T05:00:00Z").json()
    assert found["series"]["id"] == "null_rate(dep_time)"
    assert len(found["series"]["points"]) == 9
    assert found["stretch"]["points"] == 39


def test_an_asset_whose_name_reads_like_a_monitor_keeps_its_page() -> None:
    odd = replace(story.asset_page(), key="a/monitors/b")
    of = StoryReads(pages={"flights": story.asset_page(), "a/monitors/b": odd})
    assert "a/ monitors/ b" in re.sub(r"\s+", " ", text_of(client(of).get("/assets/a/monitors/b").text)) or (
        "a/monitors/b" in text_of(client(of).get("/assets/a/monitors/b").text)
    )
    assert client(of).get("/assets/a/monitors/b/monitors/row_count").status_code == 200


def test_hostile_names_are_text() -> None:
    series = replace(story_history.monitors()[0], id=HOSTILE, title=HOSTILE, sentence=HOSTILE, part=HOSTILE)
    page = replace(story.asset_page(), key=HOSTILE, monitors=(series,))
    answer = client(StoryReads(pages={HOSTILE: page})).get(monitor_path(HOSTILE, HOSTILE))
    assert answer.status_code == 200
    assert "<img" not in answer.text


def test_addresses_of_any_name_are_read_back() -> None:
    at = datetime(2024, 3, 1, 6, 0, 0, 123456, tzinfo=UTC)
    view = View(asset="a b", monitor="n[x=/?&]", part="EU & co", since=at, until=at, at=at, clock=True, log=True)
    path, _, query = view.url.partition("?")
    assert path == "/assets/a%20b/monitors/n%5Bx%3D%2F%3F%26%5D"
    pairs = dict(one.split("=", 1) for one in query.split("&"))
    assert pairs["from"] == "2024-03-01T06:00:00.123456Z"
    assert view.twin.startswith(path + ".json?")
    assert monitor_url("flights", "row_count") == "/assets/flights/monitors/row_count"


def test_the_asset_and_the_incident_lead_here() -> None:
    assert f'href="{PAGE}"' in client().get("/assets/flights").text
    assert f'href="{PAGE}?partition=2013-02-08"' in client().get("/incidents/1").text


# ---- other sensitivities


def test_the_panel_says_of_nine_sensitivities_what_each_would_have_done() -> None:
    page = client().get(PAGE + "?panel=backtest").text
    said = re.sub(r"\s+", " ", text_of(page))
    assert page.count('class="level"') == 9
    assert page.count("data-current") == 1
    assert "1 in 1,000 as it is : would have alerted 4 times in 38 days, caught 1 of 1 confirmed." in said
    assert "1 in 20 : would have alerted 9 times in 38 days, caught 1 of 1 confirmed, 3 marked expected." in said
    assert 'severity="error", alpha=0.05)' in said
    assert "Nothing is saved here" in said
    assert 'method="post"' not in page
    assert f'data-panel="{PAGE}?panel=backtest"' in client().get(PAGE).text


def test_the_panel_has_a_twin_and_says_where_there_is_nothing_to_replay() -> None:
    found = client().get(PAGE + ".json?panel=backtest").json()
    assert [level["current"] for level in found["levels"]].index(True) == 5
    assert client().get("/assets/flights/monitors/nothing?panel=backtest").status_code == 404

    class Nothing(StoryReads):
        def sensitivities(self, asset: str, monitor: str, *, part: str = "") -> None:
            return None

    answer = client(Nothing()).get(PAGE + "?panel=backtest")
    assert answer.status_code == 404
    assert "There is nothing to replay" in text_of(answer.text)


def test_the_layers_of_a_replay_are_the_golden_ones() -> None:
    found = StoryReads().sensitivities("flights", "null_rate(dep_time)")
    assert found is not None
    figure: Any = replayed(found)
    assert [trace["visible"] for trace in figure["data"][1:]] == [number == 5 for number in range(9)]
    assert_figure("replayed", figure)


# ---- the figure


def full(series: MonitorSeries, **more: Any) -> dict[str, Any]:
    return history(series, timezone=story.ZONE, happenings=story_monitor.happenings().shown, **more)


def test_the_whole_plot_is_the_golden_one() -> None:
    series = story_history.monitors()[0]
    *before, storm, last = series.points
    points = (*before, replace(storm, status=EvaluationStatus.WARNED, direction="high", taken_up=True), last)
    figure = full(replace(series, points=points), at=points[30].at, week_before=())
    names = [trace["name"] for trace in figure["data"]]
    assert names[-6:] == ["run", "code", "settings", "schema", "backfill", "baseline"]
    assert "a week before" in names
    assert_figure("history-whole", figure)


def test_the_logarithmic_plot_is_the_golden_one() -> None:
    rows = story_history.monitors()[2]
    assert_figure("history-log", history(rows, timezone=story.ZONE, log=True))


def test_taken_up_anomalies_are_hollow() -> None:
    series = story_history.monitors()[0]
    points = tuple(replace(p, taken_up=p.status is EvaluationStatus.WARNED) for p in series.points)
    data = full(replace(series, points=points))["data"]
    hollow = next(trace for trace in data if trace["name"] == "anomaly, high, taken up")
    filled = next(trace for trace in data if trace["name"] == "anomaly, high")
    assert hollow["marker"]["color"] == "var(--surface)"
    assert set(hollow["marker"]["line"]["color"]) == {"var(--warning)"}
    assert filled["x"] == ["2013-02-08"]


def test_a_rate_of_nought_has_no_logarithm() -> None:
    first, *others = story_history.monitors()[0].points
    figure = full(replace(story_history.monitors()[0], points=(replace(first, value=0.0), *others)), log=True)
    assert "type" not in figure["layout"]["yaxis"]


def test_the_words_stand_on_the_side_where_they_fit() -> None:
    series = story_history.monitors()[0]
    sides = [full(series, at=series.points[index].at)["layout"]["annotations"][-1]["xanchor"] for index in (2, 37)]
    assert sides == ["left", "right"]
