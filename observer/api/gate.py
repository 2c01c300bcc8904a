"""May what is downstream go on? One question for any orchestrator."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field

from observer.access import Caller
from observer.api.feed import Feed
from observer.api.roles import caller
from observer.api.unnamed import unnamed
from observer.errors import UnknownName
from observer.reads.base import GateAnswer, Reads
from orchestration.errors import PartitionError

_OPEN = frozenset({"open", "open_by_override"})
_LONGEST_S = 300.0
_EACH_S = 1.0
_AT_ONCE = 8
"""Questions that are answered at once, by threads of their own: they wait behind nothing else that the service does."""
_ASK_AGAIN_S = 15.0
"""How long nothing may happen: an override also ends by itself."""


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
    def of(cls, answer: GateAnswer, told: Callable[[str], str]) -> GateWire:
        """The wire form of ``answer``, in words that its reader may be ``told``."""
        return cls(
            asset=answer.asset,
            partition=answer.partition,
            open=answer.outcome in _OPEN,
            outcome=answer.outcome,
            sentence=told(answer.sentence),
            reasons=list(map(told, answer.reasons)),
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


def gate_routes(reads: Reads, feed: Feed | None = None) -> APIRouter:
    """The routes below ``/api/v1/gate``; without a feed the state is asked again each second while somebody waits."""
    routes = APIRouter(prefix="/api/v1", tags=["gate"])
    at_once = CapacityLimiter(_AT_ONCE)

    @routes.get(
        "/gate/{asset}",
        summary="May what is downstream of this asset go on?",
    )
    async def gate(
        asset: Annotated[str, Path(description="the asset's key", max_length=400)],
        asking: Annotated[Caller, Depends(caller)],
        partition: Annotated[
            str | None,
            Query(description="the partition's key; none for its newest, or if it has no partitions"),
        ] = None,
        wait: Annotated[
            float,
            Query(ge=0, le=_LONGEST_S, description="so many seconds, at most, until it is open", allow_inf_nan=False),
        ] = 0.0,
    ) -> GateWire:
        now = asyncio.get_running_loop().time
        until = now() + wait
        cursor = await feed.end() if wait and feed is not None else 0
        while True:
            answer = await to_thread.run_sync(reads.gate, asset, partition or None, limiter=at_once)
            if answer is None:
                raise await to_thread.run_sync(_unknown, reads, asset, partition)
            if answer.outcome in _OPEN or now() >= until or (feed is not None and feed.is_closed):
                names = () if asking.assets is None else await to_thread.run_sync(reads.keys)
                return GateWire.of(answer, unnamed(asking, names))
            if feed is None:
                await asyncio.sleep(min(_EACH_S, until - now()))
            else:
                cursor = await _happened(feed, cursor, asset, min(until, now() + _ASK_AGAIN_S))

    return routes


async def _happened(feed: Feed, cursor: int, asset: str, until: float) -> int:
    """Wait until something has happened to an asset, or the feed ends; returns up to where the log was followed."""
    feed.listeners += 1
    try:
        while (left := until - asyncio.get_running_loop().time()) > 0 and not feed.is_closed:
            found = await feed.after(cursor, left)
            cursor = found[-1].id if found else cursor
            if any(one.asset == asset for one in found):
                break
    finally:
        feed.listeners -= 1
    return cursor


def _unknown(reads: Reads, asset: str, partition: str | None) -> UnknownName | PartitionError:
    known = list(reads.keys())
    if asset in known:
        return PartitionError(f"asset {asset!r} has no partition {partition!r}; the gate says nothing of it")
    return UnknownName("asset", asset, known)
