"""Is it alive, and can it answer? For whatever watches the process, which has no token."""

from __future__ import annotations

import asyncio
import time

from anyio import to_thread
from fastapi import APIRouter
from pydantic import BaseModel

from observer.errors import StateError
from observer.reads.base import Reads

_COUNTS_S = 1.0
"""How long an answer counts: anybody may ask, and the store is asked once for all of them."""


class Health(BaseModel):
    """One word."""

    status: str


def health_routes(reads: Reads) -> APIRouter:
    """``/healthz``, which asks nothing, and ``/readyz``, which asks the store; neither needs a token."""
    routes = APIRouter(tags=["health"])
    store = _Store(reads)

    @routes.get("/healthz", summary="The process is alive")
    async def alive() -> Health:
        return Health(status="alive")

    @routes.get("/readyz", summary="The state store answers")
    async def ready() -> Health:
        if not await store.answers():  # where it is, and what it said, is nobody's who shows no token
            raise StateError("the state database does not answer; nothing was changed; the service's log says why")
        return Health(status="ready")

    return routes


class _Store:
    """Whether the store answers, looked at once a second at most, however many ask."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads
        self._asking = asyncio.Lock()
        self._until = 0.0
        self._answers = False

    async def answers(self) -> bool:
        async with self._asking:
            if time.monotonic() >= self._until:
                self._answers = await to_thread.run_sync(self._look)
                self._until = time.monotonic() + _COUNTS_S
            return self._answers

    def _look(self) -> bool:
        try:
            self._reads.incident(0)  # no such incident: one look at one key
        except StateError:
            return False
        return True
