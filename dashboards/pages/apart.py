"""Threads of their own for answers that compute for seconds: however many are asked for, other pages have theirs."""

from __future__ import annotations

from collections.abc import Callable

from anyio import CapacityLimiter, to_thread
from fastapi import Response


class Apart:
    """A few threads, and a line of so many before them that nobody waits for what nobody looks at any more.

    Parameters
    ----------
    threads: answers that are made at the same time.
    waiting: requests that wait for their turn; they take no thread.
    """

    def __init__(self, threads: int, waiting: int) -> None:
        self._threads, self._most, self._asked = CapacityLimiter(threads), threads + waiting, 0

    async def answer(self, make: Callable[[], Response]) -> Response | None:
        """What ``make`` returns when its turn has come; None, at once, where too many wait already."""
        if self._asked >= self._most:
            return None
        self._asked += 1
        try:
            return await to_thread.run_sync(make, limiter=self._threads)
        finally:
            self._asked -= 1
