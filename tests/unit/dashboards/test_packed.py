"""How a figure travels: what plots.js undoes, and how large two years of hours are."""

import gzip
import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from dashboards.figures import history
from dashboards.figures.decimated import MOST
from dashboards.figures.packed import INSTANTS, LONG, packed, rounded
from observer.model import EvaluationStatus
from observer.reads.model import MonitorSeries, SeriesPoint
from tests.unit.dashboards import story_history
from tests.unit.dashboards.unpacked import unpacked


def hours(size: int) -> MonitorSeries:
    """Noisy hours with a day's season, a band of its own at each, a gap, and anomalies."""
    random.seed(7)
    usual = story_history.monitors()[2]
    points = []
    for hour in range(size):
        at = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=hour)
        middle = 10_000 + 4_000 * ((hour % 24) in range(8, 20)) + hour / 10
        value: float | None = middle * random.gauss(1, 0.05)
        wide = 0.2 * random.gauss(1, 0.05)
        odd = hour % 997 == 500
        if 5_000 <= hour < 5_030:
            value = None
        points.append(
            SeriesPoint(
                at=at, partition=f"{at:%Y-%m-%dT%H:00}", value=value and value * (2 if odd else 1),
                lower=middle * (1 - wide), expected=middle * random.gauss(1, 0.01), upper=middle * (1 + wide),
                status=EvaluationStatus.WARNED if odd else EvaluationStatus.PASSED, direction="high" if odd else "none",
                excluded=False, p_value=None, sentence="so many rows", run_id=f"r{hour}",
            )
        )  # fmt: skip
    return replace(usual, points=tuple(points), trained_from=None, trained_to=None)


def test_two_years_of_hours_travel_in_less_than_15_kb() -> None:
    series = hours(17_520)
    figure: Any = packed(history(series, timezone="America/New_York"))
    sent = gzip.compress(json.dumps(figure, separators=(",", ":"), ensure_ascii=False).encode(), 6)
    assert len(sent) < 15_000, len(sent)
    measured = next(trace for trace in figure["data"] if trace["name"] == "measured")
    assert len(measured["y"]) <= MOST
    odd = next(trace for trace in figure["data"] if trace["name"] == "anomaly, high")
    assert len(odd["x"]) == sum(point.direction == "high" for point in series.points if point.value is not None)


def test_what_was_packed_is_there_again_but_for_the_digits() -> None:
    figure: Any = history(hours(400), timezone="America/New_York")
    travelled: Any = packed(figure)
    again: Any = unpacked(json.loads(json.dumps(travelled)))
    assert any(INSTANTS in trace["x"] for trace in travelled["data"] if isinstance(trace["x"], dict))
    for before, after in zip(figure["data"], again["data"], strict=True):
        assert before["x"] == after["x"]
        if len(before["y"]) >= LONG:
            assert [one if one is None else rounded(one) for one in before["y"]] == after["y"]


def test_gaps_between_instants_survive() -> None:
    column = [f"2024-01-0{1 + n % 9} 0{n % 5}:00:00" if n % 7 else None for n in range(1, LONG + 40)]
    figure: Any = {"data": [{"x": column, "y": [None] * len(column)}], "layout": {}}
    travelled: Any = packed(figure)
    again: Any = unpacked(travelled)
    assert travelled["data"][0]["x"] != column
    assert again["data"][0]["x"] == [None if one is None else one.removesuffix(" 00:00:00") for one in column]


def test_a_short_column_and_words_stay_as_they_are() -> None:
    figure: Any = {"data": [{"x": ["eu"] * 100, "y": [0.123456], "text": ["2024-01-01"] * 100}], "layout": {}}
    assert packed(figure) == figure


def test_numbers_keep_the_digits_that_matter() -> None:
    assert [rounded(one) for one in (0.123456, 12345.6, 930.0, 1e300)] == [0.1235, 12350, 930, 1e300]
