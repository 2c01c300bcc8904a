"""What a worker process tells while it works, so that it is known when the process is killed."""

from __future__ import annotations

import pickle
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

from orchestration.executors import frames
from orchestration.step_log import LogLine, Tell

LATE_S = 0.05
"""How long a line may wait to be told where many are said."""
_A_SECOND = 100.0  # lines that are told at once


class Saying:
    """The worker's end of its channel: messages of several threads, each whole.

    A line is told at once, and the first hundred of a second are; of more, those of a twentieth of a second together.
    """

    def __init__(self, channel: socket.socket) -> None:
        self._channel, self._lock = channel, threading.RLock()  # a signal's handler may speak while we do
        self._sends = False
        self._waiting: list[LogLine] = []
        self._task = ""
        self._left, self._at = _A_SECOND, time.monotonic()
        self._more: threading.Event | None = None

    def send(self, kind: bytes, body: bytes = b"") -> None:
        """Send a message; lines that wait are left out of it, for the result of their task holds them."""
        with self._lock:
            self._task = ""
            self._waiting.clear()
            frames.send(self._channel, kind, body)

    def of(self, task_id: str) -> Tell:
        """What tells lines of the task that is performed now; none of an earlier one, whose thread goes on."""
        self._task = task_id
        return lambda lines: self._tell(task_id, lines)

    def _tell(self, task_id: str, lines: Sequence[LogLine]) -> None:
        with self._lock:
            if task_id != self._task:
                return
            self._waiting += lines
            now = time.monotonic()
            self._left, self._at = min(_A_SECOND, self._left + (now - self._at) * _A_SECOND), now
            if self._left >= 1.0:
                self._left -= 1.0
                self._send_lines()
                return
        if self._more is None:
            self._more = threading.Event()
            threading.Thread(target=self._later, name="tidegate-saying", daemon=True).start()
        self._more.set()

    def _send_lines(self) -> None:
        """Holds the lock. What is said in the middle of a message, by a signal's handler, follows it."""
        if self._sends:
            return
        self._sends = True
        try:
            while self._waiting:
                lines, self._waiting = self._waiting, []
                with suppress(OSError):  # nobody listens any more: the process is about to end
                    frames.send(self._channel, frames.SAID, pickle.dumps((self._task, lines), protocol=5))
        finally:
            self._sends = False

    def _later(self) -> None:
        assert self._more is not None
        while True:
            self._more.wait()
            self._more.clear()
            time.sleep(LATE_S)
            with self._lock:
                self._send_lines()
