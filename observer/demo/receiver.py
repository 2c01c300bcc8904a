"""A small webhook receiver, as a team would write one: it verifies each message's signature and keeps it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One message whose signature was good."""

    id: str
    type: str
    text: str


class Receiver:
    """Listens on a free port of loopback while the ``with`` block lasts; ``heard`` is called for each message."""

    def __init__(self, secret: str, heard: Callable[[Received], None]) -> None:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.send_response(receiver._take(self.headers, self.rfile))
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """The demo prints what arrives itself."""

        self._secret, self._heard = secret, heard
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="demo-receiver", daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/tidegate"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _take(self, headers: Any, stream: Any) -> int:
        """Verify and keep a message; returns the HTTP status to answer with."""
        from standardwebhooks import Webhook, WebhookVerificationError

        size = int(headers.get("content-length") or 0)
        if not 0 < size <= _LARGEST:
            return 413
        body = stream.read(size)
        try:
            Webhook(self._secret).verify(body, {key.lower(): value for key, value in headers.items()})
        except WebhookVerificationError:
            return 401
        said = json.loads(body)
        self._heard(Received(id=headers["webhook-id"], type=said["type"], text=said["data"]["text"]))
        return 204
