"""The nursery: a process with one thread that forks workers, and whose end is theirs.

The coordinator has threads, so it must not fork itself. ``multiprocessing``'s fork server would do that too, but
what its children started outlives a coordinator that is killed, and it imports the user's ``__main__`` again.
Here the end of the control socket ends the nursery, and it takes every worker's family with it.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from orchestration.executors import child, family
from orchestration.heap import keep_heap

FORKED, REAPED = b"f", b"r"
_FORK, _REAP = b"F", b"R"
_MESSAGE = struct.Struct("!cqq")
_PATIENCE_S = 5.0
_LOOK_S = 0.01
_BOOT = (
    "import json, sys; path, preload, serves = json.loads(sys.argv[2]); sys.path[:] = path; "
    "from orchestration.executors.nursery import run; run(int(sys.argv[1]), preload, serves)"
)


class Nursery:
    """The coordinator's end. Requests are answered in order, by messages that ``receive`` gives."""

    def __init__(
        self, preload: Sequence[str], folder: Path | None = None, serves: str = child.__name__, *, shares: bool = False
    ) -> None:
        """Start it; ``preload``: modules that workers find imported; ``folder``: where they work.

        ``serves``: the module whose ``serve(channel, nursery)`` is a worker's work.
        ``shares``: the coordinator imports them too, before it forks the nursery from itself, so that memory holds
        them once; for a coordinator that has no thread yet and nothing of the user's. An interpreter of its own if
        there is a thread.
        """
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process: _Process
        with theirs:
            if shares and threading.active_count() == 1:
                self._process = _Forked(self.control, theirs, preload, serves)
            else:
                self._process = _started(theirs, preload, folder, serves)

    @property
    def pid(self) -> int:
        return self._process.pid

    def fork(self) -> socket.socket:
        """Ask for a worker; returns our end of its channel. Its process is named by the next FORKED."""
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self.control, [_MESSAGE.pack(_FORK, 0, 0)], [theirs.fileno()])
        return ours

    def reap(self, pid: int) -> None:
        """Ask how a dead worker ended; until then its number is not given to another process."""
        self.control.send(_MESSAGE.pack(_REAP, pid, 0))

    def receive(self) -> tuple[bytes, int, int] | None:
        """FORKED or REAPED, the process, its status; None when the nursery is gone."""
        try:
            message = self.control.recv(_MESSAGE.size)
        except ConnectionError:
            return None
        return _MESSAGE.unpack(message) if message else None

    def close(self) -> None:
        """End it, and every worker with it."""
        self.control.close()
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:  # it imports, or hangs: its workers die with it
            self._process.kill()
            self._process.wait()


class _Process(Protocol):
    @property
    def pid(self) -> int: ...

    def wait(self, timeout: float | None = None) -> object: ...

    def kill(self) -> None: ...


def _started(theirs: socket.socket, preload: Sequence[str], folder: Path | None, serves: str) -> _Process:
    path = [entry or os.getcwd() for entry in sys.path]
    given = json.dumps([([str(folder)] if folder else []) + path, list(preload), serves])
    return subprocess.Popen(
        [sys.executable, "-c", _BOOT, str(theirs.fileno()), given],
        stdin=subprocess.DEVNULL, pass_fds=(theirs.fileno(),), cwd=folder, start_new_session=True,
    )  # fmt: skip


class _Forked:
    """A nursery that was forked from this process; it has what ``subprocess.Popen`` has of one."""

    def __init__(self, ours: socket.socket, theirs: socket.socket, preload: Sequence[str], serves: str) -> None:
        _import(preload)
        keep_heap()
        self.pid = os.fork()
        if self.pid:
            return
        try:
            os.setsid()
            ours.close()
            nothing = os.open(os.devnull, os.O_RDONLY)
            os.dup2(nothing, 0)
            os.close(nothing)
            run(theirs.detach(), (), serves)
        finally:
            os._exit(1)

    def wait(self, timeout: float | None = None) -> None:
        until = None if timeout is None else time.monotonic() + timeout
        while os.waitpid(self.pid, os.WNOHANG) == (0, 0):
            if until is not None and time.monotonic() > until:
                raise subprocess.TimeoutExpired(["nursery"], timeout or 0.0)
            time.sleep(_LOOK_S)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


def run(fd: int, preload: Sequence[str], serves: str) -> None:
    """The nursery's end: fork and reap until the coordinator is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore", DeprecationWarning)  # libraries' idle threads: forking stays right, see preload
    control = socket.socket(fileno=fd)
    control.set_inheritable(False)
    _import(preload)
    serve = importlib.import_module(serves).serve
    keep_heap()
    alive: set[int] = set()
    try:
        while True:
            message, fds, _, _ = socket.recv_fds(control, _MESSAGE.size, 1)
            if not message:
                return
            order, pid, _ = _MESSAGE.unpack(message)
            if order == _FORK:
                pid = _fork(control, fds[0], serve)
                alive.add(pid)
                control.send(_MESSAGE.pack(FORKED, pid, 0))
            else:
                status = os.waitpid(pid, 0)[1]
                alive.discard(pid)
                control.send(_MESSAGE.pack(REAPED, pid, status))
    except OSError:
        return  # the coordinator is gone
    finally:
        for pid in alive:
            family.kill(pid)
        os._exit(0)  # the libraries' own endings are for those who used them


def _import(preload: Sequence[str]) -> None:
    for name in preload:
        with suppress(Exception, SystemExit):  # the worker that needs it will say what is wrong with it
            importlib.import_module(name)


def _fork(control: socket.socket, fd: int, serve: Callable[[socket.socket, int], None]) -> int:
    nursery = os.getpid()
    pid = os.fork()
    if pid:
        os.close(fd)
        return pid
    status = 1
    try:
        control.close()
        channel = socket.socket(fileno=fd)
        channel.set_inheritable(False)
        serve(channel, nursery)
        status = 0
    except OSError:
        pass  # the coordinator is gone
    except Exception:  # the last frame of this process: the trace is all that is left of it
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):
                stream.flush()
        os._exit(status)
