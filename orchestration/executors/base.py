"""The port of an executor: where tasks are performed, and how they are stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from orchestration.work import Failure, Products, Task, Worker

WorkerRecipe = Callable[[], Worker]
"""Makes a worker where it is called; pickles, because it may be called in another process or on another machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a task may take. A task with a limit is performed in a process of its own, whatever the executor.

    ``timeout_s``: wall-clock seconds from when its work begins. ``memory_bytes``: resident memory of its process.
    ``resources``: tags that a worker must offer, with how much of each, e.g. ``{"gpu": 1}``.
    """

    timeout_s: float | None = None
    memory_bytes: int | None = None
    resources: tuple[tuple[str, float], ...] = ()

    @property
    def need_a_process(self) -> bool:
        return self.timeout_s is not None or self.memory_bytes is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What became of one task."""

    task: Task
    result: Products | Failure


class Executor(Protocol):
    """Performs tasks; one executor serves one run and is driven by one thread. Passes ``check_executor``.

    Each submitted task is answered exactly once by ``wait``: by what its worker said, or by a Failure whose
    ``kinds`` name why there is none (``failures.Kind``): ``TimedOut``, ``OutOfMemory``, ``Cancelled``, ``WorkerLost``
    (the process or machine died), ``NoWorker`` (its recipe fails), ``Unsatisfiable`` (no worker offers its resources;
    said within seconds, not waited for), ``Unpicklable``, ``Stopped`` (by an exception that is no Exception).
    After such an answer the task's work does not go on anywhere.
    """

    @property
    def slots(self) -> int:
        """How many tasks it performs at once."""
        ...

    def submit(self, task: Task, limits: Limits) -> None:
        """Begin a task; the caller keeps at most ``slots`` of them under way."""
        ...

    def wait(self, timeout_s: float | None) -> tuple[Finished, ...]:
        """The tasks that have finished since, at least one unless ``timeout_s`` (None: no limit) has passed.

        Nothing at once where nothing is under way.
        """
        ...

    def cancel(self, task: Task) -> None:
        """Stop a task, also one that doesn't listen; ``wait`` answers it as Cancelled if it had not finished.

        Where work is performed in the caller's own process it can't be stopped: it is answered when it ends.
        """
        ...

    def close(self) -> None:
        """Stop everything that is under way and give back processes and connections; may be called twice."""
        ...
