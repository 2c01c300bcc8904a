"""One run: what became of each step, when, and why; and asking it to end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from shlex import quote
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.responses import RedirectResponse

from dashboards.figures import gantt
from dashboards.instants import Clock
from dashboards.pages.site import Context, Problem, Site, proof_of, run_url
from dashboards.pages.steps import ALL, Asked, query, shown
from observer.access import Caller, Role
from observer.api.forms import form
from observer.api.problems import status_of
from observer.api.roles import allowed
from observer.errors import TidegateError
from observer.reads.model import RunPage
from observer.requests import queued
from orchestration.attempt import plan_request
from orchestration.model import StepStatus

if TYPE_CHECKING:
    from observer.project import Project
    from orchestration.plan import Plan

_UNENDED = frozenset({"planned", "running"})


def add(app: FastAPI, site: Site, work: Project | None = None) -> None:
    """Add ``/runs/{id}`` and its twin; with ``work`` the address that asks for its end."""

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
    def run(request: Request, run_id: str, asked: Annotated[Asked, Depends(_asked)]) -> Response:
        proof = proof_of(request) if work is not None else None
        return site.answer(
            lambda: site.reads.run(run_id),
            lambda page: site.html("run.html", view(page, proof, work, asked)),
            lambda: site.unknown_run(run_id),
            what=f"Run {run_id}",
        )

    if work is not None:
        _add_cancel(app, site, work)


def _asked(status: StepStatus | None = None, page: Annotated[int, Query(ge=1, le=100_000)] = 1) -> Asked:
    return Asked(status, page)


def _add_cancel(app: FastAPI, site: Site, work: Project) -> None:
    @app.post("/runs/{run_id}/cancel", include_in_schema=False)
    def cancel(
        run_id: str,
        sent: Annotated[Mapping[str, str], Depends(form)],
        caller: Annotated[Caller, Depends(allowed(Role.OPERATOR))],
    ) -> Response:
        try:
            work.cancel(run_id, by=caller.name, reason=sent.get("reason", "").strip())
        except TidegateError as error:
            title, again = "The run was not cancelled", ((f"run {run_id}", run_url(run_id)),)
            return site.problem(
                Problem(status_of(error), error.code, title, str(error), f"tidegate cancel {quote(run_id)}", again)
            )
        return RedirectResponse(run_url(run_id), HTTPStatus.SEE_OTHER)


def view(page: RunPage, proof: str | None = None, work: Project | None = None, asked: Asked = ALL) -> Context:
    """What the template shows of ``page``; ``proof`` is what its form carries, None: it has none."""
    steps = shown(page.steps, asked)
    is_over = page.ended_at is not None
    done = sum(step.status not in _UNENDED for step in page.steps)
    waits = not page.steps and not is_over and work is not None
    return {
        "page": page,
        "clock": Clock.of(page.at, page.timezone),
        "steps": steps,
        "tabs": [] if steps.whole else _tabs(page, steps.asked),
        "has_plot": any(step.start_s is not None for step in steps.drawn),
        "gantt": lambda: gantt(replace(page, steps=steps.drawn)),
        "waits": any(one.kind != "try" for step in steps.drawn for one in step.spans),
        "tried": any(one.kind == "try" for step in steps.drawn for one in step.spans),
        "is_over": is_over,
        "done": done,
        "proof": None if is_over or page.cancellation else proof,
        "coming": (lambda: _plan(work, page.run.id)) if waits else None,
    }


def _tabs(page: RunPage, asked: Asked) -> list[tuple[str, int, str, bool]]:
    """By result: a word, how many steps, where they are shown, and whether they are."""
    found = [("all", len(page.steps), query(ALL), asked.status is None)]
    for word, number in page.run.counts:
        found.append((word, number, query(Asked(StepStatus(word))), asked.status == word))
    return found


def _plan(work: Project | None, run_id: str) -> Plan | None:
    """What a run that waits would do now; None where it has gone meanwhile."""
    row = None if work is None else queued(work, run_id)[0]
    return None if work is None or row is None else plan_request(work.runtime, row.request)
