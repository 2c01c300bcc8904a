"""The table of assets: found by the command's selection language, narrowed by facets, a hundred on a page."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, FastAPI, Query, Response

from dashboards.instants import Clock
from dashboards.pages.site import Context, Problem, Site
from observer.reads.catalog_model import PAGE, AssetsPage, Facet, Question
from observer.reads.model import State

_WHAT = "The assets"
_MOST = 12  # values of a facet that are shown
_LONGEST = 2000
_NONE = {"group": "no group", "owner": "no owner"}
Text = Annotated[str | None, Query(max_length=400)]


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a facet: where choosing it, or letting go of it, leads."""

    word: str
    number: int
    url: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Choices:
    """A facet as it is shown; ``more``: how many values are left out."""

    name: str
    values: tuple[Choice, ...]
    more: int


def add(app: FastAPI, site: Site) -> None:
    """Add ``/assets`` and its twin ``/assets.json``."""

    @app.get("/assets", include_in_schema=False)
    def assets(question: Annotated[Question, Depends(_question)]) -> Response:
        return site.answer(
            lambda: site.reads.catalog(question), lambda page: site.html("assets.html", view(page)), _empty, what=_WHAT
        )

    @app.get("/assets.json", include_in_schema=False)
    def twin(question: Annotated[Question, Depends(_question)]) -> Response:
        return site.answer(lambda: site.reads.catalog(question), site.json, _empty, what=_WHAT, twin=True)


def _question(
    select: Annotated[str, Query(max_length=_LONGEST)] = "",
    state: State | None = None,
    group: Text = None,
    owner: Text = None,
    tag: Text = None,
    kind: Text = None,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Question:
    return Question(select=select, state=state, group=group, owner=owner, tag=tag, kind=kind, page=page)


def view(page: AssetsPage) -> Context:
    """What the template shows of ``page``."""
    asked = page.question
    shown = min(asked.page, page.pages)
    return {
        "page": page,
        "clock": Clock.of(page.at, page.timezone),
        "asked": asked,
        "facets": lambda: [
            _choices(facet, asked) for facet in page.facets if len(facet.values) > 1 or _of(asked, facet.name)
        ],
        "hidden": [(name, value) for name, value in _given(asked) if name not in ("select", "page")],
        "narrowed": any(name != "page" for name, _ in _given(asked)),
        "first": (shown - 1) * PAGE + 1,
        "number": shown,
        "before": url(replace(asked, page=shown - 1)) if shown > 1 else None,
        "after": url(replace(asked, page=shown + 1)) if shown < page.pages else None,
        "twin": url(asked, path="/assets.json"),
    }


def url(asked: Question, path: str = "/assets") -> str:
    """The address of a question: a view is saved by keeping it."""
    given = _given(asked)
    return f"{path}?{urlencode(given)}" if given else path


def _given(asked: Question) -> list[tuple[str, str]]:
    """What of a question isn't as it is by itself."""
    return [(f.name, str(value)) for f in fields(Question) if (value := getattr(asked, f.name)) != f.default]


def _of(asked: Question, facet: str) -> str | None:
    value = getattr(asked, facet)
    return None if value is None else str(value)


def _choices(facet: Facet, asked: Question) -> Choices:
    chosen = _of(asked, facet.name)
    kept = [one for n, one in enumerate(facet.values) if n < _MOST or one[0] == chosen]
    return Choices(facet.name, tuple(_choice(facet.name, *one, asked) for one in kept), len(facet.values) - len(kept))


def _choice(facet: str, value: str, number: int, asked: Question) -> Choice:
    chosen = _of(asked, facet) == value
    wanted = None if chosen else State(value) if facet == "state" else value
    to = replace(asked, page=1, **{facet: wanted})  # type: ignore[arg-type]  # a facet is a field of this type
    return Choice(value or _NONE.get(facet, value), number, url(to), chosen)


def _empty() -> Problem:
    return Problem(404, "unknown-name", "There is nothing here", "No project is loaded.", "tidegate init")
