"""A local server that answers Snowflake's real connector; run by the interpreter of an environment of its own.

fakesnow's answer to a login lacks what the connector of today expects of it, and it takes any password; `Completed`
adds the one, and refuses as Snowflake does another than its own. Snowflake aborts a transaction whose client is gone
and that is in somebody's way for five minutes; `Abandoned` does so when it is told, and drops databases, as each
makes every look into the catalogue of any other take longer. fakesnow looks for `$variables` in
quoted names and texts too, where Snowflake leaves them alone; as nobody sets any here, none are looked for. It has no
sessions to alter: how long a statement may take is taken and not kept to. It takes every value of an INSERT of many
rows through eighty passes, though none of them changes a plain one: `_parsed` gives such values to DuckDB as they are.
"""

import asyncio
import gzip
import itertools
import json
import re
import sys
from typing import Any

import fakesnow.cursor
import fakesnow.server
import fakesnow.variables
import pyarrow as pa
import uvicorn
from fakesnow.cursor import FakeSnowflakeCursor
from sqlglot import exp

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
    """The application, which at `/abandoned` rolls back every transaction that is open while nobody asks anything.

    At `/dropped?NAME` it ends the sessions with a database and drops it.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._turns: dict[str, asyncio.Lock] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == "/abandoned":
            for token in list(self._turns):
                await self._end(token)
            await _done(send)
            return
        if scope["type"] == "http" and scope["path"] == "/dropped":
            await self._drop(scope["query_string"].decode())
            await _done(send)
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

    async def _drop(self, database: str) -> None:
        for token, session in list(fakesnow.server.sessions.items()):
            if session.database == database.upper():
                if token in self._turns:
                    await self._end(token)
                fakesnow.server.sessions.pop(token, None)
        others = fakesnow.server.shared_fs.duck_conn.cursor()
        others.execute(f'DETACH DATABASE IF EXISTS "{database}"')


async def _done(send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def _body(receive: Any) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


_INSERT = re.compile(r"(INSERT INTO \S+ )VALUES \(", re.IGNORECASE)
_VALUE = re.compile(
    r"\s*(?:(NULL)|(TRUE|FALSE|-?[0-9][0-9.]*(?:e[-+]?[0-9]+)?)|'((?:[^'\\]|\\.|'')*)')\s*([,)])", re.I | re.S
)
_ESCAPES = {"\\\\": "\\", "\\'": "'", "''": "'", "\\n": "\n", "\\r": "\r"}
_ESCAPE = re.compile("|".join(map(re.escape, _ESCAPES)))
_MANY = 4_000  # characters: what is shorter goes the usual way

_parse, _execute = fakesnow.cursor.parse_one, FakeSnowflakeCursor._execute
_given: dict[str, pa.Table] = {}
_number = itertools.count()


def _parsed(sql: str) -> Any:
    """The statement; an INSERT of many plain values is one of the rows of a table that `_executed` registers."""
    insert = _INSERT.match(sql) if len(sql) > _MANY else None
    rows = _rows(sql, insert.end()) if insert is not None else None
    if insert is None or rows is None:
        return _parse(sql)
    name = f"GIVEN_ROWS_{next(_number)}"
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    _given[name] = pa.table(columns, [f"c{n}" for n in range(len(columns))])
    return _parse(f"{insert[1]}SELECT * FROM {name}")


def _rows(sql: str, at: int) -> list[list[str | None]] | None:
    """The values, from behind the first bracket on; None where one is more than a plain one."""
    rows: list[list[str | None]] = [[]]
    while found := _VALUE.match(sql, at):
        null, number, text, end = found.groups()
        rows[-1].append(None if null else number if number else _ESCAPE.sub(lambda one: _ESCAPES[one[0]], text))
        at = found.end()
        if end == ")":
            if not sql[at:].strip():
                return rows
            if sql[at : at + 2] != ",(":
                return None
            at += 2
            rows.append([])
    return None


def _executed(self: Any, statement: Any, params: Any = None) -> None:
    names = [table.name for table in statement.find_all(exp.Table) if table.name in _given]
    for name in names:
        self._duck_conn.register(name, _given.pop(name))
    _execute(self, statement, params)


def _kind(sql: str) -> Any:
    """What the server wants of it before it is executed: an INSERT, whatever it inserts."""
    insert = _INSERT.match(sql) if len(sql) > _MANY else None
    return _parse(f"{insert[1]}SELECT 1" if insert else sql)


fakesnow.cursor.parse_one, fakesnow.server.parse_one = _parsed, _kind
FakeSnowflakeCursor._execute = _executed
fakesnow.variables.Variables.inline_variables = lambda self, sql: sql
fakesnow.server.shared_fs.nop_regexes = ["alter session (un)?set statement_timeout_in_seconds"]

if __name__ == "__main__":
    app = Abandoned(Completed(fakesnow.server.app, sys.argv[2]))
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="critical")
