"""Messages that were given up: which, why, and tried again once the reason is mended."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field

from observer.access import Caller, Role
from observer.api.audit import ABOUT
from observer.api.ingest import some
from observer.api.roles import OWN_ASSETS, allowed
from observer.api.texts import Name
from observer.reads.base import Reads
from observer.reads.dead_letters import DeadLetter
from observer.replaying import replay

if TYPE_CHECKING:
    from observer.project import Project

Viewer = Annotated[Caller, Depends(allowed(Role.VIEWER))]
Operator = Annotated[Caller, Depends(allowed(Role.OPERATOR))]


class DeadLetterWire(BaseModel):
    """One message that nobody tries any more."""

    id: str
    written_at: datetime
    channel: str
    event: str
    title: str = Field(description="what it was about")
    incident: int | None = Field(description="none: it holds messages about several")
    holds: int = Field(description="how many messages were put into it; 1: it is one itself")
    why: str

    @classmethod
    def of(cls, one: DeadLetter) -> DeadLetterWire:
        """The wire form of a letter."""
        return cls(
            id=one.id, written_at=one.written_at, channel=one.channel, event=one.event, title=one.title,
            incident=one.incident_id, holds=one.holds, why=one.why,
        )  # fmt: skip


class DeadLettersWire(BaseModel):
    """The newest first."""

    letters: list[DeadLetterWire]
    more: bool = Field(description="older ones, which are shown when these are gone")


class ReplayBody(BaseModel):
    """Which are tried again."""

    model_config = ConfigDict(extra="forbid")

    ids: list[Name] = Field(default=[], max_length=500)
    all: bool = Field(default=False, description="every one of assets that are the caller's, instead of `ids`")


class Replayed(BaseModel):
    """The messages that are tried again, with the ids that they had."""

    ids: list[str]


def dead_letter_routes(reads: Reads, work: Project) -> APIRouter:
    """``GET /api/v1/dead-letters`` and ``POST /api/v1/dead-letters/replay``."""
    routes = APIRouter(prefix="/api/v1/dead-letters", tags=["alerts"])

    @routes.get("", summary="Messages that were given up", openapi_extra=OWN_ASSETS)
    def dead(caller: Viewer) -> DeadLettersWire:
        page = reads.dead_letters(None if caller.assets is None else caller.sees)
        return DeadLettersWire(letters=[DeadLetterWire.of(one) for one in page.letters], more=page.more)

    @routes.post("/replay", summary="Try messages again that were given up", openapi_extra=OWN_ASSETS)
    def again(request: Request, caller: Operator, body: ReplayBody) -> Replayed:
        if bool(body.ids) is body.all:
            raise HTTPException(422, "say which, by ids, or all; one of both; nothing was changed")
        request.scope["state"][ABOUT] = f"replay of {'all' if body.all else some(body.ids)}"
        return Replayed(ids=list(replay(work, None if body.all else body.ids, sees=caller.sees)))

    return routes
