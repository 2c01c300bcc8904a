"""What others say of assets that they make, in batches: each version once, by the id that they give it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError

from observer.access import Caller, Role
from observer.api.audit import ABOUT, PUT_OFF
from observer.api.report_wire import Batch, LateWire, TakenIn, late_wire, reports_of, taken_in
from observer.api.roles import OWN_ASSETS, allowed, require
from observer.measured_late import KeptLate, keep_late
from observer.quantities import count
from observer.reported import Reception

if TYPE_CHECKING:
    from observer.project import Project

PATH = "/api/v1/ingest"
MOST_BYTES = 16 * 1024 * 1024
_AT_ONCE = 4  # so that the disk confirms several together, and gate questions wait for few that compute
_WAITING = 32
_HELD_BYTES = 4 * MOST_BYTES
_NAMED = 20  # in the audit


class Taken(BaseModel):
    """What became of a batch."""

    taken: list[TakenIn]
    late: list[LateWire] = Field(default=[], description="of versions that were taken in before")


class Busy:
    """So many batches are judged at once, and so many may wait; whoever comes then is told to come again.

    What waits holds its body, so that it also counts how much that is.
    """

    def __init__(self, at_once: int = _AT_ONCE, waiting: int = _WAITING, held_bytes: int = _HELD_BYTES) -> None:
        self.limiter = CapacityLimiter(at_once)
        self._waiting, self._most_bytes, self._bytes = waiting, held_bytes, 0

    @contextmanager
    def admitted(self, request: Request) -> Iterator[None]:
        """Hold a request's body until it is answered; raises HTTPException 503 where too many wait, or too much."""
        size = int(request.headers.get("content-length", MOST_BYTES))  # whoever doesn't say it may send so much
        many = self.limiter.statistics().tasks_waiting >= self._waiting
        if many or (self._bytes and self._bytes + size > self._most_bytes):
            request.scope["state"][PUT_OFF] = True
            raise HTTPException(
                503, "too much is being taken in; nothing was changed; send it again", {"retry-after": "1"}
            )
        self._bytes += size
        try:
            yield
        finally:
            self._bytes -= size


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
        with busy.admitted(request):
            raw, said = await request.body(), request.scope["state"]
            return await to_thread.run_sync(_take, work, reception, caller, raw, said, limiter=busy.limiter)

    return routes


def _take(work: Project, reception: Reception, caller: Caller, raw: bytes, said: dict[str, Any]) -> Taken:
    try:
        batch = Batch.model_validate_json(raw)
    except ValidationError as error:
        raise RequestValidationError(body_errors(error)) from None
    assets = {one.asset for one in batch.materializations}
    said[ABOUT] = _about(batch, assets)
    for asset in assets:
        require(caller, asset)
    reports, late = reports_of(batch, work.clock.now())
    kept: tuple[KeptLate, ...] = ()

    def keep() -> None:
        nonlocal kept
        kept = keep_late(work, late, sees=caller.sees) if late else ()

    found = reception.take(reports, keep)
    return Taken(taken=[taken_in(one) for one in found], late=[late_wire(one) for one in kept])


def _about(batch: Batch, assets: Collection[str]) -> str:
    """What was sent, for the audit."""
    ids = [one.id for one in batch.materializations]
    late = {one.materialization for one in batch.observations} - set(ids)
    parts = [f"{count(len(ids), 'version')} of {some(sorted(assets))}"] if ids else []
    parts += [f"more of {some(sorted(late))}"] if late else []
    return f"{'; '.join(parts)}: {count(len(batch.observations), 'observation')}, {count(len(batch.checks), 'check')}"


def some(names: Sequence[str]) -> str:
    """The first of some names, and how many more there are."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


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
