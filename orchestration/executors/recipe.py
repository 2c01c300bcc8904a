"""What a recipe may carry to another process: clocks that pickle."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestration.clock import Clock, system_now


@dataclass(frozen=True, slots=True)
class ShiftedNow:
    """The machine's instant, moved by a fixed time: a replayed clock that goes on alike in every process.

    >>> from datetime import UTC
    >>> now = ShiftedNow.like(Clock(now=lambda: datetime(2013, 2, 8, tzinfo=UTC)))
    >>> f"{now():%Y-%m-%d}"
    '2013-02-08'
    """

    by: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return system_now() + self.by

    @classmethod
    def like(cls, clock: Clock) -> ShiftedNow:
        """One that says now what ``clock.now`` says now."""
        return cls(clock.now() - system_now())


@dataclass(frozen=True, slots=True)
class FrozenNow:
    """An instant that never moves: ``frozen_clock`` for other processes."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at
