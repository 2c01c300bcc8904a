"""Reading assets: their state, what is around them, what was measured of them and what was said of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Query
from pydantic import AwareDatetime, BaseModel, Field

from observer.access import Caller, Role
from observer.api.roles import OWN_ASSETS, allowed
from observer.api.texts import Name
from observer.api.unnamed import unnamed
from observer.history import SeriesKey
from observer.model import Evaluation, EvaluationStatus
from observer.project import Project
from observer.reads import past
from observer.reads.base import Reads
from observer.reads.model import AssetRow, RunRow, State
from orchestration.assets import Asset
from orchestration.graph import Graph
from orchestration.model import AssetKey
from orchestration.selection import quote

_EPOCH, _END = 1970, 9000
Viewer = Annotated[Caller, Depends(allowed(Role.VIEWER))]
AssetPath = Annotated[str, Path(description="the asset's key", max_length=400)]
Limit = Annotated[int, Query(ge=1, le=500, description="how many at most")]


class AssetWire(BaseModel):
    """An asset and how it is."""

    key: str
    kind: str
    group: str | None
    owners: list[str]
    tags: list[str]
    description: str
    partitions: str | None = Field(description="how it is cut, in words; null: it isn't")
    state: State
    text: str = Field(description="why it is in that state")
    last_partition: str | None = Field(description="the newest that readers have")
    last_at: datetime | None
    rows: float | None

    @classmethod
    def of(cls, asset: Asset, row: AssetRow, told: Callable[[str], str]) -> AssetWire:
        """The wire form of an asset, in words that its reader may be ``told``."""
        return cls(
            key=asset.key, kind=asset.kind.value, group=asset.group, owners=list(asset.owners), tags=list(asset.tags),
            description=asset.description, state=row.state, text=told(row.text), last_partition=row.last_partition,
            partitions=None if asset.partitions is None else asset.partitions.describe(), last_at=row.last_at,
            rows=row.rows,
        )  # fmt: skip


class AssetsPage(BaseModel):
    """Some assets, upstream first."""

    items: list[AssetWire]
    next: str | None = Field(description="the `cursor` of the page after; null: there is none")


class LineageWire(BaseModel):
    """What an asset reads and what reads it."""

    asset: str
    upstream: list[str] = Field(description="what it reads itself")
    downstream: list[str] = Field(description="what reads it itself")
    ancestors: list[str] = Field(description="everything upstream, upstream first")
    descendants: list[str] = Field(description="everything downstream, upstream first")


class SeriesWire(BaseModel):
    """A number that is measured again and again."""

    metric: str
    column: str | None
    segment: str | None


class PointWire(BaseModel):
    """One point of a series."""

    at: datetime = Field(description="of the data, or of the clock where the metric is ordered by it")
    partition: str | None
    value: float | None = Field(description="null: it could not be measured")
    accuracy: float = Field(description="0: exact; else the error or the rate of the sample")
    status: str = Field(description="of its version")
    run_id: str


class SeriesPage(BaseModel):
    """Some points of a series, oldest first."""

    items: list[PointWire]
    next: str | None = Field(description="the `before` of the page with older ones; null: there are none")


class EvaluationWire(BaseModel):
    """The verdict of a check or monitor on a version."""

    id: int
    asset: str
    partition: str | None
    materialization_id: str
    kind: str
    subject: str
    severity: str
    status: EvaluationStatus
    sentence: str
    evaluated_at: datetime
    observed: float | None
    lower: float | None
    expected: float | None
    upper: float | None
    p_value: float | None
    muted: str

    @classmethod
    def of(cls, number: int, one: Evaluation, told: Callable[[str], str]) -> EvaluationWire:
        """The wire form of an evaluation, in words that its reader may be ``told``."""
        band = one.detection
        return cls(
            id=number, asset=one.asset, partition=one.partition, materialization_id=one.materialization_id,
            kind=one.kind.value, subject=one.subject, severity=one.severity.value, status=one.status,
            sentence=told(one.sentence), evaluated_at=one.evaluated_at, observed=one.observed,
            lower=None if band is None else band.lower, expected=None if band is None else band.expected,
            upper=None if band is None else band.upper, p_value=None if band is None else band.p_value,
            muted=one.muted,
        )  # fmt: skip


class EvaluationsPage(BaseModel):
    """Some evaluations, newest first."""

    items: list[EvaluationWire]
    next: str | None = Field(description="the `cursor` of the page after; null: there is none")


class RunListed(BaseModel):
    """A run."""

    id: str
    status: str
    selection: str
    partitions: str
    trigger: str
    started_at: datetime
    duration_s: float | None
    counts: dict[str, int] = Field(description="steps by what became of them")

    @classmethod
    def of(cls, row: RunRow) -> RunListed:
        """The wire form of a run."""
        return cls(
            id=row.id, status=row.status, selection=row.selection, partitions=row.partitions, trigger=row.trigger,
            started_at=row.started_at, duration_s=row.duration_s, counts=dict(row.counts),
        )  # fmt: skip


class RunsPage(BaseModel):
    """Some runs, newest first."""

    items: list[RunListed]
    next: str | None = Field(description="the `cursor` of the page after; null: there is none")


def asset_routes(reads: Reads, work: Project) -> APIRouter:
    """The routes that read below ``/api/v1/assets``, and the list of runs."""
    routes = APIRouter(prefix="/api/v1", tags=["assets"])

    @routes.get("/assets", summary="Assets and how they are", openapi_extra=OWN_ASSETS)
    def assets(
        caller: Viewer,
        select: Annotated[str, Query(max_length=2000, description="a selection, as the command takes it")] = "*",
        state: Annotated[State | None, Query()] = None,
        cursor: Annotated[str | None, Query(max_length=400, description="`next` of the page before")] = None,
        limit: Limit = 100,
    ) -> AssetsPage:
        chosen = list(work.select(select, caller.sees))
        if state is not None:
            states = reads.states()
            chosen = [key for key in chosen if states[key] is state]
        order = {key: place for place, key in enumerate(work.graph.order)}
        if cursor is not None:  # by its place, so that one that has changed its state meanwhile is no end
            seen = order[work.select(quote(cursor), caller.sees)[0]]
            chosen = [key for key in chosen if order[key] > seen]
        told = unnamed(caller, work.graph.order)
        items = [AssetWire.of(work.graph.asset(row.key), row, told) for row in reads.assets(chosen[:limit])]
        return AssetsPage(items=items, next=chosen[limit - 1] if len(chosen) > limit else None)

    @routes.get("/assets/{asset}", summary="One asset and how it is")
    def one(asset: AssetPath, caller: Viewer) -> AssetWire:
        found = work.graph.asset(asset)
        return AssetWire.of(found, reads.assets([asset])[0], unnamed(caller, work.graph.order))

    @routes.get("/assets/{asset}/lineage", summary="What it reads and what reads it")
    def lineage(asset: AssetPath, caller: Viewer) -> LineageWire:
        return _lineage(work.graph, work.graph.asset(asset).key, caller)

    @routes.get("/assets/{asset}/metrics", summary="What is measured of it")
    def metrics(asset: AssetPath) -> list[SeriesWire]:
        found = past.measured(work, asset)
        return [SeriesWire(metric=key.metric, column=key.column, segment=key.segment) for key in found]

    @routes.get("/assets/{asset}/metrics/{metric}", summary="A metric as a series")
    def series(
        asset: AssetPath,
        metric: Annotated[Name, Path()],
        column: Annotated[Name | None, Query()] = None,
        segment: Annotated[Name | None, Query()] = None,
        part: Annotated[Name | None, Query(description="of the partition keys, what isn't time")] = None,
        before: Annotated[AwareDatetime | None, Query(description="`next` of the page before")] = None,
        limit: Limit = 100,
    ) -> SeriesPage:
        if before is not None and not _EPOCH <= before.year < _END:
            raise HTTPException(422, "`before` lies too far from today")
        key = SeriesKey(metric, column, segment)
        found = past.points(work, asset, key, part or "", before=before, limit=limit)
        items = [
            PointWire(
                at=point.at, partition=point.partition, value=point.value, accuracy=point.accuracy.amount,
                status=point.status.value, run_id=point.run_id,
            )
            for point in found
        ]  # fmt: skip
        return SeriesPage(items=items, next=found[0].at.isoformat() if len(found) == limit else None)

    @routes.get("/assets/{asset}/evaluations", summary="What was said of its versions")
    def evaluations(
        asset: AssetPath,
        caller: Viewer,
        partition: Annotated[Name | None, Query()] = None,
        subject: Annotated[Name | None, Query(description="a check or monitor")] = None,
        status: Annotated[EvaluationStatus | None, Query()] = None,
        cursor: Annotated[int | None, Query(ge=0, le=2**62, description="`next` of the page before")] = None,
        limit: Limit = 100,
    ) -> EvaluationsPage:
        found = past.evaluated(
            work, asset, partition=partition, subject=subject, status=status, before=cursor, limit=limit
        )
        told = unnamed(caller, work.graph.order)
        items = [EvaluationWire.of(one.number, one.evaluation, told) for one in found]
        return EvaluationsPage(items=items, next=str(items[-1].id) if len(items) == limit else None)

    @routes.get("/runs", tags=["runs"], summary="Runs, the newest first")
    def runs(
        cursor: Annotated[Name | None, Query(description="`next` of the page before")] = None, limit: Limit = 100
    ) -> RunsPage:
        items = [RunListed.of(row) for row in past.ran(work, before=cursor, limit=limit)]
        return RunsPage(items=items, next=items[-1].id if len(items) == limit else None)

    return routes


def _lineage(graph: Graph, key: AssetKey, caller: Caller) -> LineageWire:
    """Of a caller with some assets, those: the names of others are not theirs."""
    ancestors, descendants = graph.ancestors([key]), graph.descendants([key])
    return LineageWire(
        asset=key,
        upstream=[edge.upstream for edge in graph.upstream(key) if caller.sees(edge.upstream)],
        downstream=[below for below in graph.downstream(key) if caller.sees(below)],
        ancestors=[one for one in graph.order if one in ancestors and caller.sees(one)],
        descendants=[one for one in graph.order if one in descendants and caller.sees(one)],
    )
