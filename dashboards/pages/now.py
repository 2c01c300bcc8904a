"""Now: is it broken, since when, who is affected, what to do; the sentence first."""

from __future__ import annotations

from fastapi import FastAPI, Response

from dashboards.figures.calendar import calendar, hours
from dashboards.instants import Clock
from dashboards.pages.site import Context, Problem, Site
from dashboards.theme import LOOKS
from observer.reads.model import NowPage, State

_WHAT = "The state of the assets"


def add(app: FastAPI, site: Site) -> None:
    """Add ``/`` and its twins ``/.json`` and ``/now.json``."""

    @app.get("/", include_in_schema=False)
    def now() -> Response:
        return site.answer(site.reads.now, lambda page: site.html("now.html", view(page)), _empty, what=_WHAT)

    @app.get("/.json", include_in_schema=False)
    @app.get("/now.json", include_in_schema=False)
    def now_twin() -> Response:
        return site.answer(site.reads.now, site.json, _empty, what=_WHAT, twin=True)


def view(page: NowPage) -> Context:
    """What the template shows of ``page``."""
    counts = dict(page.counts)
    return {
        "page": page,
        "clock": Clock.of(page.at, page.timezone),
        "worst": next((state for state in LOOKS if counts.get(state)), State.NEVER),
        "counts": [(state, counts.get(state, 0)) for state in LOOKS],
        "empty": _emptiness(page),
        "calendar": calendar(page.days),
        "hours": hours(page.hours),
    }


def _emptiness(page: NowPage) -> str:
    """Which of the empty states the page is in: "assets", "materializations", "monitors" or none of them."""
    if not page.assets:
        return "assets"
    if all(row.state is State.NEVER for row in page.assets):
        return "materializations"
    return "monitors" if page.monitored == 0 else ""


def _empty() -> Problem:
    return Problem(404, "unknown-name", "There is nothing here", "No project is loaded.", "tidegate init")
