"""A local server that answers Snowflake's real connector; run by the interpreter of an environment of its own.

fakesnow's answer to a login lacks what the connector of today expects of it, and it takes any password; `Completed`
adds the one, and refuses as Snowflake does another than its own. Snowflake aborts a transaction whose client is gone
and that is in somebody's way for five minutes; `Abandoned` does so at once. They do nothing else.
"""

import asyncio
import gzip
import json
import sys
from typing import Any

import fakesnow.server
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

_EXPECTED = {"sessionId": 1, "validityInSeconds": 3600, "masterValidityInSeconds": 14400}


_REFUSAL = {
    "data": {"nextAction": "RETRY_LOGIN", "inFlightCtx": None}, "code": "390100", "headers": None, "success": False,
    "message": "Incorrect username or password was specified.",
}  # fmt: skip


class Completed:
    """The application with complete answers to logins."""

    def __init__(self, app: Any, password: str) -> None:
        self._app = app
        self._password = password

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or "login-request" not in scope["path"]:
            await self._app(scope, receive, send)
            return
        asked = await _body(receive)
        said = gzip.decompress(asked) if asked.startswith(b"\x1f\x8b") else asked
        if json.loads(said)["data"].get("PASSWORD") != self._password:
            headers = [(b"content-type", b"application/json")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": json.dumps(_REFUSAL).encode()})
            return
        parts: list[bytes] = []
        start: dict[str, Any] = {}

        async def again() -> dict[str, Any]:
            return {"type": "http.request", "body": asked, "more_body": False}

        async def completed(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            parts.append(message.get("body", b""))
            if message.get("more_body"):
                return
            answer = json.loads(b"".join(parts))
            if answer.get("data"):
                answer["data"] = {"masterToken": answer["data"].get("token"), **_EXPECTED, **answer["data"]}
            body = json.dumps(answer).encode()
            others = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
            await send({**start, "headers": [*others, (b"content-length", str(len(body)).encode())]})
            await send({"type": "http.response.body", "body": body})

        await self._app(scope, again, completed)


class Abandoned:
    """The application whose open transactions end when the last connection of their session is lost."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._places: dict[str, set[tuple[str, int]]] = {}  # the connections of each session, by its token
        self._turns: dict[str, asyncio.Lock] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        said = dict(scope.get("headers", ())).get(b"authorization", b"").decode()
        if scope["type"] != "http" or '"' not in said:
            await self._app(scope, receive, send)
            return
        token = said.split('"')[1]
        self._places.setdefault(token, set()).add(tuple(scope["client"]))
        async with self._turns.setdefault(token, asyncio.Lock()):
            await self._app(scope, receive, send)

    def lost(self, place: tuple[str, int]) -> None:
        """Hear that a connection is closed."""
        for token, places in self._places.items():
            if place in places:
                places.discard(place)
                if not places:
                    asyncio.get_running_loop().create_task(self._end(token))

    async def _end(self, token: str) -> None:
        async with self._turns[token]:  # what was asked before is done first
            session = fakesnow.server.sessions.get(token)
            if session is not None and not self._places[token]:
                await asyncio.get_running_loop().run_in_executor(None, session.rollback)


def watched(app: Abandoned) -> type[H11Protocol]:
    """The protocol of a server that tells the application of lost connections."""

    class Watched(H11Protocol):
        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            if self.client is not None:
                app.lost(self.client)

    return Watched


async def _body(receive: Any) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


if __name__ == "__main__":
    app = Abandoned(Completed(fakesnow.server.app, sys.argv[2]))
    uvicorn.run(
        app, host="127.0.0.1", port=int(sys.argv[1]), http=watched(app), timeout_keep_alive=3600, log_level="critical"
    )
