"""Where answers wait for the thread that drives an executor."""

from __future__ import annotations

from queue import Empty, SimpleQueue

from orchestration.executors.base import Finished


class Answers:
    """Given by any thread; owed and taken by the one that drives the executor."""

    def __init__(self) -> None:
        self._given: SimpleQueue[Finished] = SimpleQueue()
        self._owed = 0

    @property
    def owed(self) -> int:
        """How many tasks were submitted and not yet answered by ``take``."""
        return self._owed

    def owe(self) -> None:
        self._owed += 1

    def give(self, finished: Finished) -> None:
        self._given.put(finished)

    def take(self, timeout_s: float | None) -> tuple[Finished, ...]:
        """What has been given since, at least one unless the time passes or nothing is owed."""
        if not self._owed:
            return ()
        found: list[Finished] = []
        try:
            found.append(self._given.get(timeout=None if timeout_s is None else max(0.0, timeout_s)))
            while True:
                found.append(self._given.get_nowait())
        except Empty:
            self._owed -= len(found)
            return tuple(found)
