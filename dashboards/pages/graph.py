"""The graph: what reads what, in which state, and where something waits; as a picture and as a list."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlencode

from fastapi import FastAPI, Request, Response
from starlette.datastructures import QueryParams

from dashboards.figures.graph import drawing
from dashboards.instants import Clock
from dashboards.pages.site import Context, Problem, Site
from observer.api.problems import status_of
from observer.reads.graph_model import ALL_STEPS, MOST, GraphNode, GraphPage, NodeKind, View
from orchestration.errors import SelectionError, UnknownName
from orchestration.selection import quote

_STEPS = {"1": 1, "2": 2, "3": 3, "all": ALL_STEPS}
_CLOSED = {"closed": True, "open": False}
_WIDE = 1500
"""Pixels up to which the picture is shrunk to the page; a wider one keeps its size and is scrolled."""
_NAMED = 8
"""Neighbours that the list names of one asset."""


def add(app: FastAPI, site: Site) -> None:
    """Add ``/graph`` and its twin."""

    @app.get("/graph.json", include_in_schema=False)
    def twin(request: Request) -> Response:
        return _answer(site, view_of(request.query_params), site.json, twin=True)

    @app.get("/graph", include_in_schema=False)
    def graph(request: Request) -> Response:
        view = view_of(request.query_params)
        return _answer(site, view, lambda page: site.html("graph.html", shown(page, view)), twin=False)


def _answer(site: Site, view: View, show: Callable[[GraphPage], Response], *, twin: bool) -> Response:
    """What ``show`` makes of the graph; a selection that isn't one is said above the field that it was written in."""
    try:
        return site.answer(lambda: site.reads.graph(view), show, _nothing, what="The graph", twin=twin)
    except (SelectionError, UnknownName) as error:
        if not twin:
            return site.html("graph.html", refused(view, error), status=status_of(error))
        near = tuple((name, "") for name in error.nearest) if isinstance(error, UnknownName) else ()
        title = "No such selection"
        return site.json_problem(Problem(status_of(error), error.code, title, str(error), "tidegate ls", near))


def view_of(query: QueryParams) -> View:
    """What an address asks for; a word that means nothing asks for what is usual."""
    return View(
        select=query.get("select", ""), steps=_STEPS.get(query.get("steps", "")),
        opened=tuple(dict.fromkeys(query.getlist("open"))), closed=_CLOSED.get(query.get("groups", "")),
    )  # fmt: skip


def graph_url(view: View) -> str:
    """The address of a view."""
    asked = [("select", view.select)] if view.select else []
    asked += [("steps", word) for word, steps in _STEPS.items() if steps == view.steps]
    asked += [("groups", word) for word, closed in _CLOSED.items() if closed is view.closed]
    asked += [("open", group) for group in view.opened]
    return f"/graph?{urlencode(asked)}" if asked else "/graph"


def around_url(key: str) -> str:
    """The address of an asset's neighbourhood."""
    return graph_url(View(select=named(key)))


def named(key: str) -> str:
    """The selection of just that asset, quoted where it has to be."""
    return key if key.isidentifier() and key not in ("and", "or", "not") else quote(key)


def shown(page: GraphPage, view: View) -> Context:
    """What the template shows of ``page``, with its picture."""
    steps = [(word, graph_url(replace(view, steps=depth)), depth == page.steps) for word, depth in _STEPS.items()]
    return {
        "page": page, "clock": Clock.of(page.at, page.timezone), "refused": "", "nearest": (), "select": page.select,
        "is_drawn": bool(page.nodes), "picture": lambda: drawing(page), "widest": _WIDE, "sentence": sentence(page),
        "steps": steps if page.chosen is not None else [], "rows": lambda: [_row(page, node) for node in page.nodes],
        "other": _other(page, view), "leads": {node.id: _link(node, view) for node in page.nodes},
        "groups": [(one, _within(view, f"group:{quote(one.name)}") if one.name else None) for one in page.groups],
        "states": [(state, number, _within(view, f"status:{state}")) for state, number in page.counts],
        "elsewhere": [root for root in page.roots if f"asset:{root}" not in {node.id for node in page.nodes}],
        "around_url": around_url, "twin": graph_url(view).replace("/graph", "/graph.json", 1),
    }  # fmt: skip


def refused(view: View, error: SelectionError | UnknownName) -> Context:
    """The page on which a selection that isn't one can be mended."""
    near = error.nearest if isinstance(error, UnknownName) and error.kind == "asset" else ()
    return {
        "refused": str(error), "select": view.select, "nearest": [(name, around_url(name)) for name in near],
        "is_drawn": False, "steps": [], "sentence": "This selection can't be shown",
        "command": f"tidegate ls {shlex.quote(view.select)}",
    }  # fmt: skip


def sentence(page: GraphPage) -> str:
    """What is in view, in words."""
    if not page.all_assets:
        return "No asset is defined yet"
    many = f"{page.number:,} asset{'s' if page.number != 1 else ''}"
    what = f"{page.chosen} and what is around it: {many}" if page.chosen is not None else many
    said = ", ".join(f"{number:,} {state}" for state, number in page.counts)
    return f"{what}; {said}"


def _other(page: GraphPage, view: View) -> tuple[str, str] | None:
    """Where groups are closed, the view with all of them open if that can be drawn, and the other way round."""
    grouped = [group for group in page.groups if group.name is not None and group.number > 1]
    if page.closed and page.number <= MOST and grouped:
        return "Open every group", graph_url(replace(view, opened=(), closed=False))
    if not page.closed and grouped and page.number > len(grouped) + 1:
        return "Close the groups", graph_url(replace(view, opened=(), closed=True))
    return None


def _link(node: GraphNode, view: View) -> str | None:
    """Where a box leads: a group is opened in its place, an asset has its page."""
    if node.kind is NodeKind.ASSET:
        return None
    return graph_url(replace(view, opened=(*view.opened, node.name)))


def _within(view: View, term: str) -> str:
    """The part of what is selected that also is ``term``."""
    select = f"({view.select}) and {term}" if view.select.strip() else term
    return graph_url(View(select=select))


def _row(page: GraphPage, node: GraphNode) -> dict[str, object]:
    """What the list says of a box: what it reads and what reads it, in view and out of it."""
    by_id = {each.id: each for each in page.nodes}
    above = [by_id[edge.upstream] for edge in page.edges if edge.downstream == node.id]
    below = [by_id[edge.downstream] for edge in page.edges if edge.upstream == node.id]
    shut = {by_id[edge.upstream].name for edge in page.edges if edge.downstream == node.id and edge.shut}
    return {
        "node": node, "above": above[:_NAMED], "below": below[:_NAMED], "shut": shut,
        "more_above": len(above[_NAMED:]) + node.above, "more_below": len(below[_NAMED:]) + node.below,
    }  # fmt: skip


def _nothing() -> Problem:
    return Problem(404, "unknown-name", "There is nothing here", "No project is loaded.", "tidegate init")
