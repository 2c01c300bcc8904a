"""What runs on a Dask worker: each task in a process of its own, which ends when nobody wants it any more.

Importing this needs ``tidegate[dask]``.
"""

from __future__ import annotations

import asyncio
import io
import pickle
import shutil
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from distributed import Worker as DaskWorker
from distributed import get_worker

from orchestration.executors.base import Limits
from orchestration.executors.failures import cancelled, worker_lost
from orchestration.executors.processes import ProcessExecutor
from orchestration.work import Failure, Products, Task

_LOOK_EVERY_S = 0.05  # whether the task is still wanted
_IDLE_S = 60.0  # how long a process waits for the next task of its run
_RUNNING = ("executing", "long-running")
_ENDING = ("closing", "closed", "failed", "stopping", "stopped")  # of a Dask worker, e.g. for want of its scheduler


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One task for one Dask worker process, named by its ``home``, its local directory, which no other ever has."""

    run: str
    key: str
    home: str
    recipe: bytes
    task: bytes
    limits: Limits
    shipped: bool


@dataclass(frozen=True, slots=True)
class _Unpickled:
    """A recipe that is still bytes here: what it needs is importable in the process, not on the Dask worker."""

    recipe: bytes

    def __call__(self):  # type: ignore[no-untyped-def]
        return pickle.loads(self.recipe)()


_lock = threading.Lock()
_idle: list[tuple[str, ProcessExecutor, float]] = []  # run, executor, idle since
_under_way: set[str] = set()
_unwanted: set[str] = set()
_janitor: threading.Thread | None = None


def perform_there(order: Order) -> bytes:
    """Perform a task in a killable process of this machine; returns the pickled result."""
    worker = get_worker()
    task: Task = pickle.loads(order.task)
    return pickle.dumps(_perform(worker, order, task), protocol=5)


def _perform(worker: DaskWorker, order: Order, task: Task) -> Products | Failure:
    if worker.local_directory != order.home:  # Dask gave it to the worker that took the address of a dead one
        return worker_lost(task.address, "its Dask worker died")
    with _marked(order.key):
        if order.key in _unwanted:
            return cancelled(task.address)
        executor = _take(worker, order)
        told = False
        executor.submit(task, Limits(timeout_s=order.limits.timeout_s, memory_bytes=order.limits.memory_bytes))
        while not (found := executor.wait(_LOOK_EVERY_S)):
            if not told and (order.key in _unwanted or not _is_wanted(worker, order.key)):
                executor.cancel(task)
                told = True
        with _lock:
            _idle.append((order.run, executor, time.monotonic()))
        return found[0].result


@contextmanager
def _marked(key: str) -> Iterator[None]:
    with _lock:
        _under_way.add(key)
    try:
        yield
    finally:
        with _lock:
            _under_way.discard(key)


def _is_wanted(worker: DaskWorker, key: str) -> bool:
    """Whether the scheduler still waits for it: it forgets the tasks of a client that is gone, or is gone itself."""
    if worker.status.name in _ENDING:
        return False
    state = worker.state.tasks.get(key)
    return state is not None and state.state in _RUNNING


def _take(worker: DaskWorker, order: Order) -> ProcessExecutor:
    """A process that has worked for the run before, or a new one."""
    global _janitor
    with _lock:
        for entry in _idle:
            if entry[0] == order.run:
                _idle.remove(entry)
                return entry[1]
        if _janitor is None:
            _janitor = threading.Thread(target=_tidy, name="tidegate-janitor", daemon=True)
            _janitor.start()
    folder = _shipped(worker, order.run) if order.shipped else None
    return ProcessExecutor(_Unpickled(order.recipe), 1, preload=(), folder=folder)


def _tidy() -> None:
    """End processes that nobody uses: their coordinator may have died."""
    while True:
        time.sleep(_IDLE_S / 10)
        oldest = time.monotonic() - _IDLE_S
        _close([entry for entry in list(_idle) if entry[2] < oldest])


def _close(entries: list[tuple[str, ProcessExecutor, float]]) -> None:
    for entry in entries:
        with _lock:
            if entry not in _idle:
                continue
            _idle.remove(entry)
        entry[1].close()


def _shipped(worker: DaskWorker, run: str) -> Path:
    return Path(worker.local_directory) / f"tidegate-{run}"


def receive_there(run: str, archive: bytes, dask_worker: DaskWorker) -> None:
    """Unpack the project's folder for a run."""
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        file.extractall(_shipped(dask_worker, run))


async def stop_there(key: str) -> None:
    """End a task, begun or not; returns when nothing of it goes on here, and nothing ever will."""
    _unwanted.add(key)
    while key in _under_way:
        await asyncio.sleep(0.01)


async def close_there(run: str, prefix: str, dask_worker: DaskWorker) -> None:
    """End every task and process of a run, and forget it."""
    for key in [key for key in list(_under_way) if key.startswith(prefix)]:
        await stop_there(key)
    await asyncio.to_thread(_close, [entry for entry in list(_idle) if entry[0] == run])
    await asyncio.to_thread(shutil.rmtree, _shipped(dask_worker, run), ignore_errors=True)
    for key in [key for key in list(_unwanted) if key.startswith(prefix)]:
        _unwanted.discard(key)
