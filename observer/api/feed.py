"""The log as it goes on, read once a second for everybody who listens."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from anyio import to_thread

from observer.errors import StateError
from orchestration.cursor import Cursor, Notice, after
from orchestration.database import reading

if TYPE_CHECKING:
    from sqlalchemy import Engine

_EACH_S = 1.0
_KEPT = 10_000
_PAGE = 500
_log = logging.getLogger("observer.api")


class Feed:
    """Keeps the newest events, and wakes whoever waits for more. A listener is a number: it costs no memory of its own.

    Used from one event loop; it reads while somebody listens.

    Parameters
    ----------
    engine: of the state database.
    each_s: how often it is read.
    """

    def __init__(self, engine: Engine, *, each_s: float = _EACH_S) -> None:
        self._engine, self._each_s = engine, each_s
        self._cursor = Cursor()
        self._kept: deque[Notice] = deque(maxlen=_KEPT)
        self._from = 0  # everything after this id, up to ``_end``, is in ``_kept``
        self._end: int | None = None  # the reader's own cursor is moved by another thread, before what it found is kept
        self._trouble: StateError | None = None  # why the log can't be read just now
        self._more = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.listeners = 0
        self.is_closed = False

    def close(self) -> None:
        """Let whoever listens or waits go, so that the server can end; called from any thread, or a signal handler."""
        self.is_closed = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake)

    async def end(self) -> int:
        """The id of the newest event, from which on everything will be given.

        Raises
        ------
        StateError
            The log was never read yet, and can't be read just now.
        """
        self._read_on()
        while self._end is None and not self.is_closed:
            if self._trouble is not None:
                raise self._trouble
            await self._changed(self._each_s)
        return self._end or 0

    async def after(self, cursor: int, patience_s: float) -> Sequence[Notice]:
        """What came after ``cursor``, oldest first, at most 500; nothing, where nothing comes in time."""
        until = asyncio.get_running_loop().time() + patience_s
        self._read_on()
        while True:
            if self._end is not None and cursor < self._end:
                return await self._page(cursor, self._end)
            left = until - asyncio.get_running_loop().time()
            if left <= 0 or self.is_closed:
                return ()
            await self._changed(left)

    async def _page(self, cursor: int, end: int) -> Sequence[Notice]:
        if cursor < self._from:  # longer ago than is kept
            return await to_thread.run_sync(self._stored, cursor, end)
        found: list[Notice] = []
        for notice in reversed(self._kept):
            if notice.id <= cursor:
                break
            found.append(notice)
        return found[: -_PAGE - 1 : -1]

    def _stored(self, cursor: int, end: int) -> Sequence[Notice]:
        with reading(self._engine) as connection:
            return after(connection, cursor, _PAGE, until=end)

    async def _changed(self, patience_s: float) -> None:
        self._read_on()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await self._more.wait()

    def _read_on(self) -> None:
        self._loop = asyncio.get_running_loop()
        if self._reader is None or self._reader.done():
            self._trouble = None
            self._reader = asyncio.get_running_loop().create_task(self._read())

    async def _read(self) -> None:
        """Ends where nobody listens, and begins again where it has ended."""
        idle = 0
        while idle < 60:
            before = self._cursor.at
            try:
                found = await to_thread.run_sync(self._advance)
                self._trouble = None
            except StateError as error:
                _log.warning("the log can't be followed just now: %s", error)
                found, self._trouble = (), error
                self._wake()
            if found or self._cursor.at != before:
                self._keep(before, found)
            idle = 0 if self.listeners else idle + 1
            if len(found) < 1000:
                await asyncio.sleep(self._each_s if self._cursor.at is not None else self._each_s / 20)

    def _keep(self, before: int | None, found: Sequence[Notice]) -> None:
        if before is None:
            self._from = self._cursor.at or 0
        overflow = len(self._kept) + len(found) - _KEPT
        if overflow > 0:
            self._from = self._kept[overflow - 1].id if overflow <= len(self._kept) else found[-_KEPT - 1].id
        self._kept.extend(found)
        self._end = self._cursor.at
        self._wake()

    def _wake(self) -> None:
        waiting, self._more = self._more, asyncio.Event()
        waiting.set()

    def _advance(self) -> Sequence[Notice]:
        with reading(self._engine) as connection:
            return self._cursor.advance(connection)
