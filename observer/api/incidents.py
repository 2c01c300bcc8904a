"""Incidents over HTTP: the inbox, one of them, and what people do with it; no change is lost to another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Header, HTTPException, Path, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from observer import triage
from observer.access import Caller, Role
from observer.api.roles import OWN_ASSETS, allowed, require_all
from observer.api.texts import Name, Reason, Storable, Words
from observer.api.unnamed import unnamed
from observer.errors import IncidentChanged, UnknownIncident
from observer.model import Incident, IncidentStatus, Resolution, Severity
from observer.reads.base import Reads
from observer.reads.incident_model import IncidentPage, TurnRow
from observer.reads.model import IncidentRow

if TYPE_CHECKING:
    from observer.project import Project

Operator = Annotated[Caller, Depends(allowed(Role.OPERATOR))]
Viewer = Annotated[Caller, Depends(allowed(Role.VIEWER))]
Number = Annotated[int, Path(description="the incident's number", ge=0, le=2**63 - 1)]
IfMatch = Annotated[
    str | None,
    Header(description='the ETag of the incident as it was seen, such as "3"; refused with 412 if it has changed'),
]


class IncidentWire(BaseModel):
    """One incident as it is now."""

    id: int
    asset: str
    partition: str | None = Field(description="the last one concerned")
    severity: Severity
    status: IncidentStatus
    sentence: str
    subjects: list[str] = Field(description="the checks and monitors that say so")
    affected: list[str] = Field(
        description="the assets downstream that wait for it, or follow from it, of the caller's"
    )
    owners: list[str]
    opened_at: datetime
    until: datetime | None = Field(description="when it is heard of again, where it is snoozed or muted")
    resolved_at: datetime | None
    resolved_as: Resolution | None
    resolution: str | None
    last_good: str | None = Field(description="the last partition or instant that readers have")
    revision: int = Field(description="counts what happened to it; the ETag")

    @classmethod
    def of(cls, row: IncidentRow, caller: Caller, told: Callable[[str], str]) -> IncidentWire:
        """The wire form of ``row``, which names the caller's assets only."""
        return cls(
            id=row.id, asset=row.asset, partition=row.partition, severity=row.severity, status=row.status,
            sentence=told(_sentence(row, caller)), subjects=list(row.subjects),
            affected=[one for one in row.affected if caller.sees(one)], owners=list(row.owners),
            opened_at=row.opened_at, until=row.until, resolved_at=row.resolved_at, resolved_as=row.resolved_as,
            resolution=row.resolution, last_good=row.last_good, revision=row.revision,
        )  # fmt: skip


class TurnWire(BaseModel):
    """One thing that happened to it."""

    kind: str
    at: datetime
    by: str
    text: str = Field(description="what was said; left out where it is of an asset that isn't the caller's")

    @classmethod
    def of(cls, row: TurnRow, caller: Caller, told: Callable[[str], str]) -> TurnWire:
        """The wire form of ``row``."""
        text = row.text if row.asset is None or caller.sees(row.asset) else ""
        return cls(kind=row.kind, at=row.at, by=row.by, text=told(text))


class ClueWire(BaseModel):
    """One thing that changed around then."""

    kind: str
    asset: str
    partition: str | None
    at: datetime
    distance: int = Field(description="steps upstream; 0: the asset itself")
    sentence: str
    share: float | None = Field(description="of the change that a segment carries, 0..1")


class IncidentDetailWire(IncidentWire):
    """One incident with its history and what changed around it."""

    history: list[TurnWire]
    clues: list[ClueWire]

    @classmethod
    def of_page(cls, page: IncidentPage, caller: Caller, told: Callable[[str], str]) -> IncidentDetailWire:
        """The wire form of ``page``, which names the caller's assets only."""
        return cls(
            **IncidentWire.of(page.incident, caller, told).model_dump(),
            history=[TurnWire.of(one, caller, told) for one in page.turns],
            clues=[
                ClueWire(
                    kind=one.kind, asset=one.asset, partition=one.partition, at=one.at, distance=one.distance,
                    sentence=told(one.sentence), share=one.share,
                )
                for one in page.clues
                if caller.sees(one.asset)
            ],
        )  # fmt: skip


class IncidentsWire(BaseModel):
    """A page of incidents, the newest first."""

    incidents: list[IncidentWire]
    next_before: int | None = Field(description="ask with before= this for older ones; null: there are none")


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Words = Field(default="", description="why; it stays in the history")


class Acknowledging(_Asked):
    """Somebody works on it."""


class Snoozing(_Asked):
    """Heard of again at ``until``, or after ``seconds`` seconds: one of both."""

    until: AwareDatetime | None = None
    seconds: float | None = Field(default=None, gt=0, le=366 * 86400)


class Assigning(_Asked):
    """Whose it is from now on; nobody: its asset's owners'."""

    owners: list[Name] = Field(max_length=20)


class Resolving(_Asked):
    """How it ended."""

    resolved_as: Resolution
    reason: Reason = Field(description="why, or the note; it stays in the history")


class Telling(_Asked):
    """Why it is opened again, or what is written down."""

    reason: Reason = Field(description="why, or the note; it stays in the history")


def incident_routes(reads: Reads, work: Project | None) -> APIRouter:
    """The routes below ``/api/v1/incidents``; without ``work`` those that only answer."""
    routes = APIRouter(prefix="/api/v1/incidents", tags=["incidents"])
    _add_answers(routes, reads)
    if work is not None:
        _add_deeds(routes, reads, work)
    return routes


def _add_answers(routes: APIRouter, reads: Reads) -> None:
    @routes.get("", summary="List incidents, the newest first", openapi_extra=OWN_ASSETS)
    def inbox(
        caller: Viewer,
        status: Annotated[
            list[IncidentStatus] | None, Query(description="those in one of these; all if left out")
        ] = None,
        asset: Annotated[str | None, Query(description="those of one asset", max_length=400), Storable] = None,
        before: Annotated[int | None, Query(description="those of lower numbers", ge=1, le=2**63 - 1)] = None,
        limit: Annotated[int, Query(description="how many at most", ge=1, le=500)] = 100,
    ) -> IncidentsWire:
        page = reads.incidents(status or (), asset=asset, assets=caller.assets, before=before, limit=limit)
        told = _told(reads, caller)
        mine = [IncidentWire.of(row, caller, told) for row in page.incidents]
        return IncidentsWire(incidents=mine, next_before=page.incidents[-1].id if page.more else None)

    @routes.get(
        "/{number}", summary="One incident, its history and what changed around it", openapi_extra=OWN_ASSETS,
    )  # fmt: skip
    def one(caller: Viewer, number: Number, response: Response) -> IncidentDetailWire:
        page = _seen(reads, caller, number)
        response.headers["etag"] = _etag(page.incident.revision)
        return IncidentDetailWire.of_page(page, caller, _told(reads, caller))


def _add_deeds(routes: APIRouter, reads: Reads, work: Project) -> None:
    def deed(path: str, summary: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        return routes.post(path, summary=summary, openapi_extra=OWN_ASSETS)

    def done(
        caller: Caller, number: int, if_match: str | None, response: Response, do: Any, *given: Any
    ) -> IncidentWire:
        _seen(reads, caller, number)
        after: Incident = do(work, number, *given, by=caller.name, revision=_revision(if_match))
        response.headers["etag"] = _etag(after.revision)
        page = reads.incident(number)
        assert page is not None, "it was changed just now"
        return IncidentWire.of(page.incident, caller, _told(reads, caller))

    @deed("/{number}/acknowledge", "Say that somebody works on it")
    def acknowledge(
        caller: Operator, number: Number, asked: Acknowledging, response: Response, if_match: IfMatch = None
    ) -> IncidentWire:
        return done(caller, number, if_match, response, _with(triage.acknowledge, asked.reason))

    @deed("/{number}/snooze", "Hear of it again later")
    def snooze(
        caller: Operator, number: Number, asked: Snoozing, response: Response, if_match: IfMatch = None
    ) -> IncidentWire:
        if (asked.until is None) == (asked.seconds is None):
            raise HTTPException(422, "say until when, or for how many seconds: one of both; nothing was changed")
        until = asked.until or work.clock.now() + timedelta(seconds=asked.seconds or 0.0)
        return done(caller, number, if_match, response, _with(triage.snooze, asked.reason), until)

    @deed("/{number}/assign", "Make it somebody's")
    def assign(
        caller: Operator, number: Number, asked: Assigning, response: Response, if_match: IfMatch = None
    ) -> IncidentWire:
        return done(caller, number, if_match, response, _with(triage.assign, asked.reason), asked.owners)

    @deed("/{number}/resolve", "End it, and say how it was")
    def resolve(
        caller: Operator, number: Number, asked: Resolving, response: Response, if_match: IfMatch = None
    ) -> IncidentWire:
        return done(caller, number, if_match, response, _with(triage.resolve, asked.reason), asked.resolved_as)

    @deed("/{number}/reopen", "Open it again")
    def reopen(
        caller: Operator, number: Number, asked: Telling, response: Response, if_match: IfMatch = None
    ) -> IncidentWire:
        return done(caller, number, if_match, response, _with(triage.reopen, asked.reason))

    @deed("/{number}/note", "Write something down in its history")
    def note(
        caller: Operator, number: Number, asked: Telling, response: Response, if_match: IfMatch = None
    ) -> IncidentWire:
        return done(caller, number, if_match, response, triage.note, asked.reason)


def _with(do: Callable[..., Incident], reason: str) -> Callable[..., Incident]:
    def asked(*given: Any, **named: Any) -> Incident:
        return do(*given, reason=reason, **named)

    return asked


def _seen(reads: Reads, caller: Caller, number: int) -> IncidentPage:
    """The incident, where there is one and its asset is the caller's."""
    page = reads.incident(number)
    if page is None:
        raise UnknownIncident(number)
    require_all(caller, [page.incident.asset])
    return page


def _told(reads: Reads, caller: Caller) -> Callable[[str], str]:
    return unnamed(caller, () if caller.assets is None else reads.keys())


def _sentence(row: IncidentRow, caller: Caller) -> str:
    others = [f"downstream {one}" for one in row.affected if not caller.sees(one)]
    is_of_others = any(row.sentence.startswith((f"{one} ", f"{one}:")) for one in others)
    return "something downstream is wrong" if is_of_others else row.sentence


def _etag(revision: int) -> str:
    return f'"{revision}"'


def _revision(if_match: str | None) -> int | None:
    """The revision that a caller has seen; None: any. Raises IncidentChanged for what is no ETag of ours."""
    if if_match is None or if_match.strip() == "*":
        return None
    shown = if_match.strip().removeprefix("W/").strip('"').partition("-")[0]
    if not (shown.isascii() and shown.isdigit() and len(shown) < 10):
        raise IncidentChanged(
            f"If-Match: {if_match[:60]!r} is no ETag of an incident; nothing was changed; ask for it again"
        )
    return int(shown)
