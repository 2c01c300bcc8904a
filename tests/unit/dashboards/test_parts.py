"""A part that fails says so in its place, and the page around it stands."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from jinja2 import DictLoader, Environment, StrictUndefined

from dashboards.pages import asset, assets, graph, incident, run
from dashboards.parts import Parts
from observer.errors import StateError
from tests.unit.dashboards.fake_reads import HOSTILE
from tests.unit.dashboards.test_pages import client, text_of

_PAGE = (
    """<h1>{{ title }}</h1>{% part "The <plot>" %}{% set drawn = draw() %}<p>{{ drawn }}</p>{% endpart %}<p>after</p>"""
)
_BROKEN = "<section>{{ what }} can't be shown: {{ why or 'unforeseen' }}</section>"


def page(draw: Callable[[], object]) -> str:
    made = Environment(
        loader=DictLoader({"page.html": _PAGE, "broken.html": _BROKEN}), autoescape=True, undefined=StrictUndefined,
        extensions=(Parts,),
    )  # fmt: skip
    return made.get_template("page.html").render(title="T", draw=draw)


def fails(error: Exception) -> Callable[..., object]:
    def draw(*_: object, **__: object) -> object:
        raise error

    return draw


def test_a_part_that_is_well_is_as_it_would_be_without_the_tag() -> None:
    assert page(lambda: HOSTILE[:28]) == ("<h1>T</h1><p>&lt;img src=x onerror=alert(1)&gt;</p><p>after</p>")


def test_a_part_that_fails_is_named_and_the_rest_stands() -> None:
    shown = page(fails(StateError("state.db is <gone>; nothing was changed")))
    why = "state.db is &lt;gone&gt;; nothing was changed"
    assert shown == f"<h1>T</h1><section>The &lt;plot&gt; can't be shown: {why}</section><p>after</p>"


def test_what_nobody_foresaw_shows_no_text_of_the_error(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, logger="observer.dashboard"):
        shown = page(fails(ValueError("password=hunter2")))
    assert "unforeseen" in shown
    assert "hunter2" not in shown + caplog.text
    assert "ValueError at test_parts.py" in caplog.text


def test_a_real_page_stands_without_its_plot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "gantt", fails(KeyError("x")))
    answer = client().get("/runs/r039")
    words = text_of(answer.text)
    assert answer.status_code == 200
    assert "Where the time went can't be shown" in " ".join(words.split())
    assert "went on with 38 of 39 days" in words


def test_an_asset_stands_without_its_monitors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asset, "history", fails(ZeroDivisionError()))
    answer = client().get("/assets/flights")
    words = " ".join(text_of(answer.text).split())
    assert answer.status_code == 200
    assert "The monitors can't be shown An error that nobody foresaw stopped this part." in words
    assert "Null rates" in words
    assert answer.text.count('class="canvas heatmap"') == 1


@pytest.mark.parametrize(
    ("module", "name", "path", "broken", "stands"),
    [
        (graph, "drawing", "/graph", "The picture", "Read by"),
        (graph, "_row", "/graph", "The list", "From left to right"),
        (assets, "_choices", "/assets", "The facets", "Data until"),
        (incident, "MARKS", "/incidents/1", "Its history", "Who was told"),
    ],
)
def test_other_pages_stand_without_a_part(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str, path: str, broken: str, stands: str
) -> None:
    monkeypatch.setattr(module, name, {} if name == "MARKS" else fails(KeyError("x")))
    answer = client().get(path)
    words = " ".join(text_of(answer.text).split())
    assert answer.status_code == 200
    assert f"{broken} can't be shown" in words
    assert stands in words
