"""What repeats where seconds don't: calls, statements, commits; both sides keep their log in SQLite."""

from __future__ import annotations

import sqlite3
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Count in every thread: ``calls`` (of built-in functions too), ``statements`` (without BEGIN), ``commits``.

    A statement is a call of the driver's, for however many rows, whether SQLAlchemy made it or not.
    """
    found: Counter[str] = Counter()
    calls = statements = 0

    def seen(frame: Any, kind: str, argument: Any) -> None:
        nonlocal calls, statements
        if kind in ("call", "c_call"):
            calls += 1
        if kind == "c_call" and argument.__name__ in ("execute", "executemany"):
            statements += isinstance(argument.__self__, sqlite3.Cursor | sqlite3.Connection)

    def began(connection: Any) -> None:
        found["statements"] -= 1  # the BEGIN that it sends

    def committed(connection: Any) -> None:
        found["commits"] += 1

    event.listen(Engine, "begin", began)
    event.listen(Engine, "commit", committed)
    threading.setprofile(seen)
    sys.setprofile(seen)
    try:
        yield found
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
        event.remove(Engine, "begin", began)
        event.remove(Engine, "commit", committed)
        found["calls"] = calls
        found["statements"] += statements
