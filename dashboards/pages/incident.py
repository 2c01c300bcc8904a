"""One incident: what is wrong, what changed, who was told, and what a person does about it; and the inbox of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.responses import RedirectResponse

from dashboards.instants import Clock, zone
from dashboards.pages.site import Context, Problem, Site, proof_of
from dashboards.pages.until import CHOICES, until
from observer import triage
from observer.access import Caller, Role
from observer.api.forms import form
from observer.api.problems import status_of
from observer.api.roles import allowed
from observer.errors import IncidentError, TidegateError
from observer.model import Incident, IncidentStatus, Resolution
from observer.reads.incident_model import IncidentPage, IncidentsPage
from observer.turns import BY_PEOPLE, TurnKind

if TYPE_CHECKING:
    from observer.project import Project

_UNRESOLVED = tuple(status for status in IncidentStatus if status is not IncidentStatus.RESOLVED)
_TABS: Mapping[str, tuple[IncidentStatus, ...]] = {
    "unresolved": _UNRESOLVED, **{status.value: (status,) for status in IncidentStatus}, "all": (),
}  # fmt: skip


def add(app: FastAPI, site: Site, work: Project | None) -> None:
    """Add ``/incidents``, ``/incidents/{id}`` and their twins; with ``work`` the address that its forms are sent to."""
    _add_inbox(app, site)

    @app.get("/incidents/{number}.json", include_in_schema=False)
    def twin(number: str) -> Response:
        return site.answer(
            lambda: _read(site, number), site.json, lambda: _missing(number), what=f"Incident {number}", twin=True
        )

    @app.get("/incidents/{number}", include_in_schema=False)
    def incident(request: Request, number: str) -> Response:
        proof = proof_of(request) if work is not None else None
        return site.answer(
            lambda: _read(site, number),
            lambda page: site.html("incident.html", view(page, proof)),
            lambda: _missing(number),
            what=f"Incident {number}",
        )

    if work is not None:
        _add_deeds(app, site, work)


Before = Annotated[int | None, Query(ge=1, le=2**63 - 1)]


def _day(day: date | None) -> date | None:
    """A day whose midnight every zone can say."""
    return day if day is not None and 1970 <= day.year < 9000 else None


def _add_inbox(app: FastAPI, site: Site) -> None:
    @app.get("/incidents.json", include_in_schema=False)
    def inbox_twin(status: str = "unresolved", day: date | None = None, before: Before = None) -> Response:
        chosen = _TABS.get(status, _UNRESOLVED)
        return site.answer(
            lambda: site.reads.incidents(chosen, on=_day(day), before=before),
            site.json,
            _nothing,
            what="The incidents",
            twin=True,
        )

    @app.get("/incidents", include_in_schema=False)
    def inbox(status: str = "unresolved", day: date | None = None, before: Before = None) -> Response:
        tab = status if status in _TABS else "unresolved"
        return site.answer(
            lambda: site.reads.incidents(_TABS[tab], on=_day(day), before=before),
            lambda page: site.html("incidents.html", inbox_view(page, tab, _day(day))),
            _nothing,
            what="The incidents",
        )


def _add_deeds(app: FastAPI, site: Site, work: Project) -> None:
    @app.post("/incidents/{number}", include_in_schema=False)
    def act(
        number: str,
        sent: Annotated[Mapping[str, str], Depends(form)],
        caller: Annotated[Caller, Depends(allowed(Role.OPERATOR))],
    ) -> Response:
        try:
            if not _is_id(number):
                return site.problem(_missing(number))
            _do(work, int(number), sent, caller.name)
        except TidegateError as error:
            title = "That could not be done"
            again = ((f"incident {number}", f"/incidents/{number}"),)
            command = f"tidegate incidents show {number}"
            return site.problem(Problem(status_of(error), error.code, title, str(error), command, again))
        return RedirectResponse(f"/incidents/{number}", HTTPStatus.SEE_OTHER)


def _do(work: Project, number: int, sent: Mapping[str, str], by: str) -> Incident:
    revision = int(sent["revision"]) if _is_id(sent.get("revision", "")) else None
    reason = sent.get("reason", "")
    match sent.get("deed", ""):
        case "acknowledge":
            return triage.acknowledge(work, number, by=by, reason=reason, revision=revision)
        case "snooze":
            until = _until(sent.get("until", ""), work)
            return triage.snooze(work, number, until, by=by, reason=reason, revision=revision)
        case "assign":
            owners = sent.get("owners", "").split(",")
            return triage.assign(work, number, owners, by=by, reason=reason, revision=revision)
        case "resolve":
            how = _resolution(sent.get("resolved_as", ""))
            return triage.resolve(work, number, how, by=by, reason=reason, revision=revision)
        case "reopen":
            return triage.reopen(work, number, by=by, reason=reason, revision=revision)
        case "note":
            return triage.note(work, number, reason, by=by, revision=revision)
    raise IncidentError(
        "the form asks for nothing that is done with incidents; nothing was changed; open its page again"
    )


def _until(word: str, work: Project) -> datetime:
    found = until(word, work.clock.now(), zone(work.reads().incidents(limit=1).timezone))
    if found is None:
        raise IncidentError("say how long to snooze; nothing was changed")
    return found


def _resolution(word: str) -> Resolution:
    try:
        return Resolution(word)
    except ValueError:
        raise IncidentError("say how it ended; nothing was changed") from None


def view(page: IncidentPage, proof: str | None) -> Context:
    """What the template shows of ``page``; ``proof`` is what its forms carry, None: it has none."""
    row = page.incident
    clock = Clock.of(page.at, page.timezone)
    return {
        "page": page, "row": row, "clock": clock, "proof": proof, "snoozes": CHOICES,
        "resolutions": [(how.value, how.value.replace("-", " ")) for how in BY_PEOPLE],
        "is_over": row.status is IncidentStatus.RESOLVED,
        "may_acknowledge": row.status in _UNRESOLVED and row.status is not IncidentStatus.ACKNOWLEDGED,
        "waits": page.passes_needed - page.passes if not any(not one.settled for one in page.concerned) else None,
        "turns": tuple(reversed(page.turns)), "marks": MARKS,
    }  # fmt: skip


MARKS: Mapping[TurnKind, str] = {
    TurnKind.OPENED: "error", TurnKind.JOINED: "warn", TurnKind.FOLLOWED: "blocked", TurnKind.WORSENED: "failing",
    TurnKind.PASSED: "healthy", TurnKind.ACKNOWLEDGED: "acknowledged", TurnKind.SNOOZED: "snoozed",
    TurnKind.MUTED: "snoozed", TurnKind.WOKEN: "stale", TurnKind.ASSIGNED: "never", TurnKind.RESOLVED: "resolved",
    TurnKind.REOPENED: "error", TurnKind.NOTED: "never",
}  # fmt: skip
"""Which look a turn has in the history."""


def inbox_view(page: IncidentsPage, tab: str, day: date | None = None) -> Context:
    """What the template shows of ``page``, of which ``tab`` is open; ``day``: only what was opened on it."""
    counts = {status.value: number for status, number in page.counts}
    counts |= {"unresolved": sum(counts[status.value] for status in _UNRESOLVED), "all": sum(counts.values())}
    shown = [(name, counts[name]) for name in _TABS]
    return {"page": page, "clock": Clock.of(page.at, page.timezone), "tabs": shown, "tab": tab, "day": day}


def _read(site: Site, number: str) -> IncidentPage | None:
    return site.reads.incident(int(number)) if _is_id(number) else None


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _missing(number: str) -> Problem:
    detail = f"No incident has the number {number!r}. Resolved ones go where the environment's records= says so."
    inbox = (("the inbox", "/incidents"),)
    return Problem(404, "unknown-name", "There is no such incident", detail, "tidegate incidents", inbox)


def _nothing() -> Problem:
    return Problem(404, "unknown-name", "There is nothing here", "No project is loaded.", "tidegate init")
