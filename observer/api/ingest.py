"""What others say of assets that they make, in batches: each version once, by the id that they give it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from observer.access import Caller, Role
from observer.api.report_wire import Batch, TakenIn, reports_of, taken_in
from observer.api.roles import OWN_ASSETS, allowed, require
from observer.reported import Reception

if TYPE_CHECKING:
    from observer.project import Project

PATH = "/api/v1/ingest"
MOST_BYTES = 16 * 1024 * 1024
_AT_ONCE = 4
_WAITING = 64


class Taken(BaseModel):
    """What became of a batch."""

    taken: list[TakenIn]


class Busy:
    """So many batches are judged at once, and so many may wait; whoever comes then is told to come again."""

    def __init__(self, at_once: int = _AT_ONCE, waiting: int = _WAITING) -> None:
        self.limiter = CapacityLimiter(at_once)
        self._waiting = waiting

    def check(self) -> None:
        """Raises HTTPException 503 where too many wait."""
        if self.limiter.statistics().tasks_waiting >= self._waiting:
            raise HTTPException(
                503, "too much is being taken in; nothing was changed; send it again", {"retry-after": "1"}
            )


def ingest_routes(work: Project, reception: Reception) -> APIRouter:
    """``POST /api/v1/ingest``."""
    routes = APIRouter(prefix="/api/v1", tags=["ingest"])
    busy = Busy()
    body = {"requestBody": {"required": True, "content": {"application/json": {"schema": Batch.model_json_schema()}}}}

    @routes.post(
        "/ingest",
        summary="Take in materializations that others have made, with what was measured and checked of them",
        openapi_extra={**OWN_ASSETS, **body},
    )
    async def ingest(request: Request, caller: Annotated[Caller, Depends(allowed(Role.OPERATOR))]) -> Taken:
        require_json(request)
        busy.check()
        raw = await request.body()
        return await to_thread.run_sync(_take, work, reception, caller, raw, limiter=busy.limiter)

    return routes


def _take(work: Project, reception: Reception, caller: Caller, raw: bytes) -> Taken:
    try:
        batch = Batch.model_validate_json(raw)
    except ValidationError as error:
        raise RequestValidationError(body_errors(error)) from None
    for asset in {one.asset for one in batch.materializations}:
        require(caller, asset)
    found = reception.take(reports_of(batch, work.clock.now()))
    return Taken(taken=[taken_in(one) for one in found])


def body_errors(error: ValidationError) -> list[dict[str, Any]]:
    """What of a body can't be used, and why; never the input."""
    return [
        {"loc": ("body", *each["loc"]), "msg": each["msg"], "type": each["type"]}
        for each in error.errors(include_url=False, include_context=False, include_input=False)[:20]
    ]


def require_json(request: Request) -> None:
    """Raises HTTPException 415 for any other content."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415, "send `Content-Type: application/json`; nothing was changed")
