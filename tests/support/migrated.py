"""The state's tables as the migrations make them, without running these again for every test that opens a state."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, event

from observer.store import schema

migrate: Callable[..., None] = schema.upgrade
"""The migrations themselves, each time."""

_READS = ("SELECT", "PRAGMA", "SHOW")
_said: dict[str, list[tuple[str, Any]]] = {}


@contextmanager
def migrated_once() -> Iterator[None]:
    """Migrate the first empty database of each engine; to every other one say what the migrations said to that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "upgrade", upgrade)
        yield


def upgrade(connection: Connection, found: str | None, to: str = schema.HEAD) -> None:
    """As ``observer.store.schema.upgrade``."""
    engine = connection.dialect.name
    if found is not None or to != schema.HEAD:
        migrate(connection, found, to)
    elif engine not in _said:
        with _listening(connection) as heard:
            migrate(connection, found, to)
        _said[engine] = heard
    else:
        for statement, parameters in _said[engine]:
            connection.exec_driver_sql(statement, parameters or None)


@contextmanager
def _listening(connection: Connection) -> Iterator[list[tuple[str, Any]]]:
    """What is said on a connection, without what only reads."""
    heard: list[tuple[str, Any]] = []

    def hear(said_on: Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if not statement.lstrip().upper().startswith(_READS):
            heard.append((statement, list(parameters) if many else parameters))

    event.listen(connection, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(connection, "before_cursor_execute", hear)
