"""Listening to a step: what its code logs, warns of and prints goes on as ever, and is heard on its way.

Records are heard where they are made, whatever handlers there are, so that none is added that a project's own
``basicConfig`` would stumble over. Which step speaks is known by a context variable; in a process that performs one
step at a time everything belongs to that step, what it prints and what its threads say too.
"""

from __future__ import annotations

import contextlib
import io
import logging
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Final, TextIO

from orchestration.step_log import TRAVELS, StepLog

_KEPT: Final = logging.INFO - 1
"""The level that an asset's logger has from us: INFO is made, and it can be told from a level that somebody has set."""

_speaks: ContextVar[StepLog | None] = ContextVar("tidegate_step", default=None)
_alone: list[StepLog | None] = []
"""In a process that performs one step at a time: that step's log."""
_prints: list[_Heard] = []


@contextlib.contextmanager
def heard(log: StepLog) -> Iterator[None]:
    """Hear everything that is said in this context."""
    _listen()
    token = _speaks.set(log)
    if _alone:
        _alone[0] = log
    try:
        yield
    finally:
        if _alone:
            for stream in _prints:
                stream.end_line()
            _alone[0] = None
        _speaks.reset(token)


def all_is_one_step() -> None:
    """From now on this process performs one step at a time, and whatever is written in it is that step's."""
    if _alone:
        return
    _alone.append(None)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            _prints.append(_Heard(stream, name))
            setattr(sys, name, _prints[-1])


def logger_of(asset: str) -> logging.Logger:
    """The asset's own logger. What it says from INFO on is kept; its handlers get what they would have got anyway."""
    found = logging.getLogger(f"tidegate.asset.{asset}")
    if found.level == logging.NOTSET:
        found.setLevel(_KEPT)
        found.addFilter(_as_configured)
    return found


def _as_configured(record: logging.LogRecord) -> bool:
    """Whether the record would have been made by the levels that the project has set."""
    logger: logging.Logger | None = logging.getLogger(record.name)
    if logger is not None and logger.level != _KEPT:
        return True
    while logger is not None:
        if logger.level not in (logging.NOTSET, _KEPT):
            return record.levelno >= logger.level
        logger = logger.parent
    return True


def _now() -> StepLog | None:
    return _speaks.get() or (_alone[0] if _alone else None)


def _listen() -> None:
    """See to it that we hear, also where somebody has put himself in our place since."""
    if not isinstance(logging.getLogRecordFactory(), _Records):
        logging.setLogRecordFactory(_Records(logging.getLogRecordFactory()))
    if not isinstance(warnings.showwarning, _Warnings):
        warnings.showwarning = _Warnings(warnings.showwarning)


class _Records:
    """A factory of log records that hears what another one makes."""

    def __init__(self, inner: Callable[..., logging.LogRecord]) -> None:
        self._inner = inner

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record = self._inner(*args, **kwargs)
        log = _now()
        if log is not None and log.last is not record and not log.deaf and record.name is not None:
            log.last = record
            log.hear(record.levelname.lower(), record.name, _text(record))
        return record


def _text(record: logging.LogRecord) -> str:
    """Raises nothing, whatever the objects are that the project logs: of those, logging tells in its own way."""
    try:
        said = str(record.getMessage())
    except Exception:  # e.g. the arguments don't fit
        said = _as_given(record)
    if record.exc_info and record.exc_info[0] is not None:
        said = f"{said}\n{''.join(traceback.format_exception(*record.exc_info)).rstrip()}"
    return said


def _as_given(record: logging.LogRecord) -> str:
    try:
        return f"{record.msg!r} with {record.args!r}"
    except Exception as error:
        return f"(what was logged at {record.filename}:{record.lineno} can't be written down: {type(error).__name__})"


class _Warnings:
    """``warnings.showwarning`` that hears what another one shows."""

    def __init__(self, inner: Callable[..., None]) -> None:
        self._inner = inner

    def __call__(
        self, message: Warning | str, category: type[Warning], filename: str, lineno: int,
        file: TextIO | None = None, line: str | None = None,
    ) -> None:  # fmt: skip
        log = _now()
        if log is None or log.deaf:
            self._inner(message, category, filename, lineno, file, line)
            return
        log.hear("warning", "py.warnings", f"{category.__name__}: {message} ({Path(filename).name}:{lineno})")
        log.deaf = True
        try:
            self._inner(message, category, filename, lineno, file, line)
        finally:
            log.deaf = False


class _Heard(io.TextIOWrapper):
    """A standard stream that hears what is written to it, but for the records that logging writes."""

    def __init__(self, stream: io.TextIOWrapper, name: str) -> None:
        super().__init__(
            stream.buffer, stream.encoding, stream.errors, line_buffering=stream.line_buffering, write_through=True
        )
        self._instead_of = stream  # one that nobody holds any more closes the file under us
        self._called, self._left, self._last = name, "", ""

    def write(self, text: str) -> int:
        count = super().write(text)
        log = _now()
        if log is not None and not log.deaf and sys._getframe(1).f_code.co_filename != logging.__file__:
            self._last = text
            whole, _, left = (self._left + text).rpartition("\n")
            if whole:
                self._hear(log, whole)
            self._left = left.rpartition("\r")[2]  # a bar that moves is one line
            if len(self._left) > TRAVELS:
                self._left = f"(a line of more than {TRAVELS:,} characters is not kept)"
        return count

    def flush(self) -> None:
        super().flush()
        if "\r" not in self._last:  # who flushes wants it seen now; a bar that moves is seen when it is done
            self.end_line()

    def end_line(self) -> None:
        """What was written without the end of a line is a line as well."""
        log, left, self._left = _now(), self._left, ""
        if log is not None and left:
            self._hear(log, left)

    def _hear(self, log: StepLog, text: str) -> None:
        lines = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
        log.hear(self._called, "", lines)
