"""What steps said, over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field

from observer.access import Caller, Role
from observer.api.problems import Problem
from observer.api.roles import allowed
from observer.project import Project
from observer.reads import step_logs
from observer.reads.run_model import LineRow, LogRow, StepLogPage
from orchestration.database import reading

_REFUSALS: dict[int | str, dict[str, object]] = {status: {"model": Problem} for status in (403, 404, 422, 503)}


class LineWire(BaseModel):
    """One record, warning or printed line."""

    at: datetime | None
    offset_s: float = Field(description="since its try began")
    level: str = Field(description="of logging, in lower case, or stdout or stderr")
    source: str = Field(description="the logger; empty of what was printed")
    text: str

    @classmethod
    def of(cls, line: LineRow) -> LineWire:
        """The wire form of ``line``."""
        return cls(at=line.at, offset_s=line.offset_s, level=line.level, source=line.source, text=line.text)


class TryWire(BaseModel):
    """What one try of a step said: its last lines."""

    number: int
    ended: bool = Field(description="nothing is added any more")
    left_out: int = Field(description="lines that came before these and are not kept")
    unknown: str = Field(description="what may be missing, and why")
    lines: list[LineWire]

    @classmethod
    def of(cls, log: LogRow) -> TryWire:
        """The wire form of ``log``."""
        return cls(
            number=log.number, ended=log.ended, left_out=log.left_out, unknown=log.unknown,
            lines=[LineWire.of(line) for line in log.lines],
        )  # fmt: skip


class StepLogWire(BaseModel):
    """What a step of a run said, a log a try; none where it said nothing."""

    run_id: str
    asset: str
    partition: str | None
    status: str
    tries: list[TryWire]

    @classmethod
    def of(cls, page: StepLogPage) -> StepLogWire:
        """The wire form of ``page``."""
        return cls(
            run_id=page.run_id, asset=page.asset, partition=page.partition, status=page.status,
            tries=[TryWire.of(log) for log in page.logs],
        )  # fmt: skip


def step_log_routes(work: Project) -> APIRouter:
    """The route ``/api/v1/runs/{id}/steps/{asset}/log``."""
    routes = APIRouter(prefix="/api/v1", tags=["runs"])

    @routes.get("/runs/{run_id}/steps/{asset}/log", summary="What a step said", responses=_REFUSALS)
    def log(
        run_id: Annotated[str, Path(max_length=40)],
        asset: Annotated[str, Path(max_length=1000)],
        caller: Annotated[Caller, Depends(allowed(Role.VIEWER))],
        partition: Annotated[
            str | None, Query(max_length=400, description="may be left out where the run has one of the asset")
        ] = None,
    ) -> StepLogWire:
        with reading(work.engine) as connection:
            return StepLogWire.of(step_logs.of_step(connection, work, run_id, asset, partition, caller.sees))

    return routes
