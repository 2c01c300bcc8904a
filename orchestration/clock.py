"""Time as a parameter: when things happen to the data, and how long processes have been silent."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


def system_now() -> datetime:
    """The machine's instant, aware UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """Where every instant comes from.

    ``now`` dates facts about data (materializations, decisions, freshness) and may be replayed. ``wall`` is
    for the life of processes (leases, retries, signatures) and is always the machine's, except in tests.
    ``monotonic`` measures durations, in seconds.
    """

    now: Callable[[], datetime] = system_now
    wall: Callable[[], datetime] = system_now
    monotonic: Callable[[], float] = time.perf_counter


def replay_clock(start: datetime) -> Clock:
    """A clock that stands at ``start`` (aware) now and goes on at the machine's pace."""
    began, first = time.monotonic(), start.astimezone(UTC)

    def now() -> datetime:
        return datetime.fromtimestamp(first.timestamp() + time.monotonic() - began, UTC)

    return Clock(now=now)


def frozen_clock(at: datetime) -> Clock:
    """A clock whose ``now`` never moves from ``at`` (aware): for tests."""
    instant = at.astimezone(UTC)
    return Clock(now=lambda: instant)
