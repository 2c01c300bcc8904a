"""Data that comes in chunks, so that what doesn't fit in memory can be written."""

from __future__ import annotations

from collections.abc import Iterator


class Chunks(Iterator[object]):
    """What a generator function yields: frames or tables of one schema, handed on one at a time, once.

    An IO manager writes each chunk before it asks for the next. An exception that the function raises between two of
    them comes out of ``next``; what was staged until then is no version and is swept.
    """

    def __init__(self, chunks: Iterator[object]) -> None:
        self._chunks = chunks

    def __next__(self) -> object:
        return next(self._chunks)
