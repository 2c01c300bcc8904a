"""The dashboard as an application: the API's app with the pages on top."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response

from dashboards.pages import (
    asset,
    assets,
    dead_letters,
    feedback,
    gate,
    graph,
    incident,
    log,
    login,
    monitor,
    now,
    plan,
    refusals,
    run,
    runs,
    schedules,
)
from dashboards.pages.site import Site
from observer.api.app import create_api
from observer.reads.base import Reads
from observer.settings import ServeSettings

if TYPE_CHECKING:
    from observer.project import Project


def create_app(reads: Reads, settings: ServeSettings, work: Project | None = None) -> FastAPI:
    """The whole service: API, host and token checks, security headers (``observer.api``), and the pages."""
    app = create_api(reads, settings, work)
    add_pages(app, reads, work)
    return app


def add_pages(app: FastAPI, reads: Reads, work: Project | None = None) -> None:
    """Add the pages, their JSON twins and their static files to ``app``, and a page for what people can't be shown."""
    site = Site(reads, writes=work is not None)
    site.templates.globals["notice"] = lambda: getattr(app.state, "notice", lambda: None)()

    @app.get("/static/{digest}/{name}", include_in_schema=False)
    def static(request: Request, digest: str, name: str) -> Response:
        return site.static.serve(request, digest, name)

    for page in (login, now, assets, monitor, graph, runs, log):  # a monitor's address begins as its asset's
        page.add(app, site)
    for page_with_forms in (asset, run, schedules, incident, dead_letters):
        page_with_forms.add(app, site, work)
    if work is not None:
        for deed in (feedback, gate, plan):
            deed.add(app, site, work)
    refusals.add(app, site)
