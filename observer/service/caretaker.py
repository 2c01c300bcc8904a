"""Lets go once a day of what is no longer kept, while the service runs."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

from observer.faults import said
from observer.project import Project
from observer.service.current import Current
from observer.store import chores
from observer.tidying import tidy_daily
from orchestration.database import reading, writing

_LOOK_S = 60.0
_EVERY = timedelta(days=1)
_STOPS_WITHIN_S = 30.0

_log = logging.getLogger("tidegate.service")


class Caretaker:
    """A thread that looks each minute whether a day is over; of several processes one does it.

    Parameters
    ----------
    current: the project.
    look_s: how often it looks.
    """

    def __init__(self, current: Current, *, look_s: float = _LOOK_S) -> None:
        self._current, self._look_s = current, look_s
        self._stopping = threading.Event()
        self._broken = False
        self._thread = threading.Thread(target=self._run, name="tidegate-caretaker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End after the little that is under way; the rest goes another day."""
        self._stopping.set()
        self._thread.join(_STOPS_WITHIN_S)

    def once(self) -> bool:
        """Let go of what is no longer kept, where that is due; whether it was."""
        work = self._current.work
        if not _begun(work):
            return False
        tidy_daily(work.config, work.runtime, lambda: not self._stopping.is_set())
        return True

    def _run(self) -> None:
        while not self._stopping.wait(self._look_s):
            try:
                self.once()
                self._broken = False
            except Exception as error:  # the next look may find it better
                if not self._broken:  # once for each outage
                    _log.error("what is no longer kept stays for now: %s", said(error))
                self._broken = True


def _begun(work: Project) -> bool:
    name, now = f"tidy:{work.config.name}", work.clock.wall()
    with reading(work.engine) as connection:
        if not chores.is_due(connection, name, now, _EVERY):
            return False
    with writing(work.engine) as connection:
        return chores.begin(connection, name, now, _EVERY)
