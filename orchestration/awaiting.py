"""Async functions, called by what is not async: a coroutine to its end, an async generator item by item."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from types import AsyncGeneratorType
from typing import Any

_END = object()


def awaited(value: Any) -> Any:
    """What a call gave, once it is there: a coroutine's result, an async generator as a plain one, the rest as it is.

    Each call has an event loop of its own. Where one runs in this thread already, as in a notebook, it is left alone
    and the work is done in another thread.
    """
    if inspect.isasyncgen(value):
        return _items(value)
    if inspect.iscoroutine(value):
        with _Loop() as run:
            return run(value)
    return value


def _items(source: AsyncGeneratorType[Any, Any]) -> Generator[Any, None, None]:
    async def following() -> Any:
        return await anext(source, _END)

    with _Loop() as run:
        try:
            while (item := run(following())) is not _END:
                yield item
        finally:
            run(source.aclose())


class _Loop:
    """An event loop; entering it gives the function that runs a coroutine to its end."""

    def __enter__(self) -> Callable[[Any], Any]:
        self._runner = asyncio.Runner()
        self._thread = ThreadPoolExecutor(1, "tidegate-async") if _is_taken() else None
        return self._run

    def __exit__(self, *_: object) -> None:
        if self._thread is None:
            self._runner.close()
            return
        self._thread.submit(self._runner.close).result()
        self._thread.shutdown()

    def _run(self, work: Any) -> Any:
        if self._thread is None:
            return self._runner.run(work)
        return self._thread.submit(contextvars.copy_context().run, self._runner.run, work).result()


def _is_taken() -> bool:
    """Whether an event loop runs in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
