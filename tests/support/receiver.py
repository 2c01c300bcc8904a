"""A real HTTP receiver on this machine, for webhooks: it records, fails when told, stops and starts again."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

_NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request as it came in; `headers` have lower-case names, `status` is what was answered."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    status: int


class Receiver:
    """Listens on 127.0.0.1 while it is started; the port stays its own for all its starts.

    Thread-safe. `with Receiver() as receiver:` starts it and stops it after.
    """

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._requests: list[Received] = []
        self._failures: list[tuple[int, Mapping[str, str]]] = []
        self.is_ill: Callable[[], bool] = lambda: False  # asked at each request: whether to answer it with 503
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None
        self._port = 0  # the system's choice at the first start

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/hook"

    @property
    def requests(self) -> list[Received]:
        """Everything that came in so far, oldest first, answered well or not."""
        with self._lock:
            return list(self._requests)

    @property
    def accepted(self) -> list[Received]:
        """The requests that were answered with a 2xx status."""
        return [request for request in self.requests if request.status < 300]

    def fail(self, times: int, status: int = 503, headers: Mapping[str, str] = _NO_HEADERS) -> None:
        """Answer the next `times` requests with `status` and `headers`; they are recorded all the same."""
        with self._lock:
            self._failures.extend([(status, headers)] * times)

    def wait_for(self, count: int, timeout_s: float = 10.0) -> list[Received]:
        """The accepted requests as soon as there are `count`; an AssertionError after `timeout_s`."""
        end = time.monotonic() + timeout_s
        with self._lock:
            while True:
                accepted = [request for request in self._requests if request.status < 300]
                if len(accepted) >= count:
                    return accepted
                left = end - time.monotonic()
                if left <= 0:
                    statuses = [request.status for request in self._requests]
                    raise AssertionError(f"waited {timeout_s} s for {count} deliveries, saw {statuses}")
                self._lock.wait(left)

    def start(self) -> Self:
        """Listen; on the same port as before when it was started before."""
        assert self._server is None, "already started"
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), self._handler())
        self._port = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name="receiver", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Refuse connections from now on; what was received stays readable."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._server = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _record(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Mapping[str, str]]:
        with self._lock:
            told = self._failures.pop(0) if self._failures else (503 if self.is_ill() else 204, _NO_HEADERS)
            status = told[0]
            self._requests.append(Received(method=method, path=path, headers=headers, body=body, status=status))
            self._lock.notify_all()
            return told

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        record = self._record

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, more = record(self.command, self.path, headers, body)
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            do_GET = do_POST = do_PUT = _answer

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler
