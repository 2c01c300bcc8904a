"""The process that has Great Expectations: started when it is first needed, kept, and ended when it doesn't answer."""

from __future__ import annotations

import atexit
import itertools
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO, Any

from observer.checks.data import CheckData
from observer.checks.gx.channel import packed, receive, send
from observer.checks.gx.request import Ask, Drop, Found, Hold, InMemory, Refused, Source, Table
from observer.collectors.budget import counted
from observer.collectors.tabular import described, is_polars, is_table
from observer.errors import ExpectationError
from orchestration.io.base import ParquetFiles, SqlRelation

_PATIENCE_S = 900.0
"""How long one expectation may take where nothing else bounds it."""
_KEPT = 3
"""Of how many versions at most the process keeps the data: as many as are judged side by side, mostly."""

_ASKED = frozenset({"postgresql", "sqlite"})


class GxWorker:
    """One process that has the library; thread-safe, one question at a time."""

    def __init__(self) -> None:
        self._asking = threading.Lock()
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self._errors: IO[bytes] | None = None
        self._known: weakref.WeakKeyDictionary[CheckData, int] = weakref.WeakKeyDictionary()
        self._held: OrderedDict[int, None] = OrderedDict()
        self._unwanted: deque[int] = deque()

    @property
    def pid(self) -> int | None:
        """The process's id; None while there is none."""
        return None if self._process is None else self._process.pid

    def ask(self, data: CheckData, question: Callable[[int], Ask]) -> Mapping[str, object]:
        """The library's result of an expectation on data.

        Raises
        ------
        ExpectationError: the library refused, or its process ended or took too long. The next question starts another.
        BudgetSpent: the seconds that looking at the version may take are over.
        """
        with counted() as left_s, self._asking:
            until = time.monotonic() + min(_PATIENCE_S, left_s or _PATIENCE_S)
            self._start()
            self._tidy()
            number = self._number(data)
            if number not in self._held:
                self._exchange(Hold(data=number, source=source_of(data), path=tuple(sys.path)), until)
                self._held[number] = None
                while len(self._held) > _KEPT:
                    self._drop(next(iter(self._held)))
            self._held.move_to_end(number)
            return self._exchange(question(number), until)

    def close(self) -> None:
        """End the process, if there is one."""
        if self._process is None:
            return
        self._process.kill()
        self._put_away()

    def _number(self, data: CheckData) -> int:
        if data not in self._known:
            number = self._known[data] = next(self._numbers)
            weakref.finalize(data, self._let_go, number).atexit = False
        return self._known[data]

    def _let_go(self, number: int) -> None:
        """A version isn't looked at any more: told at once where nobody is asking, else with the next question."""
        self._unwanted.append(number)
        if self._asking.acquire(blocking=False):
            try:
                if self._channel is not None:
                    self._tidy()
            finally:
                self._asking.release()

    def _tidy(self) -> None:
        """Have the process forget what was let go."""
        while self._unwanted:
            if (number := self._unwanted.popleft()) in self._held:
                self._drop(number)

    def _drop(self, number: int) -> None:
        del self._held[number]
        with suppress(OSError):  # whoever asks next sees that it has ended
            send(self._open_channel(), packed(Drop(number)))

    def _exchange(self, message: Hold | Ask, until: float) -> Mapping[str, object]:
        channel = self._open_channel()
        try:
            letter = packed(message)
        except Exception as error:
            raise ExpectationError(f"the data can't be handed to Great Expectations: {described(error)}") from error
        try:
            channel.settimeout(max(until - time.monotonic(), 0.001))
            send(channel, letter)
            answer = receive(channel)
        except TimeoutError:
            self.close()
            raise ExpectationError(
                "Great Expectations took longer than it may, and its process was ended; the next expectation starts "
                "another"
            ) from None
        except (EOFError, OSError) as error:
            raise ExpectationError(self._ended()) from error
        except BaseException:
            self.close()  # else its answer would be taken for that of the next question
            raise
        if isinstance(answer, Found):
            return answer.result
        raise ExpectationError(answer.reason if isinstance(answer, Refused) else f"it answered {answer!r}")

    def _ended(self) -> str:
        """Why there is no answer any more."""
        assert self._process is not None
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5.0)
        code, last = self._process.poll(), self._last_words()
        self.close()
        how = f"ended with {code}{f' ({last})' if last else ''}"
        if code is not None and code < 0:
            how = f"was ended by {signal.Signals(-code).name}"
        return f"the process of Great Expectations {how}; the next expectation starts another"

    def _last_words(self) -> str:
        assert self._errors is not None
        self._errors.seek(0)
        lines = self._errors.read()[-2000:].decode("utf-8", "replace").strip().splitlines()
        return lines[-1][:200] if lines else ""

    def _start(self) -> None:
        if self._process is not None and self._process.poll() is None:
            return
        if self._process is not None:  # it ended by itself, having waited for long
            self._put_away()
        ours, theirs = socket.socketpair()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 # closed with the process
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "observer.checks.gx.child", str(theirs.fileno()), str(os.getpid())],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._errors, pass_fds=(theirs.fileno(),),
                env=_environment(),
            )  # fmt: skip
        self._channel = ours

    def _put_away(self) -> None:
        assert self._process is not None
        assert self._errors is not None
        self._process.wait()
        self._open_channel().close()
        self._errors.close()
        self._process = self._channel = self._errors = None
        self._held.clear()

    def _open_channel(self) -> socket.socket:
        assert self._channel is not None
        return self._channel


def _environment() -> dict[str, str]:
    """As here, with the modules that this process finds."""
    path = os.pathsep.join(one for one in sys.path if one)
    return {**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": "ignore", "GX_ANALYTICS_ENABLED": "false"}


def source_of(data: CheckData) -> Source:
    """How the library gets at data: in the database, in the files, or as a copy of what is in memory here."""
    value: Any = data.value
    if isinstance(value, ParquetFiles):
        return value
    if isinstance(value, SqlRelation):
        return _table(value) or InMemory(data.arrow())
    if is_table(value):
        return InMemory(value.to_arrow() if is_polars(value) else value)
    raise ExpectationError(f"the data is no table but a {type(value).__name__}")


def _table(data: SqlRelation) -> Table | None:
    """Where the library finds the table; None where it can't ask the database, or not rightly."""
    if data.login is None or data.dialect not in _ASKED:
        return None
    return Table(url=data.login.url, schema=data.login.schema, name=data.login.table)


_worker = GxWorker()


def ask(data: CheckData, question: Callable[[int], Ask]) -> Mapping[str, object]:
    """The library's result, from this process's own worker; see ``GxWorker.ask``."""
    return _worker.ask(data, question)


def worker() -> GxWorker:
    """This process's own."""
    return _worker


def _in_a_forked_process() -> None:
    global _worker
    _worker = GxWorker()  # the other belongs to the process that was forked


atexit.register(lambda: _worker.close())
os.register_at_fork(after_in_child=_in_a_forked_process)
