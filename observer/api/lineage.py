"""``POST /api/v1/lineage``: where OpenLineage's clients send run events, by setting one URL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy import ColumnElement, Connection, Select, func, literal, select

from observer.access import Caller, Role
from observer.api.audit import ABOUT
from observer.api.ingest import Busy, body_errors, require_json, some
from observer.api.openlineage import (
    Dataset,
    EventType,
    RunEvent,
    description,
    observations,
    outcomes,
    schema,
    version_id,
)
from observer.api.report_wire import TakenIn, taken_in
from observer.api.roles import OWN_ASSETS, allowed, require
from observer.failed_runs import FailedRun, tell_of_failure
from observer.reported import Reception, Report
from orchestration import log
from orchestration.assets import Asset
from orchestration.database import reading, writing
from orchestration.events import Event, EventKind
from orchestration.external import is_external
from orchestration.model import Address, Materialization, PartitionKey, Scalar
from orchestration.partitions import Interval
from orchestration.tables import EPOCH, events

if TYPE_CHECKING:
    from observer.project import Project

LINEAGE_PATH = "/api/v1/lineage"
MOST_EVENT_BYTES = 4 * 1024 * 1024
_NOTED = {
    EventType.START: EventKind.EXTERNAL_STARTED,
    EventType.FAIL: EventKind.EXTERNAL_FAILED,
    EventType.ABORT: EventKind.EXTERNAL_FAILED,
}


class Heard(BaseModel):
    """What became of an event."""

    taken: list[TakenIn]
    strangers: list[str] = Field(description="datasets that no asset of the project is called after")


def lineage_routes(work: Project, reception: Reception) -> APIRouter:
    """``POST /api/v1/lineage``."""
    routes = APIRouter(prefix="/api/v1", tags=["ingest"])
    busy = Busy()
    body = {"requestBody": {"required": True, "content": {"application/json": {"schema": description()}}}}

    @routes.post(
        "/lineage",
        summary="Take in a run event of OpenLineage",
        status_code=HTTPStatus.CREATED,
        openapi_extra={**OWN_ASSETS, **body},
    )
    async def event(request: Request, caller: Annotated[Caller, Depends(allowed(Role.OPERATOR))]) -> Heard:
        require_json(request)
        if request.headers.get("content-encoding", "identity") != "identity":
            raise HTTPException(415, "send the event as it is, not compressed; nothing was changed")
        with busy.admitted(request):
            raw, hearing = await request.body(), _Hearing(work, reception, caller, request.scope["state"])
            return await to_thread.run_sync(hearing.hear, raw, limiter=busy.limiter)

    return routes


class _Hearing:
    """One event, heard from one caller."""

    def __init__(self, work: Project, reception: Reception, caller: Caller, said: dict[str, Any]) -> None:
        self._work, self._reception, self._caller, self._said = work, reception, caller, said

    def hear(self, raw: bytes) -> Heard:
        try:
            found = json.loads(raw)
            if isinstance(found, dict) and "run" not in found and {"job", "dataset"} & found.keys():
                return Heard(taken=[], strangers=[])  # tells how jobs and datasets are made, of no run
            event = RunEvent.model_validate(found)
        except ValidationError as error:
            raise RequestValidationError(body_errors(error)) from None
        except (ValueError, RecursionError):
            message = "isn't JSON, or is nested too deeply"
            raise RequestValidationError([{"loc": ("body",), "msg": message, "type": "json"}]) from None
        strangers: list[str] = []
        mine = list(self._datasets(event, strangers))
        self._said[ABOUT] = (
            f"{event.eventType or 'event'} of {event.job_name}: {some(sorted(asset.key for asset, _ in mine))}"
        )
        for asset, _ in mine:
            require(self._caller, asset.key)
        if event.eventType is EventType.COMPLETE:
            reports = [report for asset, dataset in mine if (report := self._report(event, asset, dataset)) is not None]
            taken = self._reception.take(reports)
            return Heard(taken=[taken_in(one) for one in taken], strangers=strangers)
        if event.eventType in _NOTED:
            self._note(event, _NOTED[event.eventType], mine)
        return Heard(taken=[], strangers=strangers)

    def _datasets(self, event: RunEvent, strangers: list[str]) -> Iterator[tuple[Asset, Dataset]]:
        """The assets that a run has made, and those that it has looked at more closely; each once."""
        seen: set[str] = set()
        looked_at = [dataset for dataset in event.inputs if dataset.is_measured]
        for dataset in (*event.outputs, *looked_at):
            asset = self._asset(dataset)
            if asset is None:
                strangers.append(dataset.names[0])
            elif asset.key not in seen:
                seen.add(asset.key)
                yield asset, dataset

    def _asset(self, dataset: Dataset) -> Asset | None:
        for name in dataset.names:
            if name in self._work.graph and is_external(found := self._work.graph.asset(name)):
                return found
        return None

    def _report(self, event: RunEvent, asset: Asset, dataset: Dataset) -> Report | None:
        id_ = version_id(event.run.runId, dataset)
        began = self._began(event, asset)
        seconds = None if began is None else max(0.0, event.eventTime.timestamp() - began)
        is_output = any(one is dataset for one in event.outputs)
        made = Materialization(
            id=id_, asset=asset.key, partition=self._partition(event, asset), run_id=event.run.runId,
            materialized_at=event.eventTime, data_version=id_, code_version="elsewhere", fingerprint=f"elsewhere {id_}",
            duration_s=seconds if seconds is not None and is_output else 0.0, rows=dataset.rows, bytes=dataset.bytes,
            metadata={"job": event.job_name},
        )  # fmt: skip
        return Report(
            made=made, timed=seconds is not None and is_output, observations=observations(dataset),
            outcomes=outcomes(dataset), schema=schema(dataset),
        )  # fmt: skip

    def _partition(self, event: RunEvent, asset: Asset) -> PartitionKey:
        """The partition of the run's nominal time; None where it can't be told, which is refused where it is needed."""
        nominal = event.run.facets.nominalTime
        if asset.partitions is None or not asset.partitions.has_time or nominal is None:
            return None
        start = nominal.nominalStartTime
        if start is None:
            return None
        found = asset.partitions.overlapping(Interval(start, start + timedelta(microseconds=1)))
        return found[0] if len(found) == 1 else None

    def _began(self, event: RunEvent, asset: Asset) -> float | None:
        """When the run had begun, in seconds since 1970, where its START was heard."""
        started = _noted(event, EventKind.EXTERNAL_STARTED, events.c.detail)
        wanted = started.where(events.c.asset == asset.key).order_by(events.c.id).limit(1)
        with reading(self._work.engine) as connection:
            detail = connection.execute(wanted).scalar_one_or_none()
        return None if detail is None else float(detail["began_s"])

    def _note(self, event: RunEvent, kind: EventKind, mine: list[tuple[Asset, Dataset]]) -> None:
        """That a run of others began or failed, once for each asset; a failure that nobody asked for is told."""
        made = {asset.key for asset, dataset in mine if any(one is dataset for one in event.outputs)}
        began = kind is EventKind.EXTERNAL_STARTED
        when: dict[str, Scalar] = {"began_s" if began else "ended_s": (event.eventTime - EPOCH).total_seconds()}
        with writing(self._work.engine) as connection:
            _alone_with(connection, event.run.runId)
            if not began:
                made |= set(connection.execute(_noted(event, EventKind.EXTERNAL_STARTED)).scalars()) & self._seen()
            new = sorted(made - set(connection.execute(_noted(event, kind)).scalars()))
            now, detail = self._work.clock.now(), {"job": event.job_name, **when}
            log.append(
                connection,
                *(Event(at=now, kind=kind, run_id=event.run.runId, address=Address(key), detail=detail) for key in new),
            )
            for key in new if event.eventType is EventType.FAIL else ():
                tell_of_failure(connection, self._work.observer, self._failed(event, self._work.graph.asset(key)))

    def _failed(self, event: RunEvent, asset: Asset) -> FailedRun:
        return FailedRun(
            address=Address(asset.key, self._partition(event, asset)), run_id=event.run.runId, job=event.job_name,
            at=event.eventTime, why=self._work.runtime.withhold(asset.key, event.why),
        )  # fmt: skip

    def _seen(self) -> set[str]:
        """The assets that others make and that the caller may change."""
        return {one.key for one in self._work.graph if is_external(one) and self._caller.sees(one.key)}


def _alone_with(connection: Connection, run_id: str) -> None:
    """Until the transaction ends nobody else notes an event of the run: clients repeat what is answered late.

    SQLite has one writer.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(run_id, _LOCK))))


_LOCK = 74_219_391
"""Seeds the names of our advisory locks on PostgreSQL."""


def _noted(event: RunEvent, kind: EventKind, *columns: ColumnElement[Any]) -> Select[Any]:
    """The assets of which a kind of event of the run is in the log, found by the index of such events."""
    is_one = events.c.kind == literal(kind.value, literal_execute=True)
    return select(*(columns or (events.c.asset,))).where(events.c.run_id == event.run.runId, is_one)
