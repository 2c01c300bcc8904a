"""Keeps what pages read of all assets at the end of the log, while the service runs."""

from __future__ import annotations

import logging
import threading
import time

from observer.faults import said
from observer.projecting import Projection
from observer.service.current import Current

_EACH_S = 1.0
_STOPS_WITHIN_S = 20.0

_log = logging.getLogger("tidegate.service")


class Projector:
    """A thread that brings ``asset_status`` up, once a second, and no more than half of the time.

    Parameters
    ----------
    current: the project.
    """

    def __init__(self, current: Current) -> None:
        self._current = current
        self._stopping = threading.Event()
        self._broken = False
        self._thread = threading.Thread(target=self._run, name="tidegate-projector", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End after what is under way, or leave it where the state hangs; whoever needs it works it out again."""
        self._stopping.set()
        self._thread.join(_STOPS_WITHIN_S)

    def _run(self) -> None:
        engine, projection = None, None
        took_s = 0.0
        while not self._stopping.wait(max(_EACH_S, took_s)):
            began = time.monotonic()
            work = self._current.work
            if projection is None or work.engine is not engine:
                engine, projection = work.engine, Projection(work.engine)
            try:
                projection.bring_up(work.graph, work.clock.now())
                self._broken = False
            except Exception as error:  # readers work out themselves what is behind
                if not self._broken:  # once for each outage
                    _log.error("what pages show could not be worked out beforehand, they are slower: %s", said(error))
                self._broken = True
            took_s = time.monotonic() - began
