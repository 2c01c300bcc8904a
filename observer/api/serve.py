"""Listening: the port is bound before the server starts, so that what goes wrong is said clearly."""

from __future__ import annotations

import errno
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_address
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from observer.errors import ServeError
from observer.settings import ServeSettings
from orchestration.heap import settled_heap

_KEPT_S = 75  # an idle connection: longer than clients and proxies keep one, so that they don't send into its end
_TURN_S = 0.001
_GRACE_S = 5  # for answers on their way when it is told to stop


def serve(
    app: ASGIApp,
    settings: ServeSettings,
    *,
    guarded: bool = False,
    on_listening: Callable[[str], None] | None = None,
    on_stop: Callable[[], None] = lambda: None,
) -> None:
    """Answer until SIGINT or SIGTERM, then finish what is on its way and return. Prints nothing.

    Parameters
    ----------
    app: what answers.
    settings: where to listen; port 0 takes a free one.
    guarded: whether ``app`` asks for a token even where ``settings`` has none.
    on_listening: told the address as soon as connections are accepted.
    on_stop: called as soon as a signal asks it to end: whoever listens to a stream is let go.

    Raises
    ------
    ServeError: it can't listen there, or would do so beyond this machine without a token.
    """
    with listen(settings, guarded=guarded) as listener:
        server = _Server(
            uvicorn.Config(
                app,
                access_log=False,
                log_config=None,
                log_level="warning",
                server_header=False,
                date_header=True,
                proxy_headers=False,
                timeout_keep_alive=_KEPT_S,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )
        server.on_stop = on_stop
        with _stops(server), _taking_turns(), settled_heap():
            if on_listening is not None:
                on_listening(replace(settings, port=listener.getsockname()[1]).url)
            server.run(sockets=[listener])


def listen(settings: ServeSettings, *, guarded: bool = False) -> socket.socket:
    """Bind the address and accept connections on it, which wait until the server starts.

    Raises
    ------
    ServeError: as for ``serve``.
    """
    where = f"{settings.host} port {settings.port}"
    if not 0 <= settings.port <= 65535:  # the resolver would wrap it around
        raise ServeError(f"can't listen on {where}: no such port; nothing was started; give one of 1 to 65535")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        raise ServeError(
            f"can't listen on {where}: {settings.host!r} is no address of this machine; nothing was started; "
            "give 127.0.0.1, or one that `ip address` shows"
        ) from error
    if not (settings.token or guarded) and not ip_address(str(address[0]).partition("%")[0]).is_loopback:
        raise ServeError(
            f"refuses to listen on {settings.host}, which other machines can reach, without a token; nothing "
            "was started; make one (`tidegate token create NAME --role admin`), set TIDEGATE_TOKEN to a long random "
            "text (`openssl rand -hex 32`), or listen on 127.0.0.1"
        )
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise ServeError(f"can't listen on {where}: {_cause(error, settings.port)}") from error
    return listener


def _cause(error: OSError, port: int) -> str:
    number = error.errno
    if number == errno.EADDRINUSE:
        return (
            f"another program listens on port {port} already; nothing was started; stop it "
            f"(`ss -ltnp 'sport = :{port}'` shows which it is) or give another port with --port"
        )
    if number == errno.EACCES:
        return f"this user may not use port {port}; nothing was started; give a port above 1023 with --port"
    if number == errno.EADDRNOTAVAIL:
        return "this machine has no such address; nothing was started; give 127.0.0.1, or one that it has"
    return f"{error}; nothing was started; give another host or port"


class _Server(uvicorn.Server):
    """uvicorn's, which says that it was told to stop before it waits for the answers on their way."""

    on_stop: Callable[[], None]

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.on_stop()
        super().handle_exit(sig, frame)


@contextmanager
def _taking_turns() -> Iterator[None]:
    """Let threads change hands more often: a short answer then waits less for one that computes, at each step of it."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_TURN_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@contextmanager
def _stops(server: uvicorn.Server) -> Iterator[None]:
    """Let signals end the server and nothing else: uvicorn raises them again after it has ended."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
