"""Warm worker processes and the thread that keeps them: hands out jobs, enforces limits, replaces the dead."""

from __future__ import annotations

import logging
import os
import pickle
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from orchestration.executors import family, frames
from orchestration.executors.base import Finished, Limits
from orchestration.executors.failures import (
    cancelled,
    described,
    ending,
    no_worker,
    unpicklable,
    unsatisfiable,
    worker_lost,
)
from orchestration.executors.nursery import FORKED, Nursery
from orchestration.executors.process import Job, WorkerProcess
from orchestration.executors.resources import Resources
from orchestration.step_log import closed, opened
from orchestration.work import Failure, Products, Task, with_said

_LOOK_EVERY_S = 0.05  # at the memory of what is limited
_START_S = 300.0
_CLOSED_WITHIN_S = 15.0
_PERHAPS_MORE = "its process was ended in the middle of it: the last of what it said may be missing"

_log = logging.getLogger("tidegate.executors")


class Pool:
    """At most ``size`` worker processes, made when there is work for them, the first at once.

    ``submit``, ``cancel`` and ``close`` may be called by any thread; ``deliver`` is called by the pool's own.
    """

    def __init__(
        self,
        recipe: bytes,
        size: int,
        deliver: Callable[[Finished], None],
        *,
        resources: Mapping[str, float] | None = None,
        preload: Sequence[str] = (),
        folder: Path | None = None,
    ) -> None:
        self._recipe, self._size, self._deliver = recipe, size, deliver
        self._resources, self._preload, self._folder = Resources(resources), preload, folder
        self._commands: deque[Callable[[], None]] = deque()
        self._pending: deque[Job] = deque()
        self._workers: list[WorkerProcess] = []
        self._forking: deque[WorkerProcess] = deque()  # asked for, not yet named
        self._doubtful = False  # the last worker that was made did not become ready
        self._closing = False
        self._selector = selectors.DefaultSelector()
        self._wake_r, self._wake_w = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._selector.register(self._wake_r, selectors.EVENT_READ, self._woken)
        self._nursery = self._new_nursery()
        self._make_worker()
        self._thread = threading.Thread(target=self._run, name="tidegate-processes", daemon=True)
        self._thread.start()

    def submit(self, task: Task, limits: Limits) -> None:
        try:
            body = pickle.dumps(task, protocol=5)
        except Exception as error:
            self._deliver(Finished(task=task, result=unpicklable(task.address, "it", described(error))))
            return
        self._command(lambda: self._queue(Job(task, limits, body)))

    def cancel(self, task: Task) -> None:
        self._command(lambda: self._cancel(task))

    def close(self) -> None:
        """End every process; what is under way is not answered any more."""
        if not self._closing:
            self._closing = True
            self._wake()
        self._thread.join(_CLOSED_WITHIN_S)

    def _command(self, command: Callable[[], None]) -> None:
        self._commands.append(command)
        self._wake()

    def _wake(self) -> None:
        with suppress(BlockingIOError, OSError):  # full: it wakes anyway; closed: nobody to wake
            os.write(self._wake_w, b"!")

    # ---------------------------------------------------------------- everything below runs in the pool's thread

    def _run(self) -> None:
        try:
            while not self._closing:
                while self._commands:
                    self._commands.popleft()()
                self._make_workers()
                self._assign()
                watched = self._selector.get_map()
                for key, _ in self._selector.select(self._pause_s()):
                    if watched.get(key.fd) is key:  # what came before it may have ended it
                        key.data()
                self._enforce()
        except BaseException as error:
            _log.exception("the process executor broke")
            self._end()
            for job in [*self._pending, *(w.job for w in self._workers if w.job)]:
                self._answer(job, worker_lost(job.task.address, f"the executor broke ({described(error)})"))
        else:
            self._end()

    def _end(self) -> None:
        for worker in self._workers:
            if worker.pid and not worker.ended:
                family.kill(worker.pid)
            worker.close()
        self._nursery.close()
        self._selector.close()
        os.close(self._wake_r)
        os.close(self._wake_w)

    def _woken(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._wake_r, 4096)

    def _queue(self, job: Job) -> None:
        if (why := self._resources.lacking(job.limits)) is not None:
            self._answer(job, unsatisfiable(job.task.address, why))
        else:
            self._pending.append(job)

    def _cancel(self, task: Task) -> None:
        for job in self._pending:
            if job.task == task:
                self._pending.remove(job)
                self._answer(job, cancelled(task.address))
                return
        for worker in self._workers:
            if worker.job is not None and worker.job.task == task:
                worker.kill(cancelled(task.address))

    def _answer(self, job: Job, result: Products | Failure) -> None:
        self._deliver(Finished(task=job.task, result=result))

    # ---------------------------------------------------------------- workers

    def _new_nursery(self) -> Nursery:
        nursery = Nursery(self._preload, self._folder)
        self._selector.register(nursery.control, selectors.EVENT_READ, self._nursery_said)
        return nursery

    def _make_workers(self) -> None:
        """As many as there is work for; one for each job where making them is doubtful."""
        living = [worker for worker in self._workers if not worker.ended]
        unready = sum(not worker.ready for worker in living)
        busy = sum(worker.job is not None for worker in living)
        wanted = min(self._size, busy + len(self._pending))
        if self._doubtful:
            wanted = min(wanted, busy + unready + (len(self._pending) > unready))
        for _ in range(wanted - len(living)):
            self._make_worker()

    def _make_worker(self) -> None:
        worker = WorkerProcess(self._nursery.fork())
        self._workers.append(worker)
        self._forking.append(worker)

    def _assign(self) -> None:
        idle = [worker for worker in self._workers if worker.ready and worker.job is None and not worker.ended]
        for job in list(self._pending) if idle else ():
            if not idle:
                return
            if self._resources.take(job.limits):
                self._pending.remove(job)
                idle.pop(0).begin(job)

    def _nursery_said(self) -> None:
        message = self._nursery.receive()
        if message is None:
            self._nursery_lost()
            return
        kind, pid, status = message
        if kind == FORKED:
            worker = self._forking.popleft()
            worker.born(pid, self._recipe)
            self._selector.register(worker.channel, selectors.EVENT_READ, lambda: self._hear(worker))
            self._selector.register(worker.pidfd, selectors.EVENT_READ, lambda: self._ended(worker))
        else:
            self._bury(next(worker for worker in self._workers if worker.pid == pid), ending(status))

    def _nursery_lost(self) -> None:
        """Somebody killed it: its workers die with it, and another one is started."""
        for worker in list(self._workers):
            if worker.pid:
                family.kill(worker.pid)
            self._forget(worker)
            self._bury(worker, "its worker process was killed (with the process that it was forked from)")
        self._forking.clear()
        self._selector.unregister(self._nursery.control)
        self._nursery.close()
        self._nursery = self._new_nursery()

    def _hear(self, worker: WorkerProcess) -> None:
        try:
            message = frames.receive(worker.channel)
        except OSError:
            message = None
        if message is None:  # it ends, or closed what is not its own: it can't be of use any more
            self._selector.unregister(worker.channel)
            worker.kill(None)
            return
        kind, body = message
        if kind == frames.READY:
            worker.ready, self._doubtful = True, False
        elif kind == frames.BROKEN:
            worker.broken = body.decode()
        elif kind == frames.SAID:
            task_id, lines = pickle.loads(body)
            if worker.job is not None and worker.job.task.id == task_id:
                opened(task_id).take(lines)
        elif worker.job is not None:
            job, worker.job = worker.job, None
            self._resources.give_back(job.limits)
            said, result = closed(job.task.id), _result(job, kind, body)
            knows = not isinstance(result, Failure) or result.said is not None  # the result says it whole
            self._answer(job, result if knows else with_said(result, said))

    def _ended(self, worker: WorkerProcess) -> None:
        """It is dead: hear its last words, end what it started, ask how it died."""
        while self._selector.get_map().get(worker.channel.fileno()) and _has_said_more(worker.channel):
            self._hear(worker)
        self._forget(worker)
        family.kill(worker.pid)
        worker.ended = True
        with suppress(OSError):
            self._nursery.reap(worker.pid)

    def _forget(self, worker: WorkerProcess) -> None:
        for watched in (worker.channel, worker.pidfd):
            with suppress(KeyError, ValueError):
                self._selector.unregister(watched)

    def _bury(self, worker: WorkerProcess, how: str) -> None:
        """Answer for a dead worker; one that never was ready takes a waiting job with it, so that it ends some time."""
        self._workers.remove(worker)
        worker.close()
        if worker.job is not None:
            self._resources.give_back(worker.job.limits)
            said = closed(worker.job.task.id, _PERHAPS_MORE)
            failure = worker.why or worker_lost(worker.job.task.address, how)
            self._answer(worker.job, with_said(failure, said))
        elif not worker.ready:
            self._doubtful = True
            if self._pending:
                job = self._pending.popleft()
                self._answer(job, no_worker(job.task.address, worker.broken or how))

    # ---------------------------------------------------------------- limits

    def _pause_s(self) -> float | None:
        """How long nothing has to be looked at."""
        pauses: list[float] = []
        now = time.monotonic()
        for worker in self._workers:
            if worker.ended:
                continue
            if not worker.ready:
                pauses.append(worker.since + _START_S - now)
            elif worker.job is not None and worker.why is None:
                if worker.job.limits.memory_bytes is not None:
                    pauses.append(_LOOK_EVERY_S)
                if (deadline := worker.deadline()) is not None:
                    pauses.append(deadline - now)
        return max(0.0, min(pauses)) if pauses else None

    def _enforce(self) -> None:
        for worker in self._workers:
            if worker.ended or worker.why is not None:
                continue
            if not worker.ready and time.monotonic() > worker.since + _START_S:
                worker.broken = worker.broken or f"the project was not loaded within {_START_S:g} s"
                worker.since = float("inf")
                worker.kill(None)
            elif (broken := worker.overstepped()) is not None:
                worker.kill(broken)


def _has_said_more(channel: socket.socket) -> bool:
    with selectors.DefaultSelector() as one:
        one.register(channel, selectors.EVENT_READ)
        return bool(one.select(0))


def _result(job: Job, kind: bytes, body: bytes) -> Products | Failure:
    """What the worker said of a job."""
    if kind == frames.UNREADABLE:
        return unpicklable(job.task.address, "it", body.decode())
    try:
        result: Products | Failure = pickle.loads(body)
    except Exception as error:
        return unpicklable(job.task.address, "what was measured of it", described(error))
    return result
