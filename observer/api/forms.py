"""Plain forms of our own pages: no files, so nothing but the standard library is needed to read one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import parse_qs

from fastapi import HTTPException, Request
from starlette.types import Message, Receive

_MOST = 64 * 1024
_PATIENCE_S = 10.0
FORM = "application/x-www-form-urlencoded"


async def form_field(receive: Receive, name: str) -> tuple[str, Receive]:
    """The value of a field of a form ("" where there is none), and what reads the body again."""
    body, more = bytearray(), True
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE_S):
            while more and len(body) <= _MOST:
                message = await receive()
                if message["type"] != "http.request":
                    break
                body += message.get("body", b"")
                more = message.get("more_body", False)
    read: Message = {"type": "http.request", "body": bytes(body), "more_body": more}
    handed = False

    async def again() -> Message:
        nonlocal handed
        if handed:
            return await receive()
        handed = True
        return read

    return ("" if more else _fields(bytes(body)).get(name, "")), again


async def form(request: Request) -> Mapping[str, str]:
    """The dependency of a route that a form is sent to: its fields, the first of each name."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        raise HTTPException(415, f"send a form, `Content-Type: {FORM}`; nothing was changed")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST:
            raise HTTPException(413, f"a form has at most {_MOST} bytes; nothing was changed")
    return _fields(bytes(body))


def _fields(body: bytes) -> Mapping[str, str]:
    try:
        return {name: values[0] for name, values in parse_qs(body.decode("ascii"), max_num_fields=100).items()}
    except ValueError:
        return {}


def form_body(**fields: str) -> dict[str, object]:
    """``openapi_extra`` of such a route: its fields, each with what it means."""
    shown = {name: {"type": "string", "description": meaning} for name, meaning in fields.items()}
    return {"requestBody": {"content": {FORM: {"schema": {"type": "object", "properties": shown}}}}}
