"""The page of the graph: a picture, the same in words, and what it does with a selection that is none."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.datastructures import QueryParams

from dashboards.figures.graph import drawing
from dashboards.figures.text import fitted
from dashboards.pages.graph import around_url, graph_url, sentence, view_of
from observer.reads.graph_model import ALL_STEPS, GraphPage, NodeKind, Tally, View
from observer.reads.model import State
from tests.unit.dashboards import story_graph
from tests.unit.dashboards.fake_reads import HOSTILE, StoryReads, hostile_reads
from tests.unit.dashboards.test_pages import client, text_of
from tests.unit.observer.reads.made import store

STORY = story_graph.graph_page(View())


class Seeing(StoryReads):
    """Reads whose graph is a given one."""

    def __init__(self, page: GraphPage) -> None:
        super().__init__()
        self._graph = page

    def graph(self, view: View) -> GraphPage:
        return replace(self._graph, select=view.select)


def words(page: str) -> str:
    return re.sub(r"\s+", " ", text_of(page))


def test_the_list_says_each_state_what_it_reads_and_where_it_waits() -> None:
    page = client().get("/graph").text
    said = words(page)
    assert "7 assets; 1 held, 2 blocked, 4 healthy" in said
    row = page.partition('<th scope="row" class="cell-key"><a href="/assets/delay_report">')[2].partition("</tr>")[0]
    assert "waits for flights waits for daily_delays" in words(row)
    assert "root cause" in words(page.partition('class="cell-key"><a href="/assets/flights">')[2].partition("</tr>")[0])


def test_the_picture_has_a_box_an_asset_and_a_bar_where_something_waits() -> None:
    page = client().get("/graph").text
    picture = page.partition('<svg class="net')[2].partition("</figure>")[0]
    assert picture.count('class="box ') == 7
    assert picture.count("bar-ground") == 3
    assert "<title>daily_delays waits for flights</title>" in picture
    assert picture.count('tabindex="-1"') == 7  # whose words are in the list
    assert 'aria-hidden="true"' in page.partition('<svg class="net')[2].partition(">")[0]
    assert "plotly" not in page


def test_edges_begin_and_end_at_their_boxes_and_bars_stand_between() -> None:
    picture = drawing(STORY)
    assert picture is not None
    boxes = {box.node.id: box for box in picture.boxes}
    for line in picture.lines:
        up, down = boxes[line.edge.upstream], boxes[line.edge.downstream]
        middle = picture.box_height / 2
        assert line.before.startswith(f"M{up.x + picture.box_width:g} {up.y + middle:g}")
        assert (line.after or line.before).endswith(f"{down.x:g} {down.y + middle:g}")
        if line.bar is not None:
            assert up.x + picture.box_width < line.bar[0] < down.x
            assert line.before.endswith(f"{line.bar[0]:g} {line.bar[1]:g}")
    assert [line.bar is not None for line in picture.lines] == [False] * 4 + [True] * 3


def test_names_that_want_to_be_markup_are_text_and_cut() -> None:
    page = client(hostile_reads()).get("/graph").text
    assert "<img" not in page
    assert "alert(1)" in text_of(page)
    drawn = drawing(story_graph.graph_page(View(), HOSTILE))
    assert drawn is not None
    assert next(box for box in drawn.boxes if box.node.name == HOSTILE).name == fitted(HOSTILE, 20)


@pytest.mark.parametrize(
    ("text", "columns", "cut"),
    [("flights", 7, "flights"), ("flights", 6, "fligh…"), ("日本語テスト", 7, "日本語…"),
     ("e\u0301" * 9, 4, "e\u0301" * 3 + "…"), ("", 3, "")],
)  # fmt: skip
def test_words_are_cut_to_their_columns(text: str, columns: int, cut: str) -> None:
    assert fitted(text, columns) == cut


def test_a_closed_group_opens_where_it_stands() -> None:
    raw = replace(
        STORY.nodes[0], id="group:raw", kind=NodeKind.GROUP, name="raw", number=3, counts=((State.HEALTHY, 3),)
    )
    edge = replace(STORY.edges[0], upstream="group:raw", number=3)
    page = replace(STORY, nodes=(raw, STORY.nodes[3]), edges=(edge,), closed=True)
    shown = client(Seeing(page)).get("/graph?open=core").text
    assert 'href="/graph?open=core&amp;open=raw"' in shown
    assert "all 3 assets" in shown


def test_too_many_are_asked_for_by_group_and_state() -> None:
    groups = tuple(Tally(name=f"g{n}", number=40, counts=((State.HEALTHY, 40),)) for n in range(200))
    none = Tally(name=None, number=3, counts=((State.NEVER, 3),))
    page = replace(STORY, nodes=(), edges=(), too_many=True, number=8003, groups=(*groups, none))
    shown = client(Seeing(page)).get("/graph").text
    assert "8003 assets are too many" in words(shown)
    assert 'href="/graph?select=group%3A%22g7%22"' in shown
    assert 'href="/graph?select=status%3Aheld"' in shown
    assert "<svg class=" not in shown.partition("<main")[2].replace('<svg class="mark', "")
    within = client(Seeing(page)).get("/graph?select=kind:sql").text
    assert 'href="/graph?select=%28kind%3Asql%29+and+group%3A%22g7%22"' in within


def test_the_twin_says_the_same() -> None:
    body = client().get("/graph.json?select=flights").json()
    assert (body["number"], len(body["nodes"]), body["roots"]) == (7, 7, ["flights"])
    assert body["edges"][3] == {
        "upstream": "asset:flights", "downstream": "asset:daily_delays", "number": 1, "shut": 1, "waiting": 1,
        "on_path": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    "view",
    [View(), View(select="+a, b"), View(select="a", steps=3), View(select="a", steps=ALL_STEPS), View(closed=False),
     View(closed=True, opened=("raw", "a b"))],
)  # fmt: skip
def test_a_view_has_an_address_that_gives_it_back(view: View) -> None:
    assert view_of(QueryParams(graph_url(view).partition("?")[2])) == view


@pytest.mark.parametrize(("key", "url"), [("a", "a"), ("not", "%22not%22"), ('a "b"', "%22a+%22%22b%22%22%22")])
def test_the_neighbourhood_of_any_name_has_an_address(key: str, url: str) -> None:
    assert around_url(key) == f"/graph?select={url}"


def test_a_selection_that_is_none_is_told_above_the_field(tmp_path: Path) -> None:
    made = store(f"sqlite:///{tmp_path / 'state.db'}", tmp_path)
    http = client(made.reads)
    wrong = http.get("/graph?select=totlas")
    assert wrong.status_code == 404
    assert 'value="totlas"' in wrong.text
    assert 'href="/graph?select=totals"' in wrong.text
    unread = http.get("/graph?select=(orders")
    assert (unread.status_code, "never closed" in unread.text) == (422, True)
    assert http.get("/graph.json?select=totlas").json()["nearest"] == ["totals"]
    near = http.get("/graph?select=totals").text
    assert "totals and what is around it: 4 assets" in words(near)
    assert 'href="/graph?select=totals&amp;steps=1"' in near
    made.project.engine.dispose()


def test_an_empty_project_says_what_to_do() -> None:
    empty = replace(STORY, nodes=(), edges=(), number=0, all_assets=0, counts=(), groups=(), roots=())
    shown = words(client(Seeing(empty)).get("/graph").text)
    assert sentence(empty) in shown
    assert "tidegate init" in shown
