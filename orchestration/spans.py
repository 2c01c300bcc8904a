"""What a step's time went into besides making and judging its version: tries that failed, and waits."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

WORTH_S: Final = 0.05
"""Shorter waits are part of any run and are not recorded."""


class SpanKind(StrEnum):
    TRY = "try"  # one that failed, and was followed by another
    RETRY = "retry"  # until it was tried again
    PLACE = "place"  # it could begin, and there was no place for it
    LEASE = "lease"  # another run made the same
    WORKER = "worker"  # it was handed over, and no worker had begun it
    TURN = "turn"  # it was made, and partitions before it were not: the gate judges them in order


class Span(NamedTuple):
    """A stretch of a run in which a step did not get on. ``number``: of the try, from 1; ``said``: why."""

    position: int
    kind: SpanKind
    number: int
    start_s: float  # since the run began
    length_s: float
    said: str = ""
