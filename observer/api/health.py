"""Is it alive, and can it answer? For whatever watches the process."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from observer.reads.base import Reads


class Health(BaseModel):
    """One word."""

    status: str


def health_routes(reads: Reads) -> APIRouter:
    """``/healthz``, which asks nothing and needs no token, and ``/readyz``, which asks the store."""
    routes = APIRouter(tags=["health"])

    @routes.get("/healthz", summary="The process is alive")
    async def alive() -> Health:
        return Health(status="alive")

    @routes.get("/readyz", summary="The state store answers")
    def ready() -> Health:
        reads.incident(0)  # no such incident: one look at one key; raises StateError if nobody answers
        return Health(status="ready")

    return routes
