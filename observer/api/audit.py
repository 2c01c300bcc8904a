"""Who asked for which change, and how it was answered: written for every request that isn't a read."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from observer.access import Caller, Role
from observer.api.roles import allowed
from observer.errors import StateError
from observer.store import audit
from observer.store.audit import Asked
from orchestration.database import reading, writing

if TYPE_CHECKING:
    from observer.project import Project

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
ABOUT = "about"
"""Of a request's state: what of it goes into the audit, in words."""
PUT_OFF = "put_off"
"""Of a request's state: it was told to come again, and is written down when it does; too many to write down come."""
_log = logging.getLogger("observer.api.audit")


class Audit:
    """Writes down each answered request of a known caller that isn't a read; also those that were refused inside.

    What was put off is not among them. What a request was about is ``about`` in its state, where a route says it. What
    can't be written down goes to the log, as a warning.

    Parameters
    ----------
    app: what answers.
    work: where it is kept.
    """

    def __init__(self, app: ASGIApp, work: Project) -> None:
        self._app, self._work = app, work

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller: Caller | None = scope.get("state", {}).get("caller") if scope["type"] == "http" else None
        if caller is None or scope["method"] in _READS:
            await self._app(scope, receive, send)
            return
        status = 500

        async def noticed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noticed)
        finally:
            if not scope["state"].get(PUT_OFF):
                await self._note(scope, caller, status)

    async def _note(self, scope: Scope, caller: Caller, status: int) -> None:
        asked = Asked(
            at=self._work.clock.wall(), token_id=caller.id, name=caller.name, method=scope["method"][:16],
            path=scope["path"][:1000].replace("\0", "�"), status=status, address=(scope.get("client") or ("",))[0],
            about=scope["state"].get(ABOUT),
        )  # fmt: skip
        _log.info("%s %s by %s (%s): %s", asked.method, asked.path, asked.name, asked.token_id, asked.status)
        await to_thread.run_sync(self._write, asked)

    def _write(self, asked: Asked) -> None:
        try:
            with writing(self._work.engine) as connection:
                audit.add(connection, asked)
        except StateError as error:
            _log.warning("not in the audit: %s: %s", asked, error)


class AskedWire(BaseModel):
    """One request that would have changed something."""

    id: int
    at: datetime
    token_id: str
    name: str
    method: str
    path: str
    status: int
    address: str
    about: str | None = Field(description="what was sent, where that isn't in the path")


class AuditPage(BaseModel):
    """Some of them, newest first."""

    items: list[AskedWire]
    next: str | None


def audit_routes(work: Project) -> APIRouter:
    """``GET /api/v1/audit``."""
    routes = APIRouter(prefix="/api/v1", tags=["audit"], dependencies=[Depends(allowed(Role.ADMIN))])

    @routes.get("/audit", summary="Who asked for which change")
    def asked(
        cursor: Annotated[int | None, Query(ge=0, le=2**62, description="`next` of the page before")] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> AuditPage:
        with reading(work.engine) as connection:
            found = audit.newest(connection, before=cursor, most=limit)
        items = [
            AskedWire(
                id=one.id, at=one.at, token_id=one.token_id, name=one.name, method=one.method, path=one.path,
                status=one.status, address=one.address, about=one.about,
            )
            for one in found
        ]  # fmt: skip
        return AuditPage(items=items, next=str(found[-1].id) if len(found) == limit else None)

    return routes
