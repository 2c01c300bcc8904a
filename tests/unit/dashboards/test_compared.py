"""Before and after: the figure of how values are spread, and its place on the page and in the twin."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from math import exp
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from dashboards.app import add_pages
from dashboards.figures import compared
from observer.reads.model import Comparison
from tests.unit.dashboards import story
from tests.unit.dashboards.fake_reads import HOSTILE, StoryReads
from tests.unit.dashboards.golden import assert_figure
from tests.unit.dashboards.test_pages import text_of

AT = datetime(2013, 2, 9, 11, tzinfo=UTC)
RANKS = [rank / 64 for rank in range(65)]
NUMBERS = Comparison(
    at=AT, partition="2013-02-08", shift=0.21, words="values over 60 went from 11 % to 31 %",
    before=tuple(round(exp(5 * rank) - 20, 2) for rank in RANKS),
    now=tuple(round(2 * exp(5 * rank) - 20, 2) for rank in RANKS),
)  # fmt: skip
CATEGORIES = Comparison(
    at=AT, partition="2013-02-08", shift=0.3, words="'UA' went from 14 % to 31 %",
    shares=(("UA", 0.14, 0.31), ("B6", 0.16, 0.12), (HOSTILE, 0.0, 0.02)),
)  # fmt: skip


@pytest.mark.parametrize(("name", "seen"), [("numbers", NUMBERS), ("categories", CATEGORIES)])
def test_each_comparison_is_the_golden_one(name: str, seen: Comparison) -> None:
    assert_figure(f"compared-{name}", compared(seen))


def test_both_sides_are_drawn_and_no_name_is_markup() -> None:
    lines: dict[str, Any] = {line["name"]: line for line in compared(NUMBERS)["data"]}
    assert lines["now"]["x"][32] > lines["before"]["x"][32]
    assert lines["before"]["y"] == lines["now"]["y"]
    text = json.dumps(compared(CATEGORIES))
    assert "img" in text
    assert "<" not in text.replace("<extra></extra>", "")


def test_the_page_shows_it_under_its_monitor_and_the_twin_holds_it() -> None:
    page = story.asset_page()
    first, second, *_ = page.monitors
    watched = (replace(first, compared=CATEGORIES), replace(second, compared=NUMBERS))
    app = FastAPI()
    add_pages(app, StoryReads(pages={"flights": replace(page, monitors=watched)}))
    client = TestClient(app)
    shown = client.get("/assets/flights").text
    assert shown.count('class="canvas compared"') == 2
    assert NUMBERS.words in text_of(shown).replace("\N{NO-BREAK SPACE}", " ")
    assert "what it is compared with" in shown
    twin = client.get("/assets/flights.json").json()
    assert twin["monitors"][0]["compared"]["shares"][0] == ["UA", 0.14, 0.31]
    assert len(twin["monitors"][1]["compared"]["now"]) == 65
