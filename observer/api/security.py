"""Who may ask, and what a browser may do with the answer: plain ASGI, outside everything else.

Any web page in the user's browser can reach a server on this machine, also under a name of its own that it
resolves to 127.0.0.1 (DNS rebinding). So without a token only the service's own names are answered; with one,
the token is what is asked for. Writes must come from the service's own pages, as a browser sends a Basic
password by itself.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from observer.api.problems import problem
from observer.settings import ServeSettings

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""What a page may load: only what this server serves."""

_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_OPEN_PATHS = frozenset({"/healthz"})
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Security:
    """Refuses who may not ask; adds the security headers to every answer.

    Parameters
    ----------
    app: what is protected.
    settings: its host and its token.
    """

    def __init__(self, app: ASGIApp, settings: ServeSettings) -> None:
        self._app = app
        self._host = settings.host.lower()
        self._token = settings.token.encode() if settings.token else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})  # there is none yet
        else:
            refusal = self._refusal(scope)
            await (refusal or self._app)(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1:
            return problem(400, "bad-host", "Bad host", "the request needs exactly one Host header")
        if self._token is None:
            name = _host_name(hosts[0])
            if name is None or not (_is_loopback(name) or name == self._host):
                return problem(
                    421,
                    "unknown-host",
                    "Unknown host",
                    "this server does not answer under the name of the Host header; ask it as 127.0.0.1 or "
                    "localhost, or set TIDEGATE_TOKEN on the server and show the token",
                )
        elif scope["path"] not in _OPEN_PATHS and not self._shows_token(headers):
            return problem(
                401,
                "unauthorized",
                "Unauthorized",
                "this server asks for its token: send `Authorization: Bearer <token>`, or Basic with the "
                "token as password",
                headers={"www-authenticate": 'Basic realm="tidegate"'},
            )
        if scope["method"] not in _SAFE_METHODS and _is_foreign(headers, hosts[0]):
            return problem(403, "foreign-origin", "Foreign origin", "another web page sent this; nothing was changed")
        return None

    def _shows_token(self, headers: Headers) -> bool:
        """Compared in constant time; more than one Authorization header is none."""
        given = headers.getlist("authorization")
        if len(given) != 1 or self._token is None:
            return False
        scheme, _, value = given[0].partition(" ")
        shown = value.strip().encode("latin-1")
        if scheme.lower() == "basic":
            try:
                shown = base64.b64decode(shown, validate=True).partition(b":")[2]
            except (binascii.Error, ValueError):
                return False
        elif scheme.lower() != "bearer":
            return False
        return secrets.compare_digest(shown, self._token)


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message.setdefault("headers", []))
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            kind = headers.get("content-type", "").partition(";")[0].strip()
            if kind == "text/html" or kind.endswith("json"):
                headers.setdefault("cache-control", "no-store")  # what is static says so itself
        await send(message)

    return send_with_headers


def _host_name(host: str) -> str | None:
    """The lower-case name of a Host header without its port; None where it is not one."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    return parts.hostname if parts.netloc == host and "@" not in host else None


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def _is_foreign(headers: Headers, host: str) -> bool:
    """Whether a browser says that another site's page sent this; clients that are no browser say nothing."""
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return True
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != host.lower()
