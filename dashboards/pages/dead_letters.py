"""What could not be delivered: which messages were given up, why, and the form that has them tried again."""

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
from observer.reads.dead_letters import DeadLettersPage
from observer.replaying import replay

if TYPE_CHECKING:
    from observer.project import Project

_WHAT = "The messages that were given up"


def add(app: FastAPI, site: Site, work: Project | None) -> None:
    """Add ``/dead-letters`` and its twin; with ``work`` the address that its forms are sent to."""

    @app.get("/dead-letters.json", include_in_schema=False)
    def twin() -> Response:
        return site.answer(site.reads.dead_letters, site.json, _nothing, what=_WHAT, twin=True)

    @app.get("/dead-letters", include_in_schema=False)
    def dead(request: Request) -> Response:
        proof = proof_of(request) if work is not None else None
        return site.answer(
            site.reads.dead_letters, lambda page: site.html("dead_letters.html", view(page, proof)), _nothing,
            what=_WHAT,
        )  # fmt: skip

    if work is not None:
        _add_deeds(app, site, work)


def _add_deeds(app: FastAPI, site: Site, work: Project) -> None:
    @app.post("/dead-letters", include_in_schema=False)
    def act(
        sent: Annotated[Mapping[str, str], Depends(form)],
        caller: Annotated[Caller, Depends(allowed(Role.OPERATOR))],
    ) -> Response:
        try:
            replay(work, None if sent.get("message") == "*" else [sent.get("message", "")], sees=caller.sees)
        except TidegateError as error:
            title, again = "Nothing is tried again", (("what could not be delivered", "/dead-letters"),)
            return site.problem(Problem(status_of(error), error.code, title, str(error), "tidegate alerts dead", again))
        return RedirectResponse("/dead-letters", HTTPStatus.SEE_OTHER)


def view(page: DeadLettersPage, proof: str | None) -> Context:
    """What the template shows of ``page``; ``proof`` is what its forms carry, None: it has none."""
    channels = tuple(dict.fromkeys(one.channel for one in page.letters))
    return {"page": page, "clock": Clock.of(page.at, page.timezone), "proof": proof, "channels": channels}


def _nothing() -> Problem:
    return Problem(404, "unknown-name", "There is nothing here", "No project is loaded.", "tidegate init")
