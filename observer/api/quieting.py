"""What people do about a gate: release what is held, override it for a while, mute a check or monitor."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from observer.access import Caller, Role
from observer.api.roles import allowed
from observer.api.texts import Name, Reason
from observer.model import Mute
from observer.mutes import mute, muted, unmute
from observer.overrides import override_subject
from observer.project import Project
from observer.versions import override_gate

_LONGEST_S = 366 * 86_400
Seconds = Annotated[float, Field(gt=0, le=_LONGEST_S, allow_inf_nan=False, description="how long")]
Operator = Annotated[Caller, Depends(allowed(Role.OPERATOR))]
Admin = Annotated[Caller, Depends(allowed(Role.ADMIN))]
AssetPath = Annotated[str, Path(description="the asset's key", max_length=400)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    partition: Name | None = Field(default=None, description="none: of an asset without partitions, or all of them")
    reason: Reason = Field(description="why; it stays in the history")


class ReleaseBody(_Body):
    """Which held version is published, and why."""


class OverrideBody(_Body):
    """Which gate is open for a while, or which check or monitor doesn't hold, and why."""

    seconds: Seconds
    subject: Name | None = Field(default=None, description="a check or monitor; none: the gate as a whole")


class MuteBody(_Body):
    """Which check or monitor neither holds nor tells for a while, and why."""

    seconds: Seconds
    subject: Name


class Released(BaseModel):
    """The version that is published now."""

    materialization_id: str
    unblocked: list[str] = Field(
        description="the caller's assets that waited for it, upstream first; ask for a run of them"
    )


class Overridden(BaseModel):
    """Until when."""

    until: datetime


class MuteWire(BaseModel):
    """A mute that counts."""

    asset: str
    partition: str | None
    subject: str
    until: datetime
    by: str
    reason: str

    @classmethod
    def of(cls, one: Mute) -> MuteWire:
        """The wire form of a mute."""
        return cls(
            asset=one.asset, partition=one.partition, subject=one.subject, until=one.until, by=one.by,
            reason=one.reason,
        )  # fmt: skip


def quieting_routes(work: Project) -> APIRouter:
    """The routes by which a person lets something through."""
    routes = APIRouter(prefix="/api/v1")

    @routes.post("/gate/{asset}/release", tags=["gate"], summary="Publish a held version, for good")
    def release(asset: AssetPath, body: ReleaseBody, caller: Operator) -> Released:
        released = work.release(asset, body.partition, reason=body.reason, by=caller.name)
        waited = work.graph.blocked_by(work.graph.asset(asset).key)
        return Released(materialization_id=released, unblocked=[key for key in waited if caller.sees(key)])

    @routes.post("/gate/{asset}/override", tags=["gate"], summary="Open a gate for a while, or let a subject not hold")
    def override(asset: AssetPath, body: OverrideBody, caller: Admin) -> Overridden:
        if body.subject is None:
            _, until = override_gate(
                work, asset, body.partition, for_s=body.seconds, reason=body.reason, by=caller.name
            )
            return Overridden(until=until)
        given = override_subject(
            work, asset, body.subject, body.partition, for_s=body.seconds, reason=body.reason, by=caller.name
        )
        return Overridden(until=given.until)

    @routes.get("/assets/{asset}/mutes", tags=["mutes"], summary="The mutes that count now")
    def mutes(asset: AssetPath) -> list[MuteWire]:
        return [MuteWire.of(one) for one in muted(work, asset)]

    @routes.post("/assets/{asset}/mutes", tags=["mutes"], summary="Mute a check or monitor for a while")
    def add_mute(asset: AssetPath, body: MuteBody, caller: Operator) -> MuteWire:
        given = mute(work, asset, body.subject, body.partition, for_s=body.seconds, reason=body.reason, by=caller.name)
        return MuteWire.of(given)

    @routes.delete(
        "/assets/{asset}/mutes", tags=["mutes"], summary="End a mute before its time", status_code=HTTPStatus.NO_CONTENT
    )
    def end_mute(
        asset: AssetPath,
        subject: Annotated[Name, Query(description="the check or monitor")],
        caller: Operator,
        partition: Annotated[Name | None, Query()] = None,
    ) -> None:
        unmute(work, asset, subject, partition, by=caller.name)

    return routes
