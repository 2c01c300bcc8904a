"""One task at a time, in the thread that waits for it: the least machinery, and the easiest to debug."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from orchestration.executors.answers import Answers
from orchestration.executors.base import Finished, Limits, WorkerRecipe
from orchestration.executors.child import perform
from orchestration.executors.errors import ExecutorError
from orchestration.executors.failures import cancelled, described, no_worker, unsatisfiable
from orchestration.executors.pool import Pool
from orchestration.executors.processes import heavy_modules, pickled
from orchestration.executors.resources import Resources
from orchestration.work import Failure, Products, Task, Worker


class InlineExecutor:
    """Implements :class:`orchestration.executors.base.Executor` in the calling thread, when ``wait`` is called.

    A task that has begun can't be stopped, and ``wait`` does not return before it has ended, whatever its
    ``timeout_s``. A task with limits is performed in a process, made when the first one comes; only then must
    the recipe pickle.
    """

    def __init__(self, recipe: WorkerRecipe, *, resources: Mapping[str, float] | None = None) -> None:
        self.slots = 1
        self._recipe, self._resources = recipe, Resources(resources)
        self._answers = Answers()
        self._pending: deque[Task] = deque()
        self._worker: Worker | None = None
        self._pool: Pool | None = None

    def submit(self, task: Task, limits: Limits) -> None:
        self._answers.owe()
        if (why := self._resources.lacking(limits)) is not None:
            self._answers.give(Finished(task=task, result=unsatisfiable(task.address, why)))
        elif limits.need_a_process:
            if self._pool is None:
                try:
                    recipe = pickled(self._recipe)
                except ExecutorError as error:
                    self._answers.give(Finished(task=task, result=no_worker(task.address, str(error))))
                    return
                self._pool = Pool(recipe, 1, self._answers.give, preload=heavy_modules(self._recipe))
            self._pool.submit(task, Limits(timeout_s=limits.timeout_s, memory_bytes=limits.memory_bytes))
        else:
            self._pending.append(task)

    def wait(self, timeout_s: float | None) -> tuple[Finished, ...]:
        if not self._pending:
            return self._answers.take(timeout_s)
        task = self._pending.popleft()
        self._answers.give(Finished(task=task, result=self._perform(task)))
        return self._answers.take(0.0)

    def cancel(self, task: Task) -> None:
        if task in self._pending:
            self._pending.remove(task)
            self._answers.give(Finished(task=task, result=cancelled(task.address)))
        elif self._pool is not None:
            self._pool.cancel(task)

    def close(self) -> None:
        self._pending.clear()
        if self._pool is not None:
            self._pool.close()

    def _perform(self, task: Task) -> Products | Failure:
        if self._worker is None:
            try:
                self._worker = self._recipe()
            except Exception as error:
                return no_worker(task.address, described(error))
        return perform(self._worker, task)
