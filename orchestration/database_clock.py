"""The one clock that all processes on a database share: the database's own.

Hosts' clocks disagree, by minutes where nobody sets them. What one process writes and another compares with its own
time, such as how long a lease lasts, is therefore in the database's time. A SQLite file has one machine, and its clock.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, text

from orchestration.clock import system_now
from orchestration.database import reading

_ASK = text("SELECT clock_timestamp()")


def database_now(connection: Connection) -> datetime:
    """The database's instant, aware UTC."""
    if connection.dialect.name != "postgresql":
        return system_now()
    asked: datetime = connection.execute(_ASK).scalar_one()
    return asked.astimezone(UTC)


class DatabaseWall:
    """A clock's ``wall`` that follows the database: asked once, then counted on by this process's monotonic clock.

    ``ask`` sets it again: a service does so now and then, because two clocks drift by seconds in a day.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine, self._lock = engine, threading.Lock()
        self._at, self._counted = system_now(), time.monotonic()
        self.ask()

    def ask(self) -> None:
        """Set it by the database; raises StateError."""
        with reading(self._engine) as connection:
            before = time.monotonic()
            at = database_now(connection)
            with self._lock:
                self._at, self._counted = at, (before + time.monotonic()) / 2

    def __call__(self) -> datetime:
        with self._lock:
            return self._at + timedelta(seconds=time.monotonic() - self._counted)
