"""What people say of versions, by HTTP: what it would change, saying it, and taking it back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from observer.access import Caller, Role
from observer.api.problems import Problem
from observer.api.roles import OWN_ASSETS, allowed, require
from observer.foresight import Foresight
from observer.marking import Marked, mark, said_of, undo
from observer.model import Every, Feedback, FeedbackKind
from observer.project import Project
from observer.reads.said import rows


class WordBody(BaseModel):
    """What is said of the newest version of an asset, or of a partition."""

    model_config = ConfigDict(extra="forbid")

    asset: str = Field(max_length=400)
    partition: str | None = None
    kind: FeedbackKind = Field(alias="as", description="whether it is right, and whether it is learned from")
    monitor: str | None = Field(default=None, description="one monitor; none: those that alarmed, of bad data all")
    every: Every | None = Field(default=None, description="how often what is recurring comes again")
    reason: str = Field(description="why; it stays in the history")


class UndoBody(BaseModel):
    """Which word is taken back."""

    model_config = ConfigDict(extra="forbid")

    asset: str = Field(max_length=400)
    partition: str | None = None
    word: int | None = Field(default=None, description="its number; none: the last one")
    reason: str = Field(description="why; it stays in the history")


class WordWire(BaseModel):
    """One word on a version."""

    word: int = Field(description="its number; 0 in a preview")
    asset: str
    partition: str | None
    materialization_id: str
    kind: FeedbackKind | None = Field(serialization_alias="as", description="none where it takes a word back")
    monitor: str | None = Field(description="none: all of them")
    every: Every | None
    undoes: int | None = Field(description="the number of the word that it takes back")
    at: datetime
    by: str
    reason: str

    @classmethod
    def of(cls, one: Feedback) -> WordWire:
        """The wire form of ``one``."""
        return cls(
            word=one.id, asset=one.asset, partition=one.partition, materialization_id=one.materialization_id,
            kind=one.kind, monitor=one.subject or None, every=one.every, undoes=one.undoes, at=one.at, by=one.by,
            reason=one.reason,
        )  # fmt: skip


class ChangeWire(BaseModel):
    """What changes for one monitor, told by replaying its stored history."""

    monitor: str
    sentence: str = Field(description="the rest for a person, and what alarms next")
    silenced: int = Field(description="alarms on what was good, as far as is known, that would not have been raised")
    missed: int = Field(description="alarms on what is known to be bad that would not have been raised either")
    raised: int = Field(description="alarms that would have come on top")

    @classmethod
    def of(cls, one: Foresight) -> ChangeWire:
        """The wire form of ``one``."""
        return cls(
            monitor=one.monitor, sentence=one.sentence(), silenced=one.silenced, missed=one.missed, raised=one.raised
        )


class MarkedWire(BaseModel):
    """What was said, or would be, and what it changes."""

    preview: bool
    said: list[WordWire]
    changes: list[ChangeWire]
    held: bool = Field(description="whether the version is held; a word publishes nothing")

    @classmethod
    def of(cls, done: Marked, *, preview: bool) -> MarkedWire:
        """The wire form of ``done``."""
        return cls(
            preview=preview, said=[WordWire.of(one) for one in done.feedback],
            changes=[ChangeWire.of(one) for one in done.changes], held=done.held,
        )  # fmt: skip


class SaidWire(BaseModel):
    """One word of the history."""

    word: int
    at: datetime
    partition: str | None
    monitor: str | None
    said: str
    by: str
    reason: str
    counts: bool = Field(description="false where it was taken back, or another word has taken its place")


_Asset = Annotated[str, Query(max_length=400, description="the asset's key")]
_Partition = Annotated[str | None, Query(description="the partition's key; none for the newest version")]
_Operator = Annotated[Caller, Depends(allowed(Role.OPERATOR))]
_Viewer = Annotated[Caller, Depends(allowed(Role.VIEWER))]


def feedback_routes(work: Project) -> APIRouter:
    """The routes below ``/api/v1/feedback``."""
    routes = APIRouter(
        prefix="/api/v1/feedback", tags=["feedback"],
        responses={status: {"model": Problem} for status in (403, 404, 409, 422, 503)},
    )  # fmt: skip

    @routes.get("", summary="Everything that was ever said of an asset, the newest first", openapi_extra=OWN_ASSETS)
    def said(asset: _Asset, caller: _Viewer) -> list[SaidWire]:
        require(caller, asset)
        return [
            SaidWire(
                word=row.number, at=row.at, partition=row.partition, monitor=row.subject or None, said=row.said,
                by=row.by, reason=row.reason, counts=row.counts,
            )
            for row in rows(said_of(work, asset))
        ]  # fmt: skip

    @routes.post(
        "", summary="Say of a version whether it is right, and whether it is learned from", openapi_extra=OWN_ASSETS
    )
    def say(body: WordBody, caller: _Operator) -> MarkedWire:
        require(caller, body.asset)
        done = mark(
            work, body.asset, body.partition or None, body.kind, subject=body.monitor or None, every=body.every,
            reason=body.reason, by=caller.name,
        )  # fmt: skip
        return MarkedWire.of(done, preview=False)

    @routes.post("/undo", summary="Take a word back", openapi_extra=OWN_ASSETS)
    def take_back(body: UndoBody, caller: _Operator) -> MarkedWire:
        require(caller, body.asset)
        done = undo(
            work, body.asset, body.partition or None, number=body.word, reason=body.reason, by=caller.name
        )  # fmt: skip
        return MarkedWire.of(done, preview=False)

    _add_previews(routes, work)
    return routes


def _add_previews(routes: APIRouter, work: Project) -> None:
    """What would change, asked without changing anything: whoever may read may ask."""

    @routes.get("/preview", summary="What saying it would change; nothing is", openapi_extra=OWN_ASSETS)
    def preview(
        asset: _Asset,
        caller: _Viewer,
        kind: Annotated[FeedbackKind, Query(alias="as", description="whether it is right, and learned from")],
        partition: _Partition = None,
        monitor: Annotated[str | None, Query(description="one monitor, as its alarms name it")] = None,
        every: Annotated[Every | None, Query(description="how often what is recurring comes again")] = None,
    ) -> MarkedWire:
        require(caller, asset)
        done = mark(
            work, asset, partition or None, kind, subject=monitor or None, every=every, reason="", by=caller.name,
            preview=True,
        )  # fmt: skip
        return MarkedWire.of(done, preview=True)

    @routes.get("/undo/preview", summary="What taking a word back would change; nothing is", openapi_extra=OWN_ASSETS)
    def undo_preview(
        asset: _Asset,
        caller: _Viewer,
        partition: _Partition = None,
        word: Annotated[int | None, Query(description="its number; none: the last one")] = None,
    ) -> MarkedWire:
        require(caller, asset)
        done = undo(work, asset, partition or None, number=word, reason="", by=caller.name, preview=True)
        return MarkedWire.of(done, preview=True)
