"""What a run needs besides its plan."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from orchestration.beside import Compared
from orchestration.clock import Clock
from orchestration.execute import Execution
from orchestration.executors.base import Executor, WorkerRecipe
from orchestration.executors.inline import InlineExecutor
from orchestration.gate import Gate
from orchestration.graph import Graph
from orchestration.io.base import IOManager
from orchestration.model import AssetKey
from orchestration.work import Worker


def _shows_nothing(asset: AssetKey) -> bool:
    return False


def _as_it_is(asset: AssetKey, text: str) -> str:
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """Where a run reads, writes, asks and counts time; made by the project.

    ``recipe`` makes a worker in another process, where there is a way to; ``executor`` makes the executor of one run
    from a recipe. ``configs`` are the assets' settings as JSON. ``pools`` say how many steps of one pool, or of one
    ``tag:`` and a tag, run at once. ``compared`` are the others that an asset's gate looks at. ``withhold`` takes
    values of the asset's data out of an error's text; ``is_private``: what its code says may show such values, and only
    that it spoke is kept. ``new_id`` gives at most 30 characters. ``chance`` is only for
    the jitter of retries.
    """

    graph: Graph
    engine: Engine
    io: IOManager
    gate: Gate[Any]
    clock: Clock
    new_id: Callable[[], str]
    code_versions: Mapping[AssetKey, str]  # with what the assets' settings say
    root: Path  # the project's folder: whose files error texts name
    environment: str
    redact: Callable[[str], str] = field(default=str)
    withhold: Callable[[AssetKey, str], str] = field(default=_as_it_is)
    is_private: Callable[[AssetKey], bool] = field(default=_shows_nothing)
    recipe: WorkerRecipe | None = None
    executor: Callable[[WorkerRecipe], Executor] = InlineExecutor
    configs: Mapping[AssetKey, str] = field(default_factory=dict)
    pools: Mapping[str, int] = field(default_factory=dict)
    compared: Compared = field(default_factory=dict)
    chance: random.Random = field(default_factory=random.Random)

    def begin_executor(self) -> Executor:
        """The executor of one run; workers in this process share what sources gave."""
        execution = Execution(self.graph, self.io, self.root)
        worker = Worker(execution, self.gate.measure, self.clock.now, self.clock.monotonic)
        return self.executor(_Here(worker, self.recipe))


class _Here:
    """A recipe that gives this process's worker, and in another process what the project's own recipe makes."""

    def __init__(self, worker: Worker, elsewhere: WorkerRecipe | None) -> None:
        self._worker, self._elsewhere = worker, elsewhere

    def __call__(self) -> Worker:
        return self._worker

    def __reduce__(self) -> tuple[Callable[[Any], Any], tuple[Any]]:
        if self._elsewhere is None:
            raise TypeError("these assets are not a project's, so no other process could import them; run them inline")
        return _itself, (self._elsewhere,)


def _itself(recipe: WorkerRecipe) -> WorkerRecipe:
    return recipe
