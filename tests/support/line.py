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
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self._is_cut = False
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def cut(self) -> None:
        """Break what is connected, and whatever connects from now on."""
        with self._lock:
            self._is_cut = True
            for one in self._open:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            self._open.clear()

    def mend(self) -> None:
        self._is_cut = False

    def close(self) -> None:
        self.cut()
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
                self._open += [caller, server]
            for one, other in ((caller, server), (server, caller)):
                threading.Thread(target=_hand_on, args=(one, other), daemon=True).start()

    def _reach(self) -> socket.socket:
        if not isinstance(self._target, str):
            return socket.create_connection(self._target)
        server = socket.socket(socket.AF_UNIX)
        server.connect(self._target)
        return server


@contextmanager
def line_to(target: tuple[str, int] | str) -> Iterator[Line]:
    line = Line(target)
    try:
        yield line
    finally:
        line.close()


def _hand_on(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while body := one.recv(_BLOCK):
            other.sendall(body)
    for each in (one, other):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
            each.close()
