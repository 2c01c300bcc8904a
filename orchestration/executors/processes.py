"""All cores of one machine: warm worker processes, each of which can be stopped."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestration.executors.answers import Answers
from orchestration.executors.base import Finished, Limits, WorkerRecipe
from orchestration.executors.errors import ExecutorError
from orchestration.executors.failures import described
from orchestration.executors.pool import Pool
from orchestration.work import Task

_HEAVY = ("numpy", "pandas", "pyarrow", "pyarrow.parquet", "duckdb")


class ProcessExecutor:
    """Implements :class:`orchestration.executors.base.Executor` with processes that stay between tasks.

    Parameters
    ----------
    recipe: called once in each process; pickles, so it and what it names live in modules that can be imported.
    workers: how many processes at most; None: one a core.
    resources: the tags that this machine offers to tasks, and how much of each.
    preload: modules that processes find imported; None: the heavy libraries that are imported here.
    folder: where the processes work, also first on their path; None: here.

    Raises
    ------
    ExecutorError
        The recipe does not pickle.
    """

    def __init__(
        self,
        recipe: WorkerRecipe,
        workers: int | None = None,
        *,
        resources: Mapping[str, float] | None = None,
        preload: Sequence[str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.slots = workers or cores()
        self._answers = Answers()
        if preload is None:
            preload = heavy_modules(recipe)
        self._pool = Pool(
            pickled(recipe), self.slots, self._answers.give, resources=resources, preload=preload, folder=folder
        )

    def submit(self, task: Task, limits: Limits) -> None:
        self._answers.owe()
        self._pool.submit(task, limits)

    def wait(self, timeout_s: float | None) -> tuple[Finished, ...]:
        return self._answers.take(timeout_s)

    def cancel(self, task: Task) -> None:
        self._pool.cancel(task)

    def close(self) -> None:
        self._pool.close()


def pickled(recipe: WorkerRecipe) -> bytes:
    """The recipe as it travels; raises ExecutorError."""
    try:
        return pickle.dumps(recipe, protocol=5)
    except Exception as error:
        raise ExecutorError(
            f"the recipe of the workers can't be sent to other processes ({described(error)}); nothing was begun; "
            "make it of functions and classes that a module defines, or use the inline executor"
        ) from error


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0))


def heavy_modules(recipe: WorkerRecipe) -> list[str]:
    """What is worth importing once before forking: what is imported here, and where the recipe is defined."""
    found = [name for name in _HEAVY if name in sys.modules]
    where = recipe.__module__ if hasattr(recipe, "__qualname__") else type(recipe).__module__
    return found if where in ("__main__", "functools", "builtins") else [*found, where]
