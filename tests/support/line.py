"""A line to a server that can be cut and mended: connections break, new ones are refused, and the server lives on."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_BLOCK = 65_536


class Line:
    """Listens at ``port`` and hands on both ways what it hears; ``target`` is a host and port, or a socket's path."""

    def __init__(self, target: tuple[str, int] | str) -> None:
        self._target = target
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._is_cut = False
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._threads = [threading.Thread(target=self._listen, daemon=True)]
        self._threads[0].start()

    def cut(self) -> None:
        """Break what is connected, and whatever connects from now on."""
        with self._lock:
            self._is_cut = True
            for one in self._open:
                _hang_up(one)

    def mend(self) -> None:
        self._is_cut = False

    def close(self) -> None:
        """Break what is connected and wait until every socket is closed: none is left to a later test."""
        self.cut()
        _hang_up(self._listening)
        for thread in self._threads:
            thread.join(timeout=10)
        self._listening.close()

    def _listen(self) -> None:
        while True:
            try:
                caller, _ = self._listening.accept()
            except OSError:
                return
            with self._lock:
                if self._is_cut:
                    caller.close()
                    continue
                server = self._reach()
                self._open |= {caller, server}
            thread = threading.Thread(target=self._connect, args=(caller, server), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _reach(self) -> socket.socket:
        if not isinstance(self._target, str):
            return socket.create_connection(self._target)
        server = socket.socket(socket.AF_UNIX)
        server.connect(self._target)
        return server

    def _connect(self, caller: socket.socket, server: socket.socket) -> None:
        with caller, server:
            back = threading.Thread(target=_hand_on, args=(server, caller), daemon=True)
            back.start()
            _hand_on(caller, server)
            back.join()
            with self._lock:
                self._open -= {caller, server}


@contextmanager
def line_to(target: tuple[str, int] | str) -> Iterator[Line]:
    line = Line(target)
    try:
        yield line
    finally:
        line.close()


def _hand_on(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        if other.family == socket.AF_INET:  # what came at once goes on at once
            other.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while body := one.recv(_BLOCK):
            other.sendall(body)
    for each in (one, other):
        _hang_up(each)


def _hang_up(one: socket.socket) -> None:
    with suppress(OSError):  # the other side was quicker
        one.shutdown(socket.SHUT_RDWR)
