"""Steps that have failed and are tried again."""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from orchestration.model import StepRecord


@dataclass(slots=True)
class Retries:
    """How often each step of a run was begun, how its last try had failed, and when it is tried again."""

    _begun: dict[int, int] = field(default_factory=dict)
    _failed: dict[int, StepRecord] = field(default_factory=dict)
    _waiting: list[tuple[float, int]] = field(default_factory=list)

    def begin(self, step: StepRecord) -> int:
        """Count a try, from 1, and return which it is."""
        self._begun[step.position] = self._begun.get(step.position, 0) + 1
        return self._begun[step.position]

    def tries(self, position: int) -> int:
        """How often a step was begun."""
        return self._begun.get(position, 0)

    def wait(self, failed: StepRecord, wait_s: float) -> None:
        """Try a step again in so many seconds."""
        self._failed[failed.position] = failed
        heapq.heappush(self._waiting, (time.monotonic() + wait_s, failed.position))

    def put_off(self, step: StepRecord, wait_s: float) -> None:
        """Begin a step in so many seconds that could not begin now, which was no try of it."""
        self._begun[step.position] -= 1
        heapq.heappush(self._waiting, (time.monotonic() + wait_s, step.position))

    def due(self, *, at_once: bool) -> Iterator[int]:
        """Positions of the steps whose wait is over, each once; ``at_once``: nobody waits any longer."""
        now = math.inf if at_once else time.monotonic()
        while self._waiting and self._waiting[0][0] <= now:
            yield heapq.heappop(self._waiting)[1]

    def wait_s(self) -> float | None:
        """Seconds until the next one is due; None: none waits."""
        return max(0.0, self._waiting[0][0] - time.monotonic()) if self._waiting else None

    def last(self, step: StepRecord) -> StepRecord | None:
        """A step as it stood when its last try had failed; None: none has."""
        return self._failed.get(step.position)

    def all_failed(self) -> Collection[StepRecord]:
        """Every step of which a try has failed, as it stood then."""
        return self._failed.values()
