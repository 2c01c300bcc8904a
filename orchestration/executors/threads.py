"""Several tasks at once in the caller's own process: for work that waits for others, such as queries."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from queue import SimpleQueue

from orchestration.executors.answers import Answers
from orchestration.executors.base import Finished, Limits, WorkerRecipe
from orchestration.executors.child import perform
from orchestration.executors.errors import ExecutorError
from orchestration.executors.failures import cancelled, described, no_worker, unsatisfiable
from orchestration.executors.pool import Pool
from orchestration.executors.processes import cores, heavy_modules, pickled
from orchestration.executors.resources import Resources
from orchestration.work import Failure, Products, Task, Worker


class ThreadExecutor:
    """Implements :class:`orchestration.executors.base.Executor` with daemon threads, each with a worker of its own.

    A thread can't be stopped: a cancelled task that has begun is answered when it ends, and ``close`` leaves it
    to end alone, unheard. Tasks with limits are performed in processes, made when the first one comes; only
    then must the recipe pickle.

    Parameters
    ----------
    recipe: called once in each thread. Hand out one worker to share what it keeps, such as observed sources.
    workers: how many threads; None: one a core.
    resources: the tags that this process offers to tasks, and how much of each.
    """

    def __init__(
        self, recipe: WorkerRecipe, workers: int | None = None, *, resources: Mapping[str, float] | None = None
    ) -> None:
        self.slots = workers or cores()
        self._recipe, self._resources = recipe, Resources(resources)
        self._answers = Answers()
        self._lock = threading.Lock()
        self._pending: deque[tuple[Task, Limits]] = deque()
        self._inbox: SimpleQueue[tuple[Task, Limits] | None] = SimpleQueue()
        self._under_way: list[tuple[Task, Limits]] = []
        self._threads: list[threading.Thread] = []
        self._pool: Pool | None = None
        self._closed = False

    def submit(self, task: Task, limits: Limits) -> None:
        self._answers.owe()
        if (why := self._resources.lacking(limits)) is not None:
            self._answers.give(Finished(task=task, result=unsatisfiable(task.address, why)))
            return
        if limits.need_a_process and self._pool is None:
            try:
                recipe = pickled(self._recipe)
            except ExecutorError as error:
                self._answers.give(Finished(task=task, result=no_worker(task.address, str(error))))
                return
            self._pool = Pool(recipe, self.slots, self._finished, preload=heavy_modules(self._recipe))
        with self._lock:
            self._pending.append((task, limits))
            self._hand_out()

    def wait(self, timeout_s: float | None) -> tuple[Finished, ...]:
        return self._answers.take(timeout_s)

    def cancel(self, task: Task) -> None:
        with self._lock:
            for waiting in self._pending:
                if waiting[0] == task:
                    self._pending.remove(waiting)
                    self._answers.give(Finished(task=task, result=cancelled(task.address)))
                    return
            limited = any(known == task and limits.need_a_process for known, limits in self._under_way)
        if limited and self._pool is not None:
            self._pool.cancel(task)

    def close(self) -> None:
        self._closed = True
        for _ in self._threads:
            self._inbox.put(None)
        if self._pool is not None:
            self._pool.close()

    def _hand_out(self) -> None:
        """Begin what may begin. Holds the lock."""
        for waiting in list(self._pending):
            task, limits = waiting
            if len(self._under_way) >= self.slots:
                return
            if not self._resources.take(limits):
                continue
            self._pending.remove(waiting)
            self._under_way.append(waiting)
            if limits.need_a_process and self._pool is not None:
                self._pool.submit(task, Limits(timeout_s=limits.timeout_s, memory_bytes=limits.memory_bytes))
                continue
            self._inbox.put(waiting)
            if len(self._threads) < self.slots:
                thread = threading.Thread(target=self._work, name=f"tidegate-worker-{len(self._threads)}", daemon=True)
                self._threads.append(thread)
                thread.start()

    def _work(self) -> None:
        worker: Worker | None = None
        while (given := self._inbox.get()) is not None:
            if self._closed:
                return
            task = given[0]
            result: Products | Failure
            try:
                worker = worker or self._recipe()
                result = perform(worker, task)
            except BaseException as error:
                result = no_worker(task.address, described(error))
            self._finished(Finished(task=task, result=result))

    def _finished(self, finished: Finished) -> None:
        with self._lock:
            for given in self._under_way:
                if given[0] == finished.task:
                    self._under_way.remove(given)
                    self._resources.give_back(given[1])
                    break
            self._hand_out()
        self._answers.give(finished)
