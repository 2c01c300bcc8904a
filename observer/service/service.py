"""What goes on beside the pages: deciding what is due, walking what is queued, sending alerts, following the files."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from observer.alerts.outbox import Sender
from observer.alerts.routing import some, unrouted
from observer.faults import said
from observer.project import Project
from observer.service.caretaker import Caretaker
from observer.service.crew import Crew
from observer.service.current import Current
from observer.service.logs import LogFormat
from observer.service.projector import Projector
from observer.service.scheduler import Decide, Scheduler
from observer.store.outbox import StoredOutbox
from observer.waking import Waker
from orchestration.executors.nursery import Nursery

RUNS_AT_ONCE = 4
_FOLLOW_S = 0.5

_log = logging.getLogger("tidegate.service")


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """What a process does.

    Parameters
    ----------
    decide: says what is due, wherever this process leads; None: it never leads.
    runs: how many queued runs it walks at once; 0: none.
    sends: whether it sends alerts.
    follows: whether it opens the project anew when its files have changed.
    logs: how the processes of its runs log.
    projects: whether it works out beforehand what its pages would have to.
    tidies: whether it lets go once a day of what is no longer kept.
    """

    decide: Decide | None = None
    runs: int = RUNS_AT_ONCE
    sends: bool = True
    follows: bool = False
    logs: LogFormat = LogFormat.TEXT
    projects: bool = True
    tidies: bool = False


class Service:
    """``with Service(...):`` begins what its roles say and ends it after, runs that are under way given back.

    Parameters
    ----------
    current: the project.
    roles: what this process does.
    url: where people reach the service, for links; None: where the environment says.
    opened: called with a project that was opened anew.
    nursery: forks the processes of runs; None: one is begun if its roles need it.
    """

    def __init__(
        self,
        current: Current,
        roles: Roles,
        *,
        url: str | None = None,
        opened: Callable[[Project], None] = lambda work: None,
        nursery: Nursery | None = None,
    ) -> None:
        self._current, self._roles, self._opened = current, roles, opened
        self._crew = Crew(current, roles.runs, url, roles.logs, nursery) if roles.runs else None
        self._scheduler = None if roles.decide is None else Scheduler(current, roles.decide, self.wake)
        self._sender = _sender(current.work) if roles.sends else None
        self._projector = Projector(current) if roles.projects else None
        self._caretaker = Caretaker(current) if roles.tidies else None
        self._stopping = threading.Event()
        self._follower = threading.Thread(target=self._follow, name="tidegate-files", daemon=True)

    def wake(self) -> None:
        """Something was put into the queue: look now."""
        if self._crew is not None:
            self._crew.wake()

    def __enter__(self) -> Self:
        if self._roles.sends:
            _say_what_nobody_hears(self._current.work)
        if self._crew is not None:
            self._crew.start()
        if self._sender is not None:
            self._sender.start()
        if self._projector is not None:
            self._projector.start()
        if self._caretaker is not None:
            self._caretaker.start()
        if self._scheduler is not None:
            self._scheduler.start()
        if self._roles.follows:
            self._follower.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        if self._roles.follows:
            self._follower.join()
        if self._projector is not None:
            self._projector.stop()
        if self._caretaker is not None:
            self._caretaker.stop()
        if self._scheduler is not None:
            self._scheduler.stop()
        if self._crew is not None:
            self._crew.stop()
        if self._sender is not None:
            self._sender.stop()

    def _follow(self) -> None:
        while not self._stopping.wait(_FOLLOW_S):
            try:
                if self._current.follow():
                    self._opened(self._current.work)
                    self._send_anew()
                    self.wake()
                    _log.warning("the project was opened anew: its files have changed")
            except Exception as error:  # the last good project stays
                _log.error("the project's files could not be followed just now: %s", said(error))

    def _send_anew(self) -> None:
        """Its channels may be others."""
        if self._sender is not None:
            self._sender.stop()
            _say_what_nobody_hears(self._current.work)
            self._sender = _sender(self._current.work)
            self._sender.start()


def _say_what_nobody_hears(work: Project) -> None:
    """Where there are channels, but none of some asset; whoever has none at all knows it."""
    nobody = unrouted(work.graph, work.observer.channels) if work.observer.channels else ()
    if nobody:
        _log.warning("no channel would hear of incidents of %s; look: tidegate alerts routes", some(nobody))


def _sender(work: Project) -> Sender:
    waker = Waker(work.observer, time.monotonic)
    return Sender(StoredOutbox(work.engine, work.config.name), work.observer.channels, work.clock.wall, first=waker)
