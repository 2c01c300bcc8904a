"""Calls under way: which steps each makes, and how they are stopped when their run is cancelled."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from orchestration.executors.base import Executor, Finished
from orchestration.model import StepRecord
from orchestration.plan import PlannedStep
from orchestration.staleness import Judgement
from orchestration.work import Failure, Products, Task

_STOPPED_WITHIN_S = 3.0
"""Work that can be stopped has stopped by then; what has not can't be, and is left to itself."""
_KEPT = "nothing of it was published and readers keep what they had"
_STOPPED = f"it was stopped in the middle; {_KEPT}"
_THROWN_AWAY = f"it had been made and not yet judged, and was thrown away; {_KEPT}"
_LEFT_ALONE = (
    "its function can't be stopped where it runs and was left to itself; nothing of it will be published and readers "
    "keep what they had; give the asset a timeout, or use the executor processes, to have it stopped"
)


@dataclass(frozen=True, slots=True)
class Making:
    """A step that is made, alone or together with others in one call."""

    planned: PlannedStep
    step: StepRecord
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class Flight:
    """A call under way: its task was handed to the executor."""

    makings: tuple[Making, ...]
    task: Task
    attempt: int


@dataclass(frozen=True, slots=True)
class BrokenOff:
    """A step that had begun and will not be judged; ``is_quiet``: nothing of it goes on."""

    step: StepRecord
    how: str
    is_quiet: bool = True


def stop(executor: Executor, under_way: Mapping[str, Flight], heard: Sequence[Finished]) -> list[BrokenOff]:
    """Stop every call; ``heard`` are answers that are there already. Returns soon, also where one can't be stopped."""
    left, until = dict(under_way), time.monotonic() + _STOPPED_WITHIN_S
    found: list[BrokenOff] = []
    while heard or (left and time.monotonic() < until):
        for one in heard:
            found += _each(left.pop(one.task.id), _how(one.result))
        heard = executor.wait(max(0.0, until - time.monotonic())) if left else ()
    for flight in left.values():
        found += _each(flight, _LEFT_ALONE, is_quiet=False)
    return found


def thrown_away(made: Iterable[Making]) -> list[BrokenOff]:
    """What was made and waits for its turn to be judged."""
    return [BrokenOff(making.step, _THROWN_AWAY) for making in made]


def not_tried_again(tried: Iterable[StepRecord]) -> list[BrokenOff]:
    """What waits for another try."""
    return [BrokenOff(step, f"it was to be tried again after this: {step.error}") for step in tried]


def _each(flight: Flight, how: str, *, is_quiet: bool = True) -> list[BrokenOff]:
    return [BrokenOff(making.step, how, is_quiet) for making in flight.makings]


def _how(result: Products | Failure) -> str:
    if not isinstance(result, Failure):
        return _THROWN_AWAY
    return _STOPPED if "Cancelled" in result.kinds else f"it failed meanwhile: {result.error}"
