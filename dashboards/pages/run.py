"""One run: what became of each step, when, and why."""

from __future__ import annotations

from fastapi import FastAPI, Response

from dashboards.figures import gantt
from dashboards.instants import Clock
from dashboards.pages.site import Context, Site
from observer.reads.model import RunPage


def add(app: FastAPI, site: Site) -> None:
    """Add ``/runs/{id}`` and its twin."""

    @app.get("/runs/{run_id}.json", include_in_schema=False)
    def run_twin(run_id: str) -> Response:
        return site.answer(
            lambda: site.reads.run(run_id),
            site.json,
            lambda: site.unknown_run(run_id),
            what=f"Run {run_id}",
            twin=True,
        )

    @app.get("/runs/{run_id}", include_in_schema=False)
    def run(run_id: str) -> Response:
        return site.answer(
            lambda: site.reads.run(run_id),
            lambda page: site.html("run.html", view(page)),
            lambda: site.unknown_run(run_id),
            what=f"Run {run_id}",
        )


def view(page: RunPage) -> Context:
    """What the template shows of ``page``, with its figure."""
    return {
        "page": page,
        "clock": Clock.of(page.at, page.timezone),
        "gantt": gantt(page) if any(step.start_s is not None for step in page.steps) else None,
    }
