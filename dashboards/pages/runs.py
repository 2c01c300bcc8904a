"""The runs: what waits and runs now, and how long the others took; and the schedules that ask for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import FastAPI, Query, Response

from dashboards.figures import run_times
from dashboards.instants import Clock, NotAnInstant, asked, exact
from dashboards.pages.site import Context, Problem, Site
from observer.api.problems import status_of
from observer.errors import StateError, TidegateError
from observer.reads.run_model import OPEN, OVER, Cursor, RunsPage, RunsWanted

_TABS: Mapping[str, tuple[str, ...]] = {"all": (), "open": OPEN, **{status: (status,) for status in OVER}}
_Select = Annotated[str, Query(max_length=2000)]
_Before = Annotated[str, Query(pattern=r"^(\d{1,18}\.\d{1,18})?$")]


def add(app: FastAPI, site: Site) -> None:
    """Add ``/runs`` and its twin."""

    def answer(tab: str, select: str, since: str, until: str, before: str, twin: bool) -> Response:
        try:
            wanted = RunsWanted(
                statuses=_TABS.get(tab, ()), select=select.strip(), since=asked("since", since),
                until=asked("until", until), before=_cursor(before),
            )  # fmt: skip
        except NotAnInstant as error:
            problem = site.no_instant(error, "tidegate ls")
            return site.json_problem(problem) if twin else site.problem(problem)
        shown = tab if tab in _TABS else "all"
        try:
            return site.answer(
                lambda: site.reads.run_lines(wanted),
                site.json if twin else lambda page: site.html("runs.html", view(page, shown)),
                _nothing, what="The runs", twin=twin,
            )  # fmt: skip
        except TidegateError as error:
            problem = _refused(error, replace(wanted, select=""), shown)
            return site.json_problem(problem) if twin else site.problem(problem)

    @app.get("/runs.json", include_in_schema=False)
    def runs_twin(
        status: str = "all", select: _Select = "", since: str = "", until: str = "", before: _Before = ""
    ) -> Response:
        return answer(status, select, since, until, before, True)

    @app.get("/runs", include_in_schema=False)
    def runs(
        status: str = "all", select: _Select = "", since: str = "", until: str = "", before: _Before = ""
    ) -> Response:
        return answer(status, select, since, until, before, False)


def view(page: RunsPage, tab: str) -> Context:
    """What the template shows of ``page``, of which ``tab`` is open."""
    counts = dict(page.counts)
    numbers = {name: sum(counts[status] for status in _TABS[name] or (*OPEN, *OVER)) for name in _TABS}
    first = replace(page.wanted, before=None)
    return {
        "page": page, "clock": Clock.of(page.at, page.timezone), "tab": tab, "wanted": page.wanted,
        "tabs": [
            (name, numbers[name], address(first, name)) for name in _TABS if numbers[name] or name in ("all", tab)
        ],
        "figure": lambda: run_times(page.ended),
        "older": None if page.more is None else address(replace(first, before=page.more), tab),
        "newest": address(first, tab), "twin": address(page.wanted, tab, path="/runs.json"),
        "narrowed": bool(first.select or first.since or first.until),
        "cleared": address(RunsWanted(), tab),
    }  # fmt: skip


def address(wanted: RunsWanted, tab: str, *, path: str = "/runs") -> str:
    """The address that asks for those runs again, by absolute instants."""
    fields = {
        "status": tab if tab != "all" else "",
        "select": wanted.select,
        "since": exact(wanted.since) if wanted.since else "",
        "until": exact(wanted.until) if wanted.until else "",
        "before": f"{wanted.before[0]}.{wanted.before[1]}" if wanted.before else "",
    }
    query = urlencode({name: value for name, value in fields.items() if value})
    return f"{path}?{query}" if query else path


def _cursor(text: str) -> Cursor | None:
    run, _, request = text.partition(".")
    return (int(run), int(request)) if text else None


def _refused(error: TidegateError, without: RunsWanted, tab: str) -> Problem:
    again = (("all runs" if tab == "all" else f"{tab} runs", address(without, tab)),)
    title = "The runs could not be read" if isinstance(error, StateError) else "These runs can't be looked for"
    return Problem(status_of(error), error.code, title, str(error), "tidegate ls", again)


def _nothing() -> Problem:
    return Problem(404, "unknown-name", "There is nothing here", "No project is loaded.", "tidegate init")
