"""All that a step of a run said."""

from __future__ import annotations

from fastapi import FastAPI, Response

from dashboards.instants import Clock
from dashboards.pages.site import Context, Problem, Site, log_query
from observer.errors import UnknownName
from observer.reads.run_model import StepLogPage
from orchestration.errors import PartitionError


def add(app: FastAPI, site: Site) -> None:
    """Add ``/runs/{id}/log`` and its twin."""

    @app.get("/runs/{run_id}/log.json", include_in_schema=False)
    def log_twin(run_id: str, asset: str, partition: str | None = None) -> Response:
        return site.answer(
            lambda: _read(site, run_id, asset, partition),
            site.json,
            lambda: _missing(run_id, asset),
            what="The log",
            twin=True,
        )

    @app.get("/runs/{run_id}/log", include_in_schema=False)
    def log(run_id: str, asset: str, partition: str | None = None) -> Response:
        return site.answer(
            lambda: _read(site, run_id, asset, partition),
            lambda page: site.html("log.html", view(page)),
            lambda: _missing(run_id, asset),
            what="The log",
        )


def view(page: StepLogPage) -> Context:
    """What the template shows of ``page``."""
    return {"page": page, "clock": Clock.of(page.at, page.timezone), "query": log_query(page.asset, page.partition)}


def _read(site: Site, run_id: str, asset: str, partition: str | None) -> StepLogPage | None:
    try:
        return site.reads.step_log(run_id, asset, partition)
    except (UnknownName, PartitionError):
        return None


def _missing(run_id: str, asset: str) -> Problem:
    detail = f"Run {run_id!r} has no such step of {asset!r}."
    return Problem(404, "unknown-name", "There is no such step", detail, "tidegate runs", (("the runs", "/runs"),))
