"""May what is downstream go on? One question for any orchestrator."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from observer.api.problems import Problem
from observer.errors import UnknownName
from observer.reads.base import GateAnswer, Reads
from orchestration.errors import PartitionError

_OPEN = frozenset({"open", "open_by_override"})


class GateWire(BaseModel):
    """What the gate says of one address."""

    asset: str
    partition: str | None
    open: bool = Field(description="whether what is downstream may run; false also while nothing was judged")
    outcome: str = Field(description="open, held, open_by_override, or none (no version was ever judged)")
    sentence: str = Field(description="the answer for a person")
    reasons: list[str]
    holds: list[str] = Field(description="the checks and monitors that hold")
    overridden: list[str] = Field(description="the checks and monitors that would hold, and don't by an override")
    columns: list[str] = Field(description="the columns that all faults which hold lie in; none: any")
    unknown: bool = Field(description="held because something could not be evaluated")
    materialization_id: str | None
    decided_at: datetime | None
    expires_at: datetime | None = Field(description="when an override ends")
    incident_id: int | None
    readers_see: str | None = Field(description="the newest partition or version that readers have")

    @classmethod
    def of(cls, answer: GateAnswer) -> GateWire:
        """The wire form of ``answer``."""
        return cls(
            asset=answer.asset,
            partition=answer.partition,
            open=answer.outcome in _OPEN,
            outcome=answer.outcome,
            sentence=answer.sentence,
            reasons=list(answer.reasons),
            holds=list(answer.holds),
            overridden=list(answer.overridden),
            columns=list(answer.columns),
            unknown=answer.unknown,
            materialization_id=answer.materialization_id,
            decided_at=answer.decided_at,
            expires_at=answer.expires_at,
            incident_id=answer.incident_id,
            readers_see=answer.readers_see,
        )


def gate_routes(reads: Reads) -> APIRouter:
    """The routes below ``/api/v1/gate``."""
    routes = APIRouter(prefix="/api/v1", tags=["gate"])

    @routes.get(
        "/gate/{asset}",
        summary="May what is downstream of this asset go on?",
        responses={404: {"model": Problem}, 503: {"model": Problem}},
    )
    def gate(
        asset: Annotated[str, Path(description="the asset's key", max_length=400)],
        partition: Annotated[
            str | None,
            Query(description="the partition's key; none for its newest, or if it has no partitions"),
        ] = None,
    ) -> GateWire:
        answer = reads.gate(asset, partition or None)
        if answer is None:
            raise _unknown(reads, asset, partition)
        return GateWire.of(answer)

    return routes


def _unknown(reads: Reads, asset: str, partition: str | None) -> UnknownName | PartitionError:
    known = [row.key for row in reads.now().assets]
    if asset in known:
        return PartitionError(f"asset {asset!r} has no partition {partition!r}; the gate says nothing of it")
    return UnknownName("asset", asset, known)
