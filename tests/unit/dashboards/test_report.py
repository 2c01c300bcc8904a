"""The report: one file that needs nobody."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Collection
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from dashboards.report import report
from observer.model import IncidentStatus
from observer.reads.incident_model import IncidentsPage
from observer.reads.model import NowPage, State
from tests.support.accessible import assert_accessible
from tests.support.browser import NewPage, assert_clean
from tests.unit.dashboards.fake_reads import HOSTILE, StoryReads, hostile_reads
from tests.unit.dashboards.test_pages import text_of

ALL = tuple(row.key for row in StoryReads().now().assets)


def test_it_says_the_sentence_the_incident_and_draws_what_alarms() -> None:
    made = report(StoryReads(), ALL, whole=True)
    words = re.sub(r"\s+", " ", text_of(re.sub(r"<style>.*?</style>", "", made.html, flags=re.DOTALL)))
    assert "1 asset held, 2 blocked downstream, since 06:00; 4 healthy" in words
    assert "webhook delivered 06:00" in words
    assert (made.assets, made.incidents) == (7, 1)
    assert made.html.count('class="canvas history"') == made.plots > 0
    assert 1_000_000 < len(made.html) < 2_500_000


def test_of_some_assets_it_tells_of_those_alone_and_without_plots_it_is_small_and_runs_nothing() -> None:
    made = report(StoryReads(), [key for key in ALL if key == "weather_raw"], whole=False)
    assert (made.assets, made.incidents, made.plots) == (1, 0, 0)
    assert "1 asset: 1 healthy; 0 incidents open" in made.html
    assert "<script" not in made.html
    assert "script-src &#39;none&#39;" in made.html
    assert len(made.html) < 60_000


class Crowded(StoryReads):
    """Now shows the worst incidents, all of other assets; that of flights is on the inbox's second page."""

    def now(self) -> NowPage:
        return replace(super().now(), incidents=())

    def incidents(
        self, statuses: Collection[IncidentStatus] = (), *, asset: str | None = None, on: date | None = None,
        before: int | None = None, limit: int = 100,
    ) -> IncidentsPage:  # fmt: skip
        page = super().incidents()
        shown = page.incidents[:2] if before is None else page.incidents[2:]
        return replace(page, incidents=tuple(row for row in shown if row.status in statuses), more=before is None)


def test_of_some_assets_it_tells_each_incident_however_many_worse_ones_others_have() -> None:
    made = report(Crowded(), ["flights"], whole=False)
    assert made.incidents == 1
    assert "No incident is open" not in made.html


def test_its_policy_names_the_scripts_that_are_in_it() -> None:
    made = report(StoryReads(), ALL, whole=True)
    inside = re.findall(r"<script>(.*?)</script>", made.html, re.DOTALL)
    assert len(inside) == 2
    for text in inside:
        assert base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() in made.html


def test_hostile_words_are_text() -> None:
    reads = hostile_reads()
    made = report(reads, [row.key for row in reads.now().assets], whole=True)
    assert "<img" not in re.sub(r"<script>.*?</script>", "", made.html, flags=re.DOTALL)
    assert HOSTILE.split()[0] in text_of(made.html)


def test_of_very_many_assets_the_worst_are_listed_and_all_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboards.report.MOST_ROWS", 3)
    made = report(StoryReads(), ALL, whole=True)
    assert made.assets == 7
    assert "The worst 3 of 7 assets" in made.html
    assert made.html.count('class="cell-strip"') == 3


def test_every_state_is_counted() -> None:
    made = report(StoryReads(), ALL, whole=True)
    assert made.html.count('class="tally-word"') == len(State)


@pytest.mark.browser
def test_it_opens_from_a_disk_and_asks_nobody(tmp_path: Path, new_page: NewPage) -> None:
    file = tmp_path / "report.html"
    file.write_text(report(StoryReads(), ALL, whole=True).html, encoding="utf-8")
    page = new_page(width=1280)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    page.wait_for_selector(".canvas.history.is-drawn .main-svg")
    assert asked == [file.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") == 1280
    assert_accessible(page)
    assert_clean(page)
