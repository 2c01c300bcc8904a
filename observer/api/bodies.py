"""Bodies of requests: none is read further than its route's limit, and none for longer than a client may take."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from observer.api.problems import problem

MOST = 256 * 1024
"""Bytes of a body, where a path has no limit of its own."""
SLOWEST_S = 30.0
"""How long a client may take to send its body, whatever its size."""


class Bodies:
    """Refuses a body that is too large by its header, or as soon as it has become so, or that comes too slowly.

    Parameters
    ----------
    app: what reads the bodies.
    limits: bytes, by path; ``MOST`` for all others.
    """

    def __init__(self, app: ASGIApp, limits: Mapping[str, int]) -> None:
        self._app, self._limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD", "OPTIONS"}:
            await self._app(scope, receive, send)
            return
        most = self._limits.get(scope["path"], MOST)
        said = Headers(scope=scope).get("content-length", "0")
        if not (said.isascii() and said.isdigit()) or len(said) > 18 or int(said) > most:
            # The connection ends with it: what is still to come of the body is not read.
            refusal = problem(
                413, "content-too-large", "Content Too Large", _too_large(most), headers={"connection": "close"}
            )
            await refusal(scope, receive, send)
            return
        await self._app(scope, _limited(receive, most, SLOWEST_S), send)


def _limited(receive: Receive, most: int, slowest_s: float) -> Receive:
    read, whole, until = 0, False, asyncio.get_running_loop().time() + slowest_s

    async def limited() -> Message:
        nonlocal read, whole
        if whole:  # waits for the client to go away
            return await receive()
        try:
            async with asyncio.timeout_at(until):
                message = await receive()
        except TimeoutError:
            why = f"a body has {slowest_s:g} s to come; nothing was changed"
            raise HTTPException(408, why, {"connection": "close"}) from None
        read += len(message.get("body", b""))
        whole = not message.get("more_body", False)
        if read > most:
            raise HTTPException(413, _too_large(most), {"connection": "close"})
        return message

    return limited


def _too_large(most: int) -> str:
    return f"a body has at most {most} bytes here; nothing was changed"
