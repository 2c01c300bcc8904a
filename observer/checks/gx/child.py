"""What the process that has Great Expectations does: hold data and validate expectations, until nobody asks any more.

Started by ``observer.checks.gx.worker`` as ``python -m observer.checks.gx.child``; the number of a socket is its
argument, and the process that started it is who it lives for.
"""

from __future__ import annotations

import importlib
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from observer.checks.gx.channel import packed, receive, send
from observer.checks.gx.request import Answer, Ask, Drop, Found, Hold, InMemory, Refused, Source, Table
from observer.collectors.tabular import described, is_frame
from observer.errors import UnknownName

IDLE_S = 900.0
_CUT = "…"
_EXAMPLES = "partial_unexpected_list"


def main() -> None:
    """Serve the socket that the command line names."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever started it
    logging.disable()  # what is wrong is in the answers
    parent = int(sys.argv[2])
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    channel = socket.socket(fileno=int(sys.argv[1]))
    channel.settimeout(IDLE_S)  # whoever wants more of it starts another
    library = _Library()
    while True:
        try:
            message = receive(channel)
        except (EOFError, TimeoutError, ConnectionError):
            os._exit(0)  # at once: there is nothing to put away
        except Exception as error:  # an object whose class can't be imported here
            send(channel, packed(Refused(f"the data can't be handed to Great Expectations: {described(error)}")))
            continue
        answer = library.answer(message)
        if answer is not None:
            send(channel, packed(answer))


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(0)


class _Library:
    """Great Expectations with the data that it was given; imported when it is first asked for something."""

    def __init__(self) -> None:
        self._context: Any = None
        self._batches: dict[int, tuple[Any, Callable[[], None]]] = {}
        self._secrets: set[str] = set()

    def answer(self, message: object) -> Answer | None:
        """The answer to a message; None where none is waited for."""
        try:
            match message:
                case Hold():
                    sys.path[:] = [*message.path, *(one for one in sys.path if one not in message.path)]
                    self._batches[message.data] = self._batch(f"data {message.data}", message.source)
                    return Found({})
                case Ask():
                    return Found(self._validated(message))
                case Drop():
                    self._drop(message.data)
                    return None
                case _:
                    return Refused(f"a {type(message).__name__} is nothing that can be answered")
        except Exception as error:
            return Refused(self._without_secrets(_said(error)))

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def _batch(self, name: str, source: Source) -> tuple[Any, Callable[[], None]]:
        if self._context is None:
            self._context = _ephemeral_context()
        sources = self._context.data_sources
        if isinstance(source, Table):
            self._secrets |= _passwords(source.url)
            # By the class for any database: PostgreSQL's own refuses a socket's address.
            made = sources.add_or_update_sql(
                name, connection_string=_escaped(source.url), kwargs=_options(source.url)
            )  # fmt: skip
            asset = made.add_table_asset(name, table_name=source.name, schema_name=source.schema)
            batch = asset.add_batch_definition_whole_table("whole").get_batch()
            return batch, lambda: made.get_execution_engine().engine.dispose()
        frame = _frame(source)
        asset = sources.add_or_update_pandas(name).add_dataframe_asset(name)
        return asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": frame}), lambda: None

    def _drop(self, data: int) -> None:
        if data in self._batches:
            _, close = self._batches.pop(data)
            close()
            self._context.data_sources.delete(f"data {data}")

    def _validated(self, ask: Ask) -> dict[str, Any]:
        batch, _ = self._batches[ask.data]
        made = _made(ask)
        wanted: dict[str, object] = {"result_format": "SUMMARY", "partial_unexpected_count": ask.examples}
        if ask.keys:
            wanted["unexpected_index_column_names"] = list(ask.keys)
        found: Any = batch.validate(made, result_format=wanted)
        result: dict[str, Any] = found.to_json_dict()
        raised = _raised(result.get("exception_info") or {})
        if raised is not None:
            raise RuntimeError(raised)
        told: dict[str, Any] = result.get("result") or {}
        if _EXAMPLES in told:
            told[_EXAMPLES] = _without_nat(told[_EXAMPLES], found.result[_EXAMPLES])
        return {"success": result.get("success"), "result": told}


def _without_nat(told: list[Any], values: list[Any]) -> list[Any]:
    """Examples with null for an instant's null, of which the library's JSON makes the text 'NaT'."""
    import pandas as pd

    return [None if value is pd.NaT else one for one, value in zip(told, values, strict=True)]


def _ephemeral_context() -> Any:
    """A context that keeps nothing on disk."""
    import great_expectations

    context: Any = great_expectations.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    return context


def _frame(source: Source) -> Any:
    if isinstance(source, InMemory):
        value: Any = source.value
        return value if is_frame(value) else value.to_pandas()
    import pyarrow as pa
    import pyarrow.parquet as pq

    assert not isinstance(source, Table)
    tables = [pq.read_table(path, partitioning=None) for path in source.paths]
    return (pa.concat_tables(tables) if tables else pa.table({})).to_pandas()


def _passwords(url: str) -> set[str]:
    from sqlalchemy import make_url

    password = make_url(url).password
    return {str(password)} if password else set()


def _raised(info: Mapping[str, Any]) -> str | None:
    """The message of an exception, from either of the two shapes that the library gives."""
    for one in (info, *info.values()):
        if isinstance(one, Mapping) and one.get("raised_exception"):
            lines = str(one.get("exception_message") or "").strip().splitlines()
            return lines[0] if lines else "the library raised an exception"
    return None


def _escaped(url: str) -> str:
    return url.replace("$", r"\$")  # which the library would look up in the environment


def _options(url: str) -> dict[str, Any]:
    """No transaction stays open between two statements, and instants read as they do in the process that asks."""
    options: dict[str, Any] = {"isolation_level": "AUTOCOMMIT"}
    if url.startswith("postgresql"):
        options["connect_args"] = {"options": "-c TimeZone=UTC"}
    return options


def _made(ask: Ask) -> Any:
    """The expectation itself; raises UnknownName, and ValueError for arguments that aren't its."""
    kind = _kind(ask)
    try:
        return kind(**ask.arguments)
    except ValueError as error:  # pydantic's says one argument a pair of lines
        lines = [line.strip() for line in str(error).splitlines()[1:]]
        said = " ".join(lines[:6]) or _said(error)
        raise ValueError(f"{ask.expectation} was given wrong arguments: {said}") from error


def _kind(ask: Ask) -> Any:
    import great_expectations.expectations as library

    home = library if ask.module is None else importlib.import_module(ask.module)
    kind = getattr(home, ask.expectation, None)
    if kind is None:
        known = [name for name in dir(home) if name.startswith("Expect") and name != "Expectation"]
        raise UnknownName("expectation", ask.expectation, known)
    return kind


def _said(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{text[:400]}{_CUT if len(text) > 400 else ''}" or type(error).__name__


if __name__ == "__main__":
    main()
