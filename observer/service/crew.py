"""The worker: takes runs from the queue and has each walked by a process of its own, a few at once."""

from __future__ import annotations

import logging
import os
import pickle
import selectors
import signal
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import text

from observer.errors import StateError
from observer.faults import said
from observer.project import Project
from observer.service import run_child
from observer.service.current import Current
from observer.service.logs import LogFormat
from observer.service.order import Answer, Order
from observer.service.room import room_beside
from orchestration.database import reading, writing
from orchestration.errors import ClaimLost
from orchestration.executors import family, frames
from orchestration.executors.nursery import FORKED, Nursery
from orchestration.queue import Queue, Queued

PRELOAD = (
    "observer.service.run_child", "observer", "numpy", "pandas", "pyarrow", "pyarrow.parquet", "pyarrow.pandas_compat",
    "duckdb", "detectors.registry",
    "observer.collectors.frame", "observer.store.schema", "sqlalchemy.dialects.sqlite",
)  # fmt: skip
"""What the process of a run finds imported."""

_LOOK_S = 0.5
_RENEW_S = 10.0
_CANCEL_S = 1.0
_LISTENS_WITHIN_S = 4.0
"""A cancelled run that has not ended by then is in a function that can't be stopped where it runs: its process is."""
_LATER_S = 5.0
"""How soon another attempt is made where the project can't be loaded, or its state not be read."""
_STOPS_WITHIN_S = 20.0
_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('tidegate.pools'))")

_log = logging.getLogger("tidegate.worker")


def shared_nursery() -> Nursery:
    """One that shares its memory with this process, which must not have opened a project yet, nor begun a thread."""
    return Nursery(PRELOAD, serves=run_child.__name__, shares=True)


@dataclass(slots=True, eq=False)
class _Child:
    """A process that walks a run; ``pid`` is 0 until the nursery has named it."""

    claim: Queued
    channel: socket.socket
    pid: int = 0
    answer: Answer | None = None
    cancelled_at: float | None = None  # when we heard of it, on the monotonic clock


class Crew:
    """A thread that claims runs and keeps their processes; ``start`` it, ``wake`` it, ``stop`` it.

    Parameters
    ----------
    current: the project; while its files can't be used nothing is begun.
    size: how many runs at once.
    url: where people reach the service, for links.
    logs: how the processes of runs log.
    nursery: forks their processes (see ``shared_nursery``); None: one is begun. It is closed at the end.
    """

    def __init__(
        self, current: Current, size: int, url: str | None = None, logs: LogFormat = LogFormat.TEXT,
        nursery: Nursery | None = None,
    ) -> None:  # fmt: skip
        self._current, self._size, self._url, self._logs = current, size, url, logs
        self._children: list[_Child] = []
        self._forking: list[_Child] = []
        self._stopping = False
        self._renewed = self._listened = time.monotonic()
        self._broken = False
        self._wake_r, self._wake_w = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._wake_r, selectors.EVENT_READ, self._woken)
        self._nursery: Nursery | None = None
        self._thread = threading.Thread(target=self._run, name="tidegate-worker", daemon=True)
        self._begin_nursery(nursery)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Look into the queue now."""
        with suppress(BlockingIOError, OSError):
            os.write(self._wake_w, b"!")

    def stop(self) -> None:
        """Claim no more, tell the runs to stop, wait until they have; what they had left goes back into the queue."""
        self._stopping = True
        self.wake()
        self._thread.join(_STOPS_WITHIN_S + 10.0)

    # ---------------------------------------------------------------- everything below runs in the crew's thread

    def _run(self) -> None:
        while not self._stopping:
            self._once(_LOOK_S)
        self._wind_up()

    def _once(self, timeout_s: float) -> None:
        try:
            if not self._stopping:
                while len(self._children) < self._size and self._begin():
                    pass
            self._listen(timeout_s)
            if time.monotonic() - self._renewed >= _RENEW_S:
                self._renew()
            if time.monotonic() - self._listened >= _CANCEL_S:
                self._end_cancelled()
            self._broken = False
        except Exception as error:  # whatever it is, the runs go on, and their claims must be renewed
            if not self._broken:  # once for each outage
                _log.error("the queue of runs can't be served just now, and waits: %s", said(error))
            self._broken = True
            time.sleep(_LOOK_S)

    def _begin(self) -> bool:
        """Claim a run and have it walked; whether there was one."""
        if self._current.problem is not None:
            return False
        work = self._current.work
        queue = _queue(work)
        with reading(work.engine) as connection:
            if not queue.has_work(connection):
                return False
        with writing(work.engine) as connection:
            if work.runtime.pools and connection.dialect.name == "postgresql":
                connection.execute(_LOCK)  # two that claim at once would both find the last place free
            claim = queue.claim(connection, room_beside(queue.running(connection), work.graph, work.runtime.pools))
        if claim is None:
            return False
        order = Order(
            root=work.config.root, environment=work.config.name, url=self._url, claim=claim, logs=self._logs
        )  # fmt: skip
        self._fork(claim, order)
        return True

    def _fork(self, claim: Queued, order: Order) -> None:
        nursery = self._nursery or self._begin_nursery()
        channel = nursery.fork()
        child = _Child(claim, channel)
        self._children.append(child)
        self._forking.append(child)
        self._selector.register(channel, selectors.EVENT_READ, lambda: self._hear(child))
        with suppress(OSError):  # the nursery died: its control says so
            frames.send(channel, frames.TASK, pickle.dumps(order))

    def _begin_nursery(self, begun: Nursery | None = None) -> Nursery:
        self._nursery = begun or Nursery(PRELOAD, serves=run_child.__name__)
        self._selector.register(self._nursery.control, selectors.EVENT_READ, self._hear_nursery)
        return self._nursery

    def _listen(self, timeout_s: float) -> None:
        watched = self._selector.get_map()
        for key, _ in self._selector.select(timeout_s):
            if watched.get(key.fd) is key:  # what came before it may have ended it
                key.data()

    def _woken(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._wake_r, 4096)

    def _hear_nursery(self) -> None:
        assert self._nursery is not None
        message = self._nursery.receive()
        if message is None:  # killed: its children died with it, and their channels say so
            self._selector.unregister(self._nursery.control)
            self._nursery.close()
            self._nursery = None
            self._forking.clear()
        elif message[0] == FORKED:
            self._forking.pop(0).pid = message[1]

    def _hear(self, child: _Child) -> None:
        try:
            message = frames.receive(child.channel)
        except OSError:
            message = None
        if message is not None:
            child.answer = pickle.loads(message[1])
        self._selector.unregister(child.channel)
        child.channel.close()
        self._children.remove(child)
        if child.pid and self._nursery is not None:
            self._nursery.reap(child.pid)
        self._settle(child)

    def _settle(self, child: _Child) -> None:
        """What has not ended goes back into the queue, at once where its process died."""
        answer = child.answer
        if answer is not None and answer.ended:
            if answer.said:
                _log.warning("%s", answer.said)
            return
        why = "its process died" if answer is None else answer.said
        _log.warning("run %s goes back into the queue: %s", child.claim.id, why)
        wait_s, work = 0.0 if answer is None or self._stopping else _LATER_S, self._current.work
        try:
            with writing(work.engine) as connection:
                _queue(work).give_back(connection, child.claim, why, wait_s=wait_s, died=answer is None)
        except ClaimLost as error:
            _log.warning("%s", error)
        except StateError as error:  # its claim runs out, then another process goes on with it
            _log.error("run %s could not be given back: %s", child.claim.id, error)

    def _renew(self) -> None:
        self._renewed = time.monotonic()
        if not self._children:
            return
        work = self._current.work
        with writing(work.engine) as connection:
            lost = _queue(work).renew(connection, [child.claim for child in self._children])
        for child in self._children:
            if child.claim.id in lost and child.pid:
                _log.warning("run %s was taken over by another process; ours is ended", child.claim.id)
                family.kill(child.pid)

    def _end_cancelled(self) -> None:
        """Stop the processes of cancelled runs that go on all the same."""
        now = self._listened = time.monotonic()
        if not self._children:
            return
        work = self._current.work
        with reading(work.engine) as connection:
            cancelled = _queue(work).cancelled(connection, [child.claim for child in self._children])
        for child in self._children:
            if child.claim.id not in cancelled or not child.pid:
                continue
            child.cancelled_at = child.cancelled_at or now
            if now - child.cancelled_at >= _LISTENS_WITHIN_S:
                self._tell_to_stop(child)

    def _tell_to_stop(self, child: _Child) -> None:
        with suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGTERM)

    def _wind_up(self) -> None:
        for child in self._children:
            if child.pid:
                self._tell_to_stop(child)
        until = time.monotonic() + _STOPS_WITHIN_S
        while self._children and time.monotonic() < until:
            self._once(0.1)
        if self._nursery is not None:
            self._nursery.close()
        while self._children:  # killed with it
            self._hear(self._children[0])
        self._selector.close()
        os.close(self._wake_r)
        os.close(self._wake_w)


def _queue(work: Project) -> Queue:
    return Queue(environment=work.config.name, new_id=work.runtime.new_id)
