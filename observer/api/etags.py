"""ETags: what hasn't changed since it was last asked for isn't sent again (RFC 9110, 8.8.3)."""

from __future__ import annotations

import hashlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_BELOW = "/api/"


class ETags:
    """Gives each whole JSON answer to a GET below ``/api/`` the digest of its body; 304 to who has that.

    What a route has given itself, as the revision that ``If-Match`` asks for, comes before it: ``"7-3f2a..."``.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(_BELOW):
            await self._app(scope, receive, send)
            return
        known = {tag.strip().removeprefix("W/") for tag in Headers(scope=scope).get("if-none-match", "").split(",")}
        start: Message | None = None

        async def tagged(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and message["status"] == 200 and _is_json(message):
                start = message
                return
            if start is not None:
                first, start = start, None
                if not message.get("more_body", False):
                    message = _tag(first, message, known)
                await send(first)
            await send(message)

        await self._app(scope, receive, tagged)


def _is_json(start: Message) -> bool:
    return Headers(raw=start["headers"]).get("content-type", "") == "application/json"


def _tag(start: Message, body: Message, known: set[str]) -> Message:
    headers = MutableHeaders(raw=start["headers"])
    digest = hashlib.blake2b(body.get("body", b""), digest_size=12).hexdigest()
    own = headers.get("etag", "").strip('"')
    tag = f'"{own}-{digest}"' if own else f'"{digest}"'
    headers["etag"] = tag
    headers["cache-control"] = "private, no-cache"
    if tag not in known:
        return body
    start["status"] = 304
    for name in ("content-length", "content-type"):
        del headers[name]
    return {"type": "http.response.body", "body": b""}
