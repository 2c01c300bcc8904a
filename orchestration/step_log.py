"""What a step said while it was performed: its last lines, each with its time, and how much came before them."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

MOST_LINES: Final = 200
MOST_BYTES: Final = 32 * 1024
TRAVELS: Final = 12_000
"""Characters of a line that reach the coordinator, which cuts it again: where it was cut, half a secret may stand."""
_HEAD, _TAIL = 1_000, 3_000  # of a line that are kept

PRINTED: Final = ("stdout", "stderr")
"""In the place of a level: what was not logged, but written to one of these."""


class LogLine(NamedTuple):
    """One record, warning or printed line; what a traceback adds stands in it too.

    ``offset_s``: since the try began. ``level``: of logging, in lower case, or ``stdout`` or ``stderr``. ``source``:
    the logger's name; none of what was printed.
    """

    offset_s: float
    level: str
    source: str
    text: str


@dataclass(frozen=True, slots=True)
class Said:
    """The last lines of a step; ``left_out``: how many came before them. ``unknown``: what may be missing, and why."""

    lines: tuple[LogLine, ...] = ()
    left_out: int = 0
    unknown: str = ""


Tell = Callable[[Sequence[LogLine]], None]


class StepLog:
    """Collects what one step says, from any of its threads; the oldest lines give way.

    A process that was forked off by the step's own code is not heard.

    Parameters
    ----------
    tell: hears each line as soon as it is there.
    """

    __slots__ = ("_began", "_bytes", "_left_out", "_lines", "_lock", "_pid", "_tell", "deaf", "last")

    def __init__(self, tell: Tell | None = None) -> None:
        self._began, self._pid, self._tell = time.time(), os.getpid(), tell
        self._lines: deque[LogLine] = deque()
        self._bytes = self._left_out = 0
        self._lock = threading.RLock()  # a signal's handler and a finalizer speak in the middle of it
        self.last: object = None  # what was heard last, lest it is heard twice
        self.deaf = False  # what is written now was heard already

    def hear(self, level: str, source: str, text: str) -> None:
        """Take in a line that is said now."""
        if os.getpid() != self._pid:
            return
        said = _cut(_plain(text), TRAVELS // 2, TRAVELS // 2)
        line = LogLine(max(0.0, time.time() - self._began), _plain(level), _plain(source), said)
        self.take((line,))
        if self._tell is not None:
            self._tell((line,))

    def take(self, lines: Sequence[LogLine]) -> None:
        """Take in lines that were said elsewhere."""
        with self._lock:
            for line in lines:
                size = _size(line)
                self._lines.append(line)
                self._bytes += size
            while len(self._lines) > MOST_LINES or (self._bytes > MOST_BYTES and len(self._lines) > 1):
                size = _size(self._lines.popleft())
                self._bytes -= size
                self._left_out += 1

    @property
    def heard(self) -> int:
        """How many lines there were."""
        return self._left_out + len(self._lines)

    def said(self, unknown: str = "") -> Said | None:
        """What is known now; None: nothing was said, and nothing is missing."""
        if not self._lines and not unknown:
            return None
        with self._lock:
            return Said(tuple(self._lines), self._left_out, unknown)


def shortened(line: LogLine) -> LogLine:
    """The line as it is kept, once secrets are out of it."""
    return line if len(line.text) <= _HEAD + _TAIL else line._replace(text=_cut(line.text, _HEAD, _TAIL))


def _cut(text: str, head: int, tail: int) -> str:
    """Without its middle: a traceback says at its end what was wrong."""
    return text if len(text) <= head + tail else f"{text[:head]}\n…\n{text[-tail:]}"


def _plain(text: str) -> str:
    """A string of no class of the project's, which whoever hears of it elsewhere could not make."""
    return text if type(text) is str else str.__str__(text)


def _size(line: LogLine) -> int:
    return len(line.text) + len(line.source) + 16


_open: dict[str, StepLog] = {}
"""Of the tasks that are performed in this process, or by processes that it keeps, by id."""


def opened(task_id: str, tell: Tell | None = None) -> StepLog:
    """The log of a task that is performed, from now on known to ``so_far``."""
    log = _open.get(task_id)
    if log is None:
        log = _open[task_id] = StepLog(tell)
    return log


def closed(task_id: str, unknown: str = "") -> Said | None:
    """What a task has said whose work has ended, however it did."""
    log = _open.pop(task_id, None)
    return log.said(unknown) if log is not None else (Said(unknown=unknown) if unknown else None)


def so_far(task_id: str) -> StepLog | None:
    """The log of a task under way; None: nothing is heard of it here."""
    return _open.get(task_id)
