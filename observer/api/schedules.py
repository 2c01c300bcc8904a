"""Schedules by HTTP: what is due next and was decided last, pausing and resuming, and events from outside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from observer.access import Caller, Role
from observer.api.problems import Problem
from observer.api.roles import OWN_ASSETS, allowed, require_all
from observer.api.unnamed import unnamed
from observer.project import Project
from observer.schedules import (
    ScheduleLine,
    Told,
    decisions_on,
    pause_schedules,
    resume_schedules,
    schedule_lines,
    tell_event,
    waiting_for,
)
from orchestration.model import AssetKey
from orchestration.schedule.state import Decision


class DecisionWire(BaseModel):
    """What was decided of an asset, and why."""

    at: datetime
    about: str = Field(description="its schedule, or its freshness")
    outcome: str = Field(description="asked, waits, passed_over, unknown or refused")
    reason: str
    due_key: str | None = Field(description="what the run that was asked for is known by")
    due_at: datetime | None

    @classmethod
    def of(cls, one: Decision, told: Callable[[str], str]) -> DecisionWire:
        """The wire form of ``one``, in words that its reader may be ``told``."""
        return cls(
            at=one.at, about=one.about, outcome=one.outcome, reason=told(one.reason), due_key=one.due_key,
            due_at=one.due_at,
        )  # fmt: skip


class ScheduleWire(BaseModel):
    """One asset that the scheduler looks at."""

    asset: str
    schedule: str
    next_at: datetime | None = Field(description="when it is due next; none where something has to happen first")
    freshness: str | None = Field(description="passed, warned, failed or unknown; none without a policy")
    paused_by: str | None
    paused_because: str | None
    last: DecisionWire | None

    @classmethod
    def of(cls, line: ScheduleLine, told: Callable[[str], str]) -> ScheduleWire:
        """The wire form of ``line``, in words that its reader may be ``told``."""
        return cls(
            asset=line.asset, schedule=told(line.schedule), next_at=line.next_at, freshness=line.freshness,
            paused_by=line.pause.by if line.pause else None, paused_because=line.pause.reason if line.pause else None,
            last=DecisionWire.of(line.last, told) if line.last else None,
        )  # fmt: skip


class ReasonBody(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(max_length=2000, pattern=r"^[^\x00]*$", description="why; it stays in the history")


class EventBody(BaseModel):
    """Something that happened outside."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=200, description="what `ob.on_event(...)` waits for")
    id: str = Field(
        min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$", description="its identity: told twice, it counts once"
    )


class EventWire(BaseModel):
    """What became of an event."""

    id: str
    new: bool = Field(description="false: it was told before")
    assets: list[str] = Field(description="what it makes due")

    @classmethod
    def of(cls, told: Told) -> EventWire:
        """The wire form of ``told``."""
        return cls(id=told.id, new=told.new, assets=list(told.assets))


_PROBLEMS: dict[int | str, dict[str, object]] = {code: {"model": Problem} for code in (403, 404, 422, 503)}


def schedule_routes(work: Project) -> APIRouter:
    """The routes below ``/api/v1/schedules``, and ``/api/v1/events``."""
    routes = APIRouter(prefix="/api/v1", tags=["schedules"], responses=_PROBLEMS)

    @routes.get("/schedules", summary="What is due next, and what was decided last", openapi_extra=OWN_ASSETS)
    def schedules(
        caller: Annotated[Caller, Depends(allowed(Role.VIEWER))],
        select: Annotated[str, Query(description="a selection of assets", max_length=2000)] = "*",
    ) -> list[ScheduleWire]:
        told = unnamed(caller, work.graph.order)
        return [ScheduleWire.of(line, told) for line in schedule_lines(work, work.select(select, caller.sees))]

    @routes.get("/schedules/{asset}/decisions", summary="What was decided of an asset, the newest first")
    def decisions(
        asset: str,
        caller: Annotated[Caller, Depends(allowed(Role.VIEWER))],
        last: Annotated[int, Query(ge=1, le=1000)] = 20,
    ) -> list[DecisionWire]:
        told = unnamed(caller, work.graph.order)
        return [DecisionWire.of(one, told) for one in decisions_on(work, asset, last)]

    @routes.post("/schedules/{asset}/pause", summary="Ask for nothing of an asset until it is resumed")
    def pause(asset: str, body: ReasonBody, caller: Annotated[Caller, Depends(allowed(Role.OPERATOR))]) -> ScheduleWire:
        pause_schedules(work, [work.graph.asset(asset).key], reason=body.reason, by=caller.name)
        return _one(work, asset, caller)

    @routes.post("/schedules/{asset}/resume", summary="Follow the schedule of an asset again, from now on")
    def resume(asset: str, caller: Annotated[Caller, Depends(allowed(Role.OPERATOR))]) -> ScheduleWire:
        resume_schedules(work, [work.graph.asset(asset).key], by=caller.name)
        return _one(work, asset, caller)

    @routes.post("/events", summary="Tell of something that happened outside", openapi_extra=OWN_ASSETS)
    def event(body: EventBody, caller: Annotated[Caller, Depends(allowed(Role.OPERATOR))]) -> EventWire:
        require_all(caller, waiting_for(work, body.name))
        return EventWire.of(tell_event(work, body.name, body.id, by=caller.name))

    return routes


def _one(work: Project, asset: str, caller: Caller) -> ScheduleWire:
    return ScheduleWire.of(schedule_lines(work, [AssetKey(asset)])[0], unnamed(caller, work.graph.order))
