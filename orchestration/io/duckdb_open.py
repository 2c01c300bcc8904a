"""A DuckDB file as this process has it open.

DuckDB opens a file once a process, either to read or to write, and to open and close it costs more than most
transactions. Where several come one after the other it is left open for a moment between them.
"""

from __future__ import annotations

import contextlib
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_FILES: dict[Path, OpenFile] = {}
_NEW = threading.Lock()


@dataclass(frozen=True, slots=True)
class Left:
    """A connection that was left open; one that only reads is closed where somebody wants to write."""

    connection: DuckDBPyConnection
    read_only: bool


class OpenFile:
    """One file. ``lock`` is held by whoever uses it; what is left open is for whoever comes next."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._left: Left | None = None
        self._closing: threading.Timer | None = None

    def take(self, *, read_only: bool) -> Left | None:
        """What was left open, if it is good for that; under the lock."""
        if self._left is not None and self._left.read_only > read_only:
            self.close()
        if self._closing is not None:
            self._closing.cancel()
        found, self._left, self._closing = self._left, None, None
        return found

    def leave(self, left: Left, seconds: float) -> None:
        """Leave it open for so long, unless somebody takes it; under the lock."""
        self.close()
        self._left = left
        self._closing = threading.Timer(seconds, self._expire, [left])
        self._closing.daemon = True
        self._closing.start()

    def close(self) -> None:
        """Close what was left open."""
        with self.lock:
            if (found := self.take(read_only=True)) is not None:
                found.connection.close()

    def _expire(self, left: Left) -> None:
        with self.lock, contextlib.suppress(Exception):  # what was committed is in the log of the file
            if self._left is left:
                self.close()


def open_file(file: Path) -> OpenFile:
    """The one of a file: two ways to it are one file."""
    with _NEW:
        return _FILES.setdefault(file.resolve(), OpenFile())


def let_go() -> None:
    """Close what was left open and nobody uses.

    For what may open a file by itself: a function of the user's, a process that is forked away, whatever comes after a
    version was settled. DuckDB refuses to open a file another way than the process has it open already.
    """
    for one in list(_FILES.values()):
        if one.lock.acquire(blocking=False):
            try:
                one.close()
            finally:
                one.lock.release()


os.register_at_fork(before=let_go)
