"""Several machines: Dask.distributed places tasks, each is performed in a killable process on its Dask worker."""

from __future__ import annotations

import itertools
import pickle
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.executors.answers import Answers
from orchestration.executors.base import Finished, Limits, WorkerRecipe
from orchestration.executors.errors import ExecutorError
from orchestration.executors.failures import (
    cancelled,
    described,
    no_worker,
    unpicklable,
    unsatisfiable,
    worker_lost,
)
from orchestration.executors.processes import pickled
from orchestration.executors.resources import lacking
from orchestration.executors.ship import packed
from orchestration.step_log import Said
from orchestration.work import Failure, Products, Task, with_said

if TYPE_CHECKING:
    from distributed import Client, Future

_LOOK_EVERY_S = 0.5  # at the cluster, while tasks are under way
_CLOSED_WITHIN_S = 10.0
_ENDED_WITHIN_S = 1.0  # workers whose scheduler is gone end their tasks by then
_UNHEARD = Said(unknown="what it said was lost with its Dask worker")


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """What proves who we are to the cluster, and the cluster to us: files in PEM format."""

    ca: Path
    cert: Path
    key: Path


@dataclass(slots=True, eq=False)
class _Given:
    """A task that is not answered yet; ``place`` (address, home) and ``future`` from when it is placed."""

    task: Task
    limits: Limits
    body: bytes
    key: str
    since: float
    place: tuple[str, str] | None = None
    future: Future[bytes] | None = None
    is_cancelled: bool = False


class DaskExecutor:
    """Implements :class:`orchestration.executors.base.Executor` on a running Dask cluster.

    The cluster keeps nothing: each task is pinned to one Dask worker process and never repeated by Dask, so a
    worker that dies is answered as WorkerLost, and the coordinator decides. A task ends within moments when its
    client, its scheduler or its Dask worker is gone. Data must lie where every worker reaches it.

    Parameters
    ----------
    address: the scheduler's, e.g. ``tls://10.0.0.1:8786``.
    recipe: pickles; with ``ship`` it is called in the shipped folder.
    security: files for TLS; then nothing is ever sent in plain text.
    slots: how many tasks at once; None: as many as the cluster has threads now.
    ship: the project's own folder, sent to each worker that is used; None: the code is installed there.
    connect_s: how long to wait for the scheduler.
    grace_s: how long to wait for a worker that offers a task's resources before it is Unsatisfiable.

    Raises
    ------
    ExecutorError
        ``tidegate[dask]`` is missing, the cluster can't be reached, or the project can't be shipped.
    """

    def __init__(
        self,
        address: str,
        recipe: WorkerRecipe,
        *,
        security: TlsFiles | None = None,
        slots: int | None = None,
        ship: Path | None = None,
        connect_s: float = 10.0,
        grace_s: float = 5.0,
    ) -> None:
        self._recipe, self._grace_s = pickled(recipe), grace_s
        self._archive = packed(ship) if ship is not None else None
        self._answers = Answers()
        self._run = secrets.token_hex(6)
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._given: dict[str, _Given] = {}
        self._supplied: set[tuple[str, str]] = set()
        self._closed = False
        self._client = _connected(address, security, connect_s)
        self._looked_at = 0.0
        self._lost_at: float | None = None
        self._workers: dict[str, dict[str, Any]] = {}
        self._look()
        self.slots = slots or max(1, sum(int(worker["nthreads"]) for worker in self._workers.values()))

    def submit(self, task: Task, limits: Limits) -> None:
        self._answers.owe()
        key = f"tidegate-{self._run}-{next(self._numbers)}"
        try:
            body = pickle.dumps(task, protocol=5)
        except Exception as error:
            self._answers.give(Finished(task=task, result=unpicklable(task.address, "it", described(error))))
            return
        given = _Given(task, limits, body, key, time.monotonic())
        with self._lock:
            self._given[key] = given
        self._place(given)

    def wait(self, timeout_s: float | None) -> tuple[Finished, ...]:
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            left = _LOOK_EVERY_S if until is None else min(_LOOK_EVERY_S, until - time.monotonic())
            found = self._answers.take(left)
            if found or not self._answers.owed:
                return found
            if time.monotonic() - self._looked_at >= _LOOK_EVERY_S:  # also for one who never waits so long
                self._watch()
            if until is not None and time.monotonic() >= until:
                return self._answers.take(0.0)

    def cancel(self, task: Task) -> None:
        with self._lock:
            given = next((one for one in self._given.values() if one.task == task and not one.is_cancelled), None)
            if given is None:
                return
            given.is_cancelled = True
        if given.place is None:
            self._answer(given, cancelled(task.address))
            return
        threading.Thread(target=self._stop, args=(given,), name="tidegate-cancel", daemon=True).start()

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        with self._lock:
            self._given.clear()
        _within(_CLOSED_WITHIN_S, self._leave)
        with suppress(Exception):
            self._client.close(timeout=_CLOSED_WITHIN_S)

    def _leave(self) -> None:
        from orchestration.executors.remote import close_there

        prefix = f"tidegate-{self._run}-"
        self._client.run(close_there, self._run, prefix, on_error="ignore")

    # ---------------------------------------------------------------- the cluster

    def _look(self) -> None:
        """Ask the scheduler which workers there are."""
        self._looked_at = time.monotonic()
        self._workers = dict(self._client.scheduler_info()["workers"])

    def _place(self, given: _Given) -> None:
        """Pin a task to the worker that offers what it needs and has most room; or wait for one, not for long."""
        if time.monotonic() - self._looked_at > _LOOK_EVERY_S or not self._offering(given.limits):
            try:
                self._look()
            except Exception as error:
                self._answer(given, worker_lost(given.task.address, f"the cluster was lost ({described(error)})"))
                return
        if able := self._offering(given.limits):
            try:
                self._send(given, max(able, key=self._room))
            except Exception as error:  # e.g. the worker went in this moment
                self._answer(given, worker_lost(given.task.address, f"its Dask worker was lost ({described(error)})"))
        elif time.monotonic() - given.since >= self._grace_s:
            offered = [dict(worker["resources"]) for worker in self._workers.values()]
            why = lacking(given.limits, offered, "the cluster") if offered else "the cluster has no workers"
            self._answer(given, unsatisfiable(given.task.address, why or "no worker offers what it needs"))

    def _offering(self, limits: Limits) -> list[str]:
        return [
            address for address, worker in self._workers.items() if lacking(limits, [worker["resources"]], "") is None
        ]

    def _room(self, address: str) -> float:
        with self._lock:
            ours = sum(given.place is not None and given.place[0] == address for given in self._given.values())
        return float(self._workers[address]["nthreads"]) - ours

    def _send(self, given: _Given, address: str) -> None:
        from orchestration.executors.remote import Order, perform_there, receive_there

        place = (address, str(self._workers[address]["local_directory"]))
        if self._archive is not None and place not in self._supplied:
            self._client.run(receive_there, self._run, self._archive, workers=[address])
            self._supplied.add(place)
        order = Order(
            run=self._run, key=given.key, home=place[1], recipe=self._recipe, task=given.body, limits=given.limits,
            shipped=self._archive is not None,
        )  # fmt: skip
        given.place = place
        given.future = self._client.submit(
            perform_there, order, key=given.key, pure=False, retries=0, workers=[address], allow_other_workers=False,
            resources=dict(given.limits.resources) or None,
        )  # fmt: skip
        given.future.add_done_callback(lambda future: self._done(given, future))

    def _watch(self) -> None:
        """See who is gone, and who has come."""
        with self._lock:
            all_given = list(self._given.values())
        try:
            self._look()
        except Exception as error:
            time.sleep(_ENDED_WITHIN_S)
            for given in all_given:
                self._answer(given, worker_lost(given.task.address, f"the cluster was lost ({described(error)})"))
            return
        there = {(address, str(worker["local_directory"])) for address, worker in self._workers.items()}
        for given in all_given:
            if given.place is None:
                self._place(given)
            elif given.place not in there:
                why = f"its Dask worker {given.place[0]} died"
                lost = cancelled(given.task.address) if given.is_cancelled else worker_lost(given.task.address, why)
                self._answer(given, with_said(lost, _UNHEARD))

    def _stop(self, given: _Given) -> None:
        """End a task where it is, then say so."""
        from orchestration.executors.remote import stop_there

        assert given.place is not None
        with suppress(Exception):  # a worker that can't be reached any more is found by the next look
            self._client.run(stop_there, given.key, workers=[given.place[0]])
            self._answer(given, cancelled(given.task.address))

    def _done(self, given: _Given, future: Future[bytes]) -> None:
        """Called by the client's own thread."""
        if given.key not in self._given:
            return
        address = given.task.address
        result: Products | Failure
        try:
            result = pickle.loads(future.result(timeout=_CLOSED_WITHIN_S))
        except ImportError as error:
            result = no_worker(address, f"tidegate can't be imported on the Dask worker ({described(error)})")
        except BaseException as error:  # also the client's CancelledError, when the scheduler is gone
            self._lost_at = self._lost_at or time.monotonic()
            time.sleep(max(0.0, self._lost_at + _ENDED_WITHIN_S - time.monotonic()))
            lost = worker_lost(address, f"its Dask worker or the cluster was lost ({described(error)})")
            result = with_said(lost, _UNHEARD)
        self._answer(given, result)

    def _answer(self, given: _Given, result: Products | Failure) -> None:
        """Once a task; the cluster forgets it."""
        with self._lock:
            if self._given.pop(given.key, None) is None:
                return
        if given.future is not None:
            with suppress(Exception):
                given.future.release()
        self._answers.give(Finished(task=given.task, result=result))


def _connected(address: str, security: TlsFiles | None, connect_s: float) -> Client:
    try:
        from distributed import Client
        from distributed.security import Security
    except ImportError as error:
        raise ExecutorError(
            f"the dask executor needs a package that is missing ({error.name}); nothing was begun; "
            "install it with: pip install 'tidegate[dask]'"
        ) from error
    tls = None
    if security is not None:
        tls = Security(
            tls_ca_file=str(security.ca), tls_client_cert=str(security.cert), tls_client_key=str(security.key),
            require_encryption=True,
        )  # fmt: skip
    try:
        return Client(address, security=tls, timeout=connect_s, set_as_default=False, name="tidegate")
    except Exception as error:
        raise ExecutorError(
            f"the Dask cluster at {address} can't be used ({described(error)}); nothing was begun; "
            "start its scheduler, or correct the address or the TLS files"
        ) from error


def _within(seconds: float, action: Callable[[], object]) -> None:
    """Do it if it can be done in that time."""

    def quietly() -> None:
        with suppress(Exception):
            action()

    thread = threading.Thread(target=quietly, name="tidegate-closing", daemon=True)
    thread.start()
    thread.join(seconds)
