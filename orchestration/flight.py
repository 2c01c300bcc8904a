"""Calls under way: which steps each makes, and how they are stopped when their run is cancelled."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from orchestration.executors.base import Executor, Finished
from orchestration.model import StepRecord
from orchestration.plan import PlannedStep
from orchestration.scribe import Scribe
from orchestration.staleness import Judgement
from orchestration.step_log import Said
from orchestration.work import Failure, Product, Products, Task

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


class Made(NamedTuple):
    """A step whose version was made, by try ``number``, and waits since ``at_s`` for its turn to be judged."""

    making: Making
    product: Product
    number: int
    at_s: float


def worked_s(result: Products | Failure) -> float | None:
    """How long a worker worked at a task; None: not known."""
    if isinstance(result, Failure):
        return result.execute_s
    return result[0].execute_s + sum([product.gate_s for product in result])


def said_by(result: Products | Failure) -> Said | None:
    """What was said on the way to a result."""
    return result.said if isinstance(result, Failure) else result[0].said


@dataclass(frozen=True, slots=True)
class BrokenOff:
    """A step that had begun and will not be judged; ``is_quiet``: nothing of it goes on."""

    step: StepRecord
    how: str
    is_quiet: bool = True


def stop(
    executor: Executor, under_way: Mapping[str, Flight], heard: Sequence[Finished], scribe: Scribe
) -> list[BrokenOff]:
    """Stop every call; ``heard`` are answers that are there already. Returns soon, also where one can't be stopped."""
    left, until = dict(under_way), time.monotonic() + _STOPPED_WITHIN_S
    found: list[BrokenOff] = []
    while heard or (left and time.monotonic() < until):
        for one in heard:
            found += _each(left.pop(one.task.id), _how(one.result))
            scribe.ends(one.task.id, said_by(one.result), worked_s(one.result))
        heard = executor.wait(max(0.0, until - time.monotonic())) if left else ()
    for flight in left.values():
        scribe.left_alone(flight.task.id)
        found += _each(flight, _LEFT_ALONE, is_quiet=False)
    return found


def thrown_away(made: Iterable[Made]) -> list[BrokenOff]:
    """What was made and waits for its turn to be judged."""
    return [BrokenOff(one.making.step, _THROWN_AWAY) for one in made]


def not_tried_again(tried: Iterable[StepRecord]) -> list[BrokenOff]:
    """What waits for another try."""
    return [BrokenOff(step, f"it was to be tried again after this: {step.error}") for step in tried]


def _each(flight: Flight, how: str, *, is_quiet: bool = True) -> list[BrokenOff]:
    return [BrokenOff(making.step, how, is_quiet) for making in flight.makings]


def _how(result: Products | Failure) -> str:
    if not isinstance(result, Failure):
        return _THROWN_AWAY
    return _STOPPED if "Cancelled" in result.kinds else f"it failed meanwhile: {result.error}"
