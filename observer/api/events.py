"""Server-sent events: what happened, as ids, from wherever a listener has stopped listening."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Depends, Header, HTTPException, Query
from fastapi.responses import StreamingResponse

from observer.access import Caller, Role
from observer.api.feed import Feed
from observer.api.roles import OWN_ASSETS, allowed
from orchestration.cursor import Notice

_MOST_LISTENERS = 2000
_PING_S = 15.0
_LONGEST_S = 3600.0
"""Then it ends, and the listener comes again: with a token that may have been revoked meanwhile."""


def event_routes(feed: Feed) -> APIRouter:
    """``GET /api/v1/events``."""
    routes = APIRouter(prefix="/api/v1", tags=["events"])

    @routes.get(
        "/events",
        summary="What happens, as it happens",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {}}}},
        openapi_extra=OWN_ASSETS,
    )
    async def events(
        caller: Annotated[Caller, Depends(allowed(Role.VIEWER))],
        last_event_id: Annotated[
            int | None, Header(ge=0, le=2**62, description="go on after this one; a browser sends it by itself")
        ] = None,
        after: Annotated[int | None, Query(ge=0, le=2**62, description="the same, for who can't send a header")] = None,
        named: Annotated[
            bool, Query(description="false: without `event:`, so that one listener of a browser hears of all kinds")
        ] = True,
    ) -> StreamingResponse:
        if feed.listeners >= _MOST_LISTENERS:
            raise HTTPException(503, "too many are listening; come again later", {"retry-after": "30"})
        cursor = last_event_id if last_event_id is not None else after
        if cursor is None:
            cursor = await feed.end()
        stream = _stream(feed, cursor, caller, named=named)
        return StreamingResponse(stream, media_type="text/event-stream", headers={"cache-control": "no-store"})

    return routes


async def _stream(feed: Feed, cursor: int, caller: Caller, *, named: bool) -> AsyncIterator[str]:
    feed.listeners += 1
    until = asyncio.get_running_loop().time() + _LONGEST_S
    try:
        yield f"retry: 2000\nid: {cursor}\n\n"
        while asyncio.get_running_loop().time() < until and not feed.is_closed:
            await asyncio.sleep(0)  # what is at hand makes nobody wait, nor does sending to who has gone
            found = await feed.after(cursor, _PING_S)
            if found:
                cursor = found[-1].id
                seen = (one for one in found if caller.assets is None or caller.sees(one.asset or ""))
                mine = "".join(_said(one, named=named) for one in seen)
                yield mine or f"id: {cursor}\n\n"
            else:
                yield ": nothing new\n\n"
    finally:
        feed.listeners -= 1


@lru_cache(maxsize=4096)  # each listener is told the same
def _said(one: Notice, *, named: bool) -> str:
    data = {
        "id": one.id,
        "kind": one.kind,
        "run_id": one.run_id,
        "asset": one.asset,
        "partition": one.partition or None,
        "incident": one.incident,
    }
    event = f"event: {one.kind}\n" if named else ""
    return f"id: {one.id}\n{event}data: {json.dumps(data, ensure_ascii=False)}\n\n"
