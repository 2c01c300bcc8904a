"""Runs over HTTP: what would be done, asking for it, how it goes, and ending it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from observer.access import Caller, Role
from observer.api.problems import Problem
from observer.api.roles import OWN_ASSETS, allowed, require_all
from observer.api.unnamed import unnamed
from observer.errors import NotAllowed
from observer.project import Project
from observer.requests import Wanted, ask, planned, queued
from orchestration import queue
from orchestration.database import reading
from orchestration.model import Run, RunStatus, StepRecord
from orchestration.plan import Plan, PlannedStep
from orchestration.queue import Attempt, Queued, RequestStatus
from orchestration.run_request import RunRequest
from orchestration.staleness import Action

_REFUSALS: dict[int | str, dict[str, object]] = {status: {"model": Problem} for status in (403, 404, 409, 422, 503)}
_MOST_PARTITIONS = 1000
_MAY_RUN = (Action.RUN, Action.BLOCK)
_Text = Annotated[str, Field(max_length=400)]


class RunWanted(BaseModel):
    """What is to be run."""

    model_config = ConfigDict(extra="forbid")

    selection: str = Field(min_length=1, max_length=10_000, description="assets, as `tidegate run` takes them")
    partitions: str | list[_Text] | None = Field(
        default=None, max_length=_MOST_PARTITIONS,
        description="a partition, a range FIRST..LAST, or several of them; none for each asset's newest",
    )  # fmt: skip
    upstream: bool = Field(default=True, description="make with them what they read, where it has to be")
    force: bool = Field(default=False, description="make the selected assets again, whatever their state")
    reason: str = Field(default="", max_length=2000, description="why; it stays in the history")

    def wanted(self) -> Wanted:
        """What the project is asked for."""
        keys = [self.partitions] if isinstance(self.partitions, str) else self.partitions
        return Wanted(
            selection=self.selection, partitions=tuple(keys) if keys else None, upstream=self.upstream,
            force=self.force, reason=self.reason,
        )  # fmt: skip


class CancelWanted(BaseModel):
    """Why a run is to end."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(default="", max_length=2000, description="it stays in the history")


class StepWire(BaseModel):
    """What became of one step."""

    asset: str
    partition: str | None
    status: str
    reason: str
    note: str
    started_at: datetime | None
    ended_at: datetime | None
    duration_s: float | None
    materialization_id: str | None
    blocked_by: str | None = Field(description="the asset; none: nothing, or one that isn't the caller's")
    error: str | None

    @classmethod
    def of(cls, step: StepRecord, caller: Caller, told: Callable[[str], str]) -> StepWire:
        """The wire form of ``step``, in words that the caller may be ``told``."""
        blocked_by = step.blocked_by if step.blocked_by is not None and caller.sees(step.blocked_by) else None
        return cls(
            asset=step.asset, partition=step.partition, status=step.status.value, reason=told(step.reason),
            note=told(step.note),
            started_at=step.started_at, ended_at=step.ended_at, duration_s=step.duration_s,
            materialization_id=step.materialization_id, blocked_by=blocked_by,
            error=None if step.error is None else told(step.error),
        )  # fmt: skip


class AttemptWire(BaseModel):
    """One process's try at a run."""

    number: int
    holder: str = Field(description="host and process")
    began_at: datetime
    ended_at: datetime | None
    ended: str | None = Field(description="how, in words")

    @classmethod
    def of(cls, attempt: Attempt, told: Callable[[str], str]) -> AttemptWire:
        """The wire form of ``attempt``, in words that the caller may be ``told``."""
        return cls(
            number=attempt.number, holder=attempt.holder, began_at=attempt.began_at, ended_at=attempt.ended_at,
            ended=None if attempt.ended is None else told(attempt.ended),
        )  # fmt: skip


class RunWire(BaseModel):
    """One run: asked for, under way, or ended."""

    id: str
    status: str = Field(
        description="queued, running, succeeded, held, failed, cancelled, interrupted, or refused (it can't be planned)"
    )
    ended: bool
    selection: str = Field(description="as it was asked for; the caller's assets alone where it is about others, too")
    partitions: str
    reason: str = Field(description="left out where the run is about assets, too, that aren't the caller's")
    asked_by: str | None = Field(description="who or what asked for it; none for one that never was in the queue")
    due_at: datetime | None
    asked_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    cancelled_by: str | None
    note: str = Field(description="why it was refused, given up, or waits")
    attempts: list[AttemptWire]
    steps: list[StepWire]

    @classmethod
    def of(
        cls, run: Run, row: Queued | None, attempts: Sequence[Attempt], caller: Caller, told: Callable[[str], str]
    ) -> RunWire:
        """The wire form of a run as log and queue have it, without what it says of assets that aren't the caller's."""
        about = _about(run, row)
        mine = [key for key in about if caller.sees(key)]
        reason = run.trigger if row is None else row.request.reason
        status = run.status.value if row is None or _is_over(run) else row.status.value
        began = bool(run.steps) or row is None
        return cls(
            id=run.id, status=status, ended=status not in _OPEN, partitions=run.partitions,
            selection=run.selection if len(mine) == len(about) else ", ".join(mine),
            reason=reason if len(mine) == len(about) else "",
            asked_by=None if row is None else row.request.asked_by,
            due_at=None if row is None else row.request.due_at, asked_at=None if row is None else row.asked_at,
            started_at=run.started_at if began else None, ended_at=run.ended_at,
            cancelled_by=None if run.cancellation is None else run.cancellation.by,
            note="" if row is None else told(row.note), attempts=[AttemptWire.of(one, told) for one in attempts],
            steps=[StepWire.of(step, caller, told) for step in run.steps if caller.sees(step.asset)],
        )  # fmt: skip


_OPEN = frozenset({RequestStatus.QUEUED.value, RequestStatus.RUNNING.value})


def _is_over(run: Run) -> bool:
    """Whether the log says how it ended; of an interrupted one the queue says whether it goes on."""
    return bool(run.steps) and run.status not in (RunStatus.RUNNING, RunStatus.INTERRUPTED)


class PlannedWire(BaseModel):
    """What a run would do with one partition of one asset."""

    asset: str
    partition: str | None
    action: str
    reason: str
    note: str

    @classmethod
    def of(cls, step: PlannedStep, told: Callable[[str], str]) -> PlannedWire:
        """The wire form of ``step``, in words that the caller may be ``told``."""
        return cls(
            asset=step.address.asset, partition=step.address.partition, action=step.action.value,
            reason=told(step.reason), note=told(step.note),
        )  # fmt: skip


class PlanWire(BaseModel):
    """What a run would do now, everything upstream first."""

    selection: str
    partitions: str
    steps: list[PlannedWire]


def run_routes(work: Project) -> APIRouter:
    """The routes below ``/api/v1/runs``, and ``/api/v1/plan``."""
    routes = APIRouter(prefix="/api/v1", tags=["runs"])

    @routes.get("/plan", summary="What a run would do", responses=_REFUSALS, openapi_extra=OWN_ASSETS)
    def plan(
        caller: Annotated[Caller, Depends(allowed(Role.VIEWER))],
        selection: Annotated[str, Query(min_length=1, max_length=10_000)] = "*",
        partitions: Annotated[list[_Text] | None, Query(max_length=_MOST_PARTITIONS)] = None,
        upstream: bool = True,
        force: bool = False,
    ) -> PlanWire:
        wanted = Wanted(
            selection=selection, partitions=tuple(partitions or ()) or None, upstream=upstream, force=force
        )  # fmt: skip
        request, found = planned(work, wanted, by=caller.name, sees=caller.sees)
        require_all(caller, request.assets)
        told = unnamed(caller, work.graph.order)
        shown = [PlannedWire.of(step, told) for step in found.steps if caller.sees(step.address.asset)]
        return PlanWire(selection=found.selection, partitions=found.partitions, steps=shown)

    @routes.post(
        "/runs", summary="Ask for a run", status_code=202, responses=_REFUSALS, openapi_extra=OWN_ASSETS
    )  # fmt: skip
    def begin(
        body: RunWanted,
        request: Request,
        response: Response,
        caller: Annotated[Caller, Depends(allowed(Role.OPERATOR))],
        idempotency_key: Annotated[
            str | None, Header(max_length=200, description="the same key is the same run, however often it is sent")
        ] = None,
    ) -> RunWire:
        key = None if idempotency_key is None else f"{caller.id}:{idempotency_key}"
        row, new = ask(
            work, body.wanted(), by=caller.name, key=key, check=partial(require_plan, caller), sees=caller.sees
        )
        if new:
            request.app.state.wake()
        response.status_code = 202 if new else 200
        response.headers["location"] = f"/api/v1/runs/{row.id}"
        return _shown(work, row.id, caller)

    @routes.get("/runs/{run_id}", summary="How a run goes", responses=_REFUSALS, openapi_extra=OWN_ASSETS)
    def show(
        run_id: Annotated[str, Path(max_length=40)], caller: Annotated[Caller, Depends(allowed(Role.VIEWER))]
    ) -> RunWire:
        return _shown(work, run_id, caller)

    @routes.post(
        "/runs/{run_id}/cancel", summary="Ask a run to end", status_code=202, responses=_REFUSALS,
        openapi_extra=OWN_ASSETS,
    )  # fmt: skip
    def cancel(
        run_id: Annotated[str, Path(max_length=40)],
        caller: Annotated[Caller, Depends(allowed(Role.OPERATOR))],
        body: CancelWanted | None = None,
    ) -> RunWire:
        _require_all(work, run_id, caller)
        work.cancel(run_id, by=caller.name, reason="" if body is None else body.reason)
        return _shown(work, run_id, caller)

    return routes


def require_plan(caller: Caller, request: RunRequest, plan: Plan) -> None:
    """Raises NotAllowed where not all that a run makes is the caller's, or would be by the time that it begins.

    It makes what is upstream, too, and what waits for a release may wait no more.
    """
    require_all(caller, request.assets)
    require_all(caller, (step.address.asset for step in plan.steps if step.forced or step.action in _MAY_RUN))


def _require_all(work: Project, run_id: str, caller: Caller) -> None:
    with reading(work.engine) as connection:
        run = queue.run_of(connection, run_id)
    row, _ = queued(work, run_id)
    require_all(caller, _about(run, row))


def _shown(work: Project, run_id: str, caller: Caller) -> RunWire:
    with reading(work.engine) as connection:
        run = queue.run_of(connection, run_id)
    row, attempts = queued(work, run_id)
    about = _about(run, row)
    if about and not any(caller.sees(key) for key in about):
        raise NotAllowed(f"run {run_id} is about no asset that the token of {caller.name} is for; nothing was changed")
    return RunWire.of(run, row, attempts, caller, unnamed(caller, {*work.graph.order, *about}))


def _about(run: Run, row: Queued | None) -> Sequence[str]:
    """The assets that a run makes, or was asked to, each once."""
    return tuple(dict.fromkeys((*(() if row is None else row.request.assets), *(step.asset for step in run.steps))))
