"""A local server that answers Snowflake's real connector; run by the interpreter of an environment of its own.

fakesnow's answer to a login lacks what the connector of today expects of it, and it takes any password; `Completed`
adds the one, and refuses as Snowflake does another than its own. Snowflake aborts a transaction whose client is gone
and that is in somebody's way for five minutes; `Abandoned` does so when it is told. fakesnow looks for `$variables` in
quoted names and texts too, where Snowflake leaves them alone; as nobody sets any here, none are looked for. It has no
sessions to alter: how long a statement may take is taken and not kept to.
"""

import asyncio
import gzip
import json
import sys
from typing import Any

import fakesnow.server
import fakesnow.variables
import uvicorn

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
    """The application, which at `/abandoned` rolls back every transaction that is open while nobody asks anything."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._turns: dict[str, asyncio.Lock] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == "/abandoned":
            for token in list(self._turns):
                await self._end(token)
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        said = dict(scope.get("headers", ())).get(b"authorization", b"").decode()
        if '"' not in said:
            await self._app(scope, receive, send)
            return
        async with self._turns.setdefault(said.split('"')[1], asyncio.Lock()):
            await self._app(scope, receive, send)

    async def _end(self, token: str) -> None:
        async with self._turns[token]:  # what was asked before is done first
            session = fakesnow.server.sessions.get(token)
            if session is not None:
                await asyncio.get_running_loop().run_in_executor(None, session.rollback)


async def _body(receive: Any) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


fakesnow.variables.Variables.inline_variables = lambda self, sql: sql
fakesnow.server.shared_fs.nop_regexes = ["alter session (un)?set statement_timeout_in_seconds"]

if __name__ == "__main__":
    app = Abandoned(Completed(fakesnow.server.app, sys.argv[2]))
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="critical")
