from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import plotly.graph_objects as go
import pytest

from dashboards.figures import gantt, history, null_heatmap, sparkline
from dashboards.figures.heatmap import BINS
from dashboards.figures.scale import scale
from dashboards.figures.text import plain
from observer.model import EvaluationStatus, FeedbackKind
from observer.reads.model import MonitorSeries, NullHeatmap
from tests.unit.dashboards import story
from tests.unit.dashboards.fake_reads import HOSTILE, hostile_reads
from tests.unit.dashboards.golden import assert_figure
from tests.unit.dashboards.story_history import day


def trace(figure: dict[str, Any], name: str) -> dict[str, Any]:
    found = [part for part in figure["data"] if part["name"] == name]
    assert len(found) == 1, [part["name"] for part in figure["data"]]
    return dict(found[0])


def drawn(series: MonitorSeries, *, large: bool = True) -> dict[str, Any]:
    figure = history(series, timezone=story.ZONE, large=large)
    go.Figure(figure)
    return figure


# ---- history


@pytest.mark.parametrize("index", range(5))
def test_each_history_is_the_golden_one(index: int) -> None:
    series = story.monitors()[index]
    name = "history-" + series.id.replace("(", "-").replace(")", "")
    assert_figure(name, history(series, timezone=story.ZONE, large=index == 0))


def test_the_blizzard_is_a_filled_red_mark_in_a_ring_with_its_words() -> None:
    figure = drawn(story.monitors()[0])
    newest = trace(figure, "newest")
    assert newest["x"] == ["2013-02-08"]
    assert newest["y"] == [pytest.approx(0.5075, abs=1e-4)]
    assert newest["marker"]["symbol"] == "triangle-up"
    assert newest["marker"]["color"] == "var(--failing)"
    assert trace(figure, "held, not learned from")["x"] == ["2013-02-08"]
    hatched = trace(figure, "not learned from")
    assert (hatched["x"][0], hatched["x"][1]) == ("2013-02-07 12:00:00", "2013-02-08 12:00:00")
    assert hatched["fillpattern"]["shape"] == "/"
    storms = trace(figure, "anomaly, high")
    assert {"2013-01-16", "2013-01-28", "2013-01-30", "2013-01-31"} <= set(storms["x"])
    texts = [note["text"] for note in figure["layout"]["annotations"]]
    assert any(text.startswith("<b>50.8\u00a0%</b>\u00a0\u00a0failed<br>expected ") for text in texts)
    assert any(text.startswith("learned from 1\u00a0Jan – 7\u00a0Feb, 38 points") for text in texts)


def test_what_a_person_said_is_a_ring_of_its_own() -> None:
    series = story.monitors()[0]
    *before, storm, last = series.points
    points = (*before, replace(storm, mark=FeedbackKind.EXPECTED), replace(last, mark=FeedbackKind.BAD_DATA))
    figure = drawn(replace(series, points=points))
    right, wrong = trace(figure, "marked as expected"), trace(figure, "marked as bad data")
    assert (right["x"], right["customdata"], right["marker"]["symbol"]) == (["2013-02-07"], ["expected"], "circle-open")
    assert (wrong["x"], wrong["customdata"], wrong["marker"]["symbol"]) == (
        ["2013-02-08"], ["bad-data"], "circle-x-open",
    )  # fmt: skip
    assert right["marker"]["color"] != wrong["marker"]["color"]
    assert "held, not learned from" not in [part["name"] for part in figure["data"]]  # that is said by the other ring


def test_a_low_value_points_down() -> None:
    assert trace(drawn(story.monitors()[2]), "anomaly, low")["marker"]["symbol"] == "triangle-down"


def test_the_band_is_the_stored_one_and_has_a_gap_where_none_was_stored() -> None:
    series = story.monitors()[0]
    points = tuple(replace(p, lower=None, upper=None) if i == 20 else p for i, p in enumerate(series.points))
    band = trace(drawn(replace(series, points=points)), "expected range")
    assert band["x"].count(None) == 1
    assert "2013-01-21" not in band["x"]
    assert points[30].upper in band["y"]
    assert "2013-01-05" not in band["x"]  # it was learning then


def test_the_line_breaks_where_a_value_is_missing_and_a_tick_says_so() -> None:
    figure = drawn(story.monitors()[3])
    line = trace(figure, "measured")
    assert line["connectgaps"] is False
    assert line["y"][20] is None
    assert trace(figure, "missing")["x"] == ["2013-01-21"]
    assert trace(figure, "missing")["y"] == [figure["layout"]["yaxis"]["range"][0]]


def test_a_rate_is_read_in_per_cent_and_the_axis_names_the_unit() -> None:
    axis = drawn(story.monitors()[0])["layout"]["yaxis"]
    assert axis["ticktext"][:2] == ["0\u00a0%", "20\u00a0%"]
    assert axis["title"]["text"] == "share of rows"
    assert drawn(story.monitors()[2])["layout"]["yaxis"]["title"]["text"] == "rows"


def test_the_words_of_the_newest_point_stay_inside_the_plot() -> None:
    for series in story.monitors():
        figure = drawn(series)
        low, high = figure["layout"]["yaxis"]["range"]
        callout = figure["layout"]["annotations"][-1]
        assert callout["xanchor"] == "right"
        assert callout["yanchor"] == ("top" if callout["ay"] > (low + high) / 2 else "bottom")
        assert low <= callout["ay"] <= high


def test_a_series_without_a_point_is_still_a_figure() -> None:
    empty = replace(story.monitors()[0], points=(), trained_from=None, trained_to=None, status=None)
    assert drawn(empty)["layout"]["annotations"] == []


def test_one_point_is_a_figure() -> None:
    series = story.monitors()[0]
    assert trace(drawn(replace(series, points=series.points[:1])), "newest")["marker"]["symbol"] == "circle"
    assert drawn(replace(series, points=series.points[-1:]))


def test_a_newest_point_that_is_missing_is_not_made_up() -> None:
    series = story.monitors()[0]
    last = replace(series.points[-1], value=None, status=EvaluationStatus.UNKNOWN)
    names = [part["name"] for part in drawn(replace(series, points=(*series.points[:-1], last)))["data"]]
    assert "newest" not in names
    assert "missing" in names


def test_instants_of_an_unpartitioned_asset_keep_their_time_of_day() -> None:
    series = story.monitors()[2]
    later = timedelta(hours=6, minutes=30)
    points = tuple(replace(p, at=p.at + later, partition=None) for p in series.points)
    assert trace(drawn(replace(series, points=points)), "measured")["x"][0] == "2013-01-01 06:30:00"


def test_a_year_of_days_is_small() -> None:
    series = story.monitors()[0]
    days = ((i, series.points[i % 38 + 1]) for i in range(365))
    points = tuple(replace(p, at=day(i), value=0.01 + (i * 37 % 101) / 9_000) for i, p in days)
    text = json.dumps(drawn(replace(series, points=points)), separators=(",", ":"))
    assert len(gzip.compress(text.encode())) < 10_000


# ---- null rates


def test_the_heatmap_is_the_golden_one() -> None:
    heatmap = story.asset_page().heatmap
    assert heatmap is not None
    assert_figure("heatmap", null_heatmap(heatmap))


def test_the_held_day_is_marked_over_its_column() -> None:
    heatmap = story.asset_page().heatmap
    assert heatmap is not None
    notes: Any = null_heatmap(heatmap)["layout"]
    assert [(note["text"], note["x"]) for note in notes["annotations"]] == [("‖", "2013-02-08")]


def test_partitions_that_are_no_days_are_categories_and_gaps_stay_gaps() -> None:
    names = ("eu", "us<b>")
    heatmap = NullHeatmap(partitions=names, columns=("a",), rates=((None, 0.3),), held=("us<b>",))
    figure: Any = null_heatmap(heatmap)
    go.Figure(figure)
    assert figure["layout"]["xaxis"]["type"] == "category"
    assert figure["data"][0]["z"] == [[None, 0.3]]
    assert figure["layout"]["annotations"][0]["x"] == figure["data"][0]["x"][1] == "us&lt;b&gt;"


def test_the_scale_of_null_rates_rises_from_zero() -> None:
    lows = [each.low for each in BINS]
    assert lows == sorted(lows)
    assert lows[0] == 0


# ---- runs


def test_the_gantt_of_what_goes_on_draws_it_up_to_now() -> None:
    page = story.run_page()
    goes = replace(page.steps[0], status="running", start_s=1.0, duration_s=None, execute_s=None, gate_s=None)
    going = replace(page, at=page.run.started_at + timedelta(seconds=9), ended_at=None, steps=(goes, *page.steps[1:]))
    bar = trace(gantt(going), "under way")
    go.Figure(gantt(going))
    assert (bar["base"], bar["x"]) == ([1.0], [8.0])


def test_the_gantt_is_the_golden_one() -> None:
    assert_figure("gantt", gantt(story.run_page()))


def test_the_held_gate_is_hatched_and_blocked_steps_are_marked_at_the_end() -> None:
    figure: Any = gantt(story.run_page())
    held = trace(figure, "judged, then held")
    assert held["y"] == ["flights"]
    assert held["marker"]["pattern"]["shape"] == "/"
    ends = trace(figure, "did not run")
    assert ends["y"] == ["daily_delays", "delay_report"]
    assert set(ends["x"]) == {1.24}
    assert ends["text"][0].startswith("blocked by flights")


def test_a_run_of_several_partitions_names_them_and_a_large_one_folds_by_asset() -> None:
    page = story.run_page()
    two = replace(page, steps=(*page.steps[:1], replace(page.steps[0], partition="2013-02-09")))
    assert trace(gantt(two), "executing")["y"] == ["flights_raw 2013-02-08", "flights_raw 2013-02-09"]
    many = replace(page, steps=page.steps * 12)
    layout: Any = gantt(many)["layout"]
    assert len(layout["yaxis"]["categoryarray"]) == 7


def test_long_names_that_begin_alike_keep_rows_of_their_own() -> None:
    page, asset = story.run_page(), "delays_by_carrier_and_origin"
    days = [replace(page.steps[0], asset=asset, partition=f"2013-02-0{n}") for n in (8, 9)]
    assert trace(gantt(replace(page, steps=tuple(days))), "executing")["y"] == [
        "delays_by_carr…igin 2013-02-08", "delays_by_carr…igin 2013-02-09",
    ]  # fmt: skip
    names = (f"minutes_late_of_the_whole_{n}_departure" for n in ("first", "second"))
    rates = NullHeatmap(columns=tuple(names), partitions=("2013-02-08",), rates=((0.0,), (1.0,)), held=())
    figure: Any = null_heatmap(rates)
    assert len(set(figure["data"][0]["y"])) == 2


def test_a_run_in_which_nothing_started_is_a_figure() -> None:
    page = story.run_page()
    go.Figure(gantt(replace(page, steps=page.steps[4:5])))
    go.Figure(gantt(replace(page, steps=(), run=replace(page.run, duration_s=None))))


# ---- small parts


def test_a_sparkline_breaks_at_a_gap_and_marks_the_newest() -> None:
    line = sparkline([1.0, 2.0, None, 3.0])
    assert line is not None
    assert line.segments == ("4,20 33.3,12",)
    assert line.dots == ((92.0, 4.0),)
    assert line.last == (92.0, 4.0)


@pytest.mark.parametrize("values", [[], [None, None], [float("nan")]])
def test_nothing_measured_is_no_sparkline(values: list[float | None]) -> None:
    assert sparkline(values) is None


def test_a_sparkline_that_ends_missing_has_no_newest() -> None:
    line = sparkline([1.0, 1.0, None])
    assert line is not None
    assert line.last is None


@pytest.mark.parametrize("unit", ["rate", "rows", "s", "bytes", ""])
@pytest.mark.parametrize("values", [[0.0], [0.5, 0.5], [1e-9, 1.0], [-4.0, 1e12], [], [None, float("inf")]])
def test_a_scale_holds_its_values_and_has_ticks_inside(values: list[float | None], unit: str) -> None:
    bounds = scale(values, unit)
    assert bounds.low < bounds.high
    known = [v for v in values if v is not None and v < 1e300]
    assert all(bounds.low <= value <= bounds.high for value in known if not (unit and value < 0))
    assert all(bounds.low - 1e-9 <= tick <= bounds.high + 1e-9 for tick in bounds.ticks)
    assert 1 <= len(bounds.ticks) <= 12
    assert len(set(bounds.labels)) == len(bounds.labels)


def test_text_in_figures_is_never_markup() -> None:
    assert plain("<b>x</b> & y") == "&lt;b&gt;x&lt;/b&gt; &amp; y"
    assert len(plain("a" * 500, limit=30)) == 30


def test_what_reads_from_the_right_turns_nothing_else_around() -> None:
    assert plain("\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe") == "gnp.exe"
    hebrew = "\N{HEBREW LETTER SHIN}\N{HEBREW LETTER LAMED}"
    assert plain(hebrew) == f"\N{FIRST STRONG ISOLATE}{hebrew}\N{POP DIRECTIONAL ISOLATE}"


def test_hostile_names_reach_no_figure_as_markup() -> None:
    reads = hostile_reads()
    page = reads.pages[HOSTILE]
    assert page.heatmap is not None
    for figure in (
        history(page.monitors[0], timezone=page.timezone),
        null_heatmap(page.heatmap),
        gantt(reads.runs["r039"]),
    ):
        go.Figure(figure)
        assert "<img" not in json.dumps(figure)


def test_each_run_of_points_that_teach_nothing_is_hatched_once() -> None:
    series = story.monitors()[0]
    before = tuple(replace(point, excluded=at < 5 or at == 8) for at, point in enumerate(series.points[:20]))
    hatched = trace(drawn(replace(series, points=before)), "not learned from")
    assert hatched["x"].count(None) == 1
    assert [part["name"] for part in drawn(replace(series, points=before))["data"]].count("held, not learned from") == 0
    none = tuple(replace(point, excluded=False) for point in before)
    assert "not learned from" not in {part["name"] for part in drawn(replace(series, points=none))["data"]}
