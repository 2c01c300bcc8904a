"""A local server that answers Snowflake's real connector; run by the interpreter of an environment of its own.

fakesnow's answer to a login lacks what the connector of today expects of it; `Completed` adds that and nothing else.
"""

import json
import sys
from typing import Any

import fakesnow.server
import uvicorn

_EXPECTED = {"sessionId": 1, "validityInSeconds": 3600, "masterValidityInSeconds": 14400}


class Completed:
    """The application with complete answers to logins."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or "login-request" not in scope["path"]:
            await self._app(scope, receive, send)
            return
        parts: list[bytes] = []
        start: dict[str, Any] = {}

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

        await self._app(scope, receive, completed)


if __name__ == "__main__":
    uvicorn.run(Completed(fakesnow.server.app), host="127.0.0.1", port=int(sys.argv[1]), log_level="critical")
