"""What the page of an asset says where little or nothing is known, and what its schema has become."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

import observer as ob
from dashboards.pages.asset import progress
from observer.reads.model import AssetPage, Making, MonitorSeries
from observer.reads.schema_turn import SchemaTurn
from observer.sight import Sight
from tests.unit.dashboards import story
from tests.unit.dashboards.fake_reads import StoryReads
from tests.unit.dashboards.test_pages import client, text_of
from tests.unit.observer.reads.made import NOW, Store, asset, day, store

PLAIN = story.asset_page()


def words(page: AssetPage) -> str:
    return re.sub(r"\s+", " ", text_of(client(StoryReads(pages={"flights": page})).get("/assets/flights").text))


def learning(name: str, needed: int, made: int) -> MonitorSeries:
    return replace(story.monitors()[0], id=name, sight=Sight(runs_needed=needed), n_train=made)


def able(name: str) -> MonitorSeries:
    return replace(story.monitors()[0], id=name, sight=Sight(below=1.0))


@pytest.mark.parametrize(
    ("monitors", "made", "needed", "said"),
    [
        ((learning("a", 4, 3),), 3, 7, "No monitor can judge yet: it takes 4 more runs for it"),
        ((able("a"), learning("b", 1, 6)), 6, 7, "1 of 2 monitors can judge: it takes 1 more run for them all"),
        ((able("a"), learning("b", 2, 5), learning("c", 9, 5)), 5, 14, "it takes 2 more runs for the first, 9 for"),
    ],
)
def test_how_far_monitors_are_that_cannot_judge(
    monitors: tuple[MonitorSeries, ...], made: int, needed: int, said: str
) -> None:
    found = progress(monitors)
    assert found is not None
    assert (found.made, found.needed) == (made, needed)
    assert said in found.sentence
    page = client(StoryReads(pages={"flights": replace(PLAIN, monitors=monitors)})).get("/assets/flights").text
    assert f'<progress max="{needed}" value="{made}"' in page


def test_monitors_that_can_judge_have_no_progress() -> None:
    assert progress((able("a"),)) is None


def test_the_schema_has_a_line_of_its_changes() -> None:
    first = SchemaTurn(
        at=NOW, partition="2013-01-01", version="v1", run_id="r1", held=False, severity=None, columns=12, changes=(),
        is_first=True,
    )  # fmt: skip
    assert "The 12 columns are those of the first version, 2013-01-01" in words(replace(PLAIN, schema_turns=(first,)))
    held = replace(
        first, partition="2013-02-08", version="v39", held=True, severity="error", is_first=False,
        changes=(("added", "gate was added (bigint)"), ("removed", "tailnum was removed")),
    )  # fmt: skip
    said = words(replace(PLAIN, schema_turns=(first, held)))
    assert "2013-02-08 version v39 , run r1 ; held, so readers don't see it" in said
    assert "added gate was added (bigint) removed tailnum was removed" in said
    assert "first seen, with 12 columns" in said


@pytest.mark.parametrize(
    ("making", "said"),
    [
        (Making.MADE, "Never materialized No version of it exists, so readers see nothing. tidegate run flights"),
        (Making.OBSERVED, "Never observed It is read, measured and judged whenever a run looks at it"),
        (Making.REPORTED, "Nothing was reported Others make it and report each version"),
    ],
)
def test_what_has_no_version_says_why_and_what_to_do(making: Making, said: str) -> None:
    assert said in words(replace(PLAIN, versions=(), making=making))


@pytest.fixture
def shop(tmp_path: Path) -> Store:
    made = store(f"sqlite:///{tmp_path / 'state.db'}", tmp_path, (asset("orders"), ob.external("feed"), asset("gone")))
    made.version("gone", day(8), rows=7)
    made.incident("gone", day(9), made.held("gone", day(9)))
    return made


def test_an_asset_that_left_the_project_keeps_its_page(shop: Store, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'state.db'}"
    shop.project.engine.dispose()
    without = store(url, tmp_path, (asset("orders"),))
    http = client(without.reads)
    page = http.get("/assets/gone")
    said = re.sub(r"\s+", " ", text_of(page.text))
    assert page.status_code == 200
    assert "The project defines it no more" in said
    assert "Incidents 1" in said
    assert "Versions 2" in said
    assert [row["partition"] for row in http.get("/assets/gone.json").json()["versions"]] == [day(9), day(8)]
    assert http.get("/assets/never_was").status_code == 404
    without.project.engine.dispose()


def test_an_external_asset_says_who_makes_it(shop: Store) -> None:
    page = shop.reads.asset("feed")
    assert page is not None
    assert (page.kind, page.making) == ("external, made and reported by others", Making.REPORTED)
    shop.project.engine.dispose()


def test_the_table_of_a_monitor_has_its_newest_points_and_leads_to_the_others() -> None:
    series = story.asset_page().monitors[0]
    many = tuple(replace(series.points[0], at=series.points[0].at + timedelta(days=n)) for n in range(75))
    reads = StoryReads()
    reads.pages["flights"] = replace(story.asset_page(), monitors=(replace(series, points=many),))
    page = client(reads).get("/assets/flights").text
    table = page.partition('<details class="as-table">')[2].partition("</details>")[0]
    assert table.count('<th scope="row"') == 60
    assert "and 15 more, which are older" in table
    assert f'href="/assets/flights/monitors/{series.id}#table"' in table
