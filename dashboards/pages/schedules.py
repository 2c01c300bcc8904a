"""The schedules: what is due next, what was decided last and why, and who keeps one from being followed."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from dashboards.instants import Clock
from dashboards.pages.site import Context, Problem, Site, proof_of
from observer.access import Caller, Role
from observer.api.forms import form
from observer.api.problems import status_of
from observer.api.roles import allowed
from observer.errors import TidegateError
from observer.reads.run_model import SchedulesPage
from observer.schedules import pause_schedules, resume_schedules

if TYPE_CHECKING:
    from observer.project import Project

_WHAT = "The schedules"


def add(app: FastAPI, site: Site, work: Project | None) -> None:
    """Add ``/schedules`` and its twin; with ``work`` the address that pauses and resumes are sent to."""

    @app.get("/schedules.json", include_in_schema=False)
    def twin() -> Response:
        return site.answer(site.reads.schedules, site.json, _nothing, what=_WHAT, twin=True)

    @app.get("/schedules", include_in_schema=False)
    def schedules(request: Request) -> Response:
        proof = proof_of(request) if work is not None else None
        return site.answer(
            site.reads.schedules, lambda page: site.html("schedules.html", view(page, proof)), _nothing, what=_WHAT
        )

    if work is not None:
        _add_deeds(app, site, work)


def _add_deeds(app: FastAPI, site: Site, work: Project) -> None:
    @app.post("/schedules", include_in_schema=False)
    def act(
        sent: Annotated[Mapping[str, str], Depends(form)],
        caller: Annotated[Caller, Depends(allowed(Role.OPERATOR))],
    ) -> Response:
        name = sent.get("asset", "")
        try:
            key = work.graph.asset(name).key
            if sent.get("deed") == "resume":
                resume_schedules(work, [key], by=caller.name)
            else:
                pause_schedules(work, [key], reason=sent.get("reason", ""), by=caller.name)
        except TidegateError as error:
            again = (("the schedules", "/schedules"),)
            title = "That could not be done"
            return site.problem(
                Problem(status_of(error), error.code, title, str(error), "tidegate schedule list", again)
            )
        return RedirectResponse("/schedules", HTTPStatus.SEE_OTHER)


def view(page: SchedulesPage, proof: str | None) -> Context:
    """What the template shows of ``page``; ``proof`` is what its forms carry, None: it has none."""
    return {"page": page, "clock": Clock.of(page.at, page.timezone), "proof": proof}


def _nothing() -> Problem:
    return Problem(404, "unknown-name", "There is nothing here", "No project is loaded.", "tidegate init")
