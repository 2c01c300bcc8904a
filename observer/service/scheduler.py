"""The scheduler: whoever leads asks, once a second or when woken, what is due, and puts it into the queue."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from observer.errors import TidegateError
from observer.faults import said
from observer.project import Project
from observer.service.current import Current
from orchestration.database import reading, writing
from orchestration.database_clock import DatabaseWall, database_now
from orchestration.errors import LeadLost
from orchestration.leader import LEAD, confirm, is_led_elsewhere, lead, step_down
from orchestration.queue import Queue
from orchestration.run_request import RunRequest

_TICK_S = 1.0

_log = logging.getLogger("tidegate.scheduler")


@dataclass(frozen=True, slots=True)
class Decided:
    """What is due, and what writes down why, in the transaction that asks for it."""

    requests: tuple[RunRequest, ...]
    record: Callable[[Connection], None] | None = None


Decide = Callable[[Project, datetime], Decided]
"""Says what is due at an instant; reads, writes nothing."""


class Scheduler:
    """A thread that decides while this process leads; ``start`` it, ``wake`` it, ``stop`` it.

    Parameters
    ----------
    current: the project.
    decide: says what is due.
    asked: called after something was put into the queue.
    """

    def __init__(self, current: Current, decide: Decide, asked: Callable[[], None]) -> None:
        self._current, self._decide, self._asked = current, decide, asked
        self._stopping, self._woken = threading.Event(), threading.Event()
        self._token: int | None = None
        self._renewed: datetime | None = None
        self._broken = False
        self._thread = threading.Thread(target=self._run, name="tidegate-scheduler", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Look now what is due."""
        self._woken.set()

    def stop(self) -> None:
        """End after the decision that is under way, and let another process lead."""
        self._stopping.set()
        self._woken.set()
        self._thread.join(30.0)

    def once(self) -> bool:
        """Decide once if this process leads; whether it does. Raises what reading the state or deciding raises."""
        work = self._current.work
        if self._leads(work) is None:
            return False
        decided = self._decide(work, self._now(work))
        if decided.requests or decided.record is not None:
            self._write(work, decided)
        return True

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.once()
                self._broken = False
            except LeadLost as error:
                _log.warning("%s", error)
                self._token = None
            except Exception as error:  # whatever it is, the next tick may be right
                if not self._broken:  # once for each outage
                    _log.error("what is due can't be decided just now: %s", said(error))
                self._broken = True
            self._woken.wait(_TICK_S)
            self._woken.clear()
        self._step_down()

    def _leads(self, work: Project) -> int | None:
        """The token of our lead; taken where nobody leads, renewed when a third of it is over."""
        with reading(work.engine) as connection:
            now = database_now(connection)
            if is_led_elsewhere(connection, _name(work), now):
                self._token = None
                return None
        if self._token is None or self._renewed is None or now - self._renewed >= LEAD / 3:
            with writing(work.engine) as connection:
                before, self._token = self._token, lead(connection, _name(work), database_now(connection))
            self._renewed = now
            if self._token is not None and self._token != before:
                _log.info("this process leads %s", _name(work))
        return self._token

    def _now(self, work: Project) -> datetime:
        """The instant to decide at: the database's, so that it does not matter whose clock is wrong."""
        if work.config.clock is not None:
            return work.clock.now()
        if isinstance(work.clock.wall, DatabaseWall):
            work.clock.wall.ask()
        return work.clock.wall()

    def _write(self, work: Project, decided: Decided) -> None:
        assert self._token is not None
        queue = Queue(environment=work.config.name, new_id=work.runtime.new_id)
        with writing(work.engine) as connection:
            confirm(connection, _name(work), self._token)
            new = queue.ask(connection, decided.requests)
            if decided.record is not None:
                decided.record(connection)
        if new:
            self._asked()

    def _step_down(self) -> None:
        if self._token is None:
            return
        work = self._current.work
        try:
            with writing(work.engine) as connection:
                step_down(connection, _name(work), self._token, database_now(connection))
        except TidegateError as error:  # its lead runs out
            _log.warning("the lead could not be given away: %s", error)


def _name(work: Project) -> str:
    return f"schedule:{work.config.name}"
