"""Who may ask, and what a browser may do with the answer: plain ASGI, outside everything else.

Any web page in the user's browser can reach a server on this machine, also under a name of its own that it
resolves to 127.0.0.1 (DNS rebinding). So while no token was made only the service's own names are answered; later
a token or a session is what is asked for. Writes must come from the service's own pages, and carry a proof of it
wherever a form of another site could have sent the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from observer.access import LOOPBACK, Role
from observer.api.callers import Callers, Recognized, Way
from observer.api.cookies import SESSION, VISIT, cookie, drawn, proof, proves, set_cookie
from observer.api.forms import FORM, form_field
from observer.api.hosts import host_name, is_foreign, is_loopback
from observer.api.problems import of_error, problem
from observer.api.rates import BURST, FAILURES_BURST, FAILURES_PER_S, PER_S, Buckets
from observer.errors import NotAllowed, StateError
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

CSRF_FIELD, CSRF_HEADER = "csrf", "x-tidegate-csrf"
"""Where a form, or a script of our own page, carries its proof."""

_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_OPEN = frozenset({"/healthz", "/readyz", "/login"})  # probes of Kubernetes can show no token
_OPEN_BELOW = "/static/"  # what the login page needs; nothing of the project
_VIEWERS_WRITE = frozenset({"/login", "/logout"})
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_PLAIN_FORMS = frozenset({"", FORM, "multipart/form-data", "text/plain"})
"""What a page of another site can send without asking first (Fetch, "CORS-safelisted request-header")."""
_VISIT_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request as far as its first lines say it."""

    scope: Scope
    headers: Headers
    host: str

    @property
    def writes(self) -> bool:
        return self.scope["method"] not in _SAFE_METHODS

    @property
    def path(self) -> str:
        path: str = self.scope["path"]
        return path

    @property
    def address(self) -> str:
        return str((self.scope.get("client") or ("",))[0])

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def wants_page(self) -> bool:
        return not self.writes and "text/html" in self.headers.get("accept", "")


class Security:
    """Refuses who may not ask; adds the security headers to every answer.

    What it finds is in the request's state: ``caller`` and ``proof``, what its forms have to carry.

    Parameters
    ----------
    app: what is protected.
    settings: its host.
    callers: recognizes who asks.
    """

    def __init__(self, app: ASGIApp, settings: ServeSettings, callers: Callers) -> None:
        self._app = app
        self._host = settings.host.lower()
        self._callers = callers
        self._asked, self._failures = Buckets(PER_S, BURST), Buckets(FAILURES_PER_S, FAILURES_BURST)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})  # there is none yet
        else:
            await self._answer(scope, receive, _with_headers(send))

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1:
            refusal = problem(400, "bad-host", "Bad host", "the request needs exactly one Host header")
            return await refusal(scope, receive, send)
        asked = _Asked(scope, headers, hosts[0])
        try:
            refused, found = await self._met(asked)
            if refused is not None:
                return await refused(scope, receive, send)
        except StateError as error:
            return await of_error(error)(scope, receive, send)
        tie = cookie(headers, SESSION) if found and found.way is Way.SESSION else cookie(headers, VISIT)
        if asked.writes:
            refused, receive = await _forged(asked, found, tie, receive)
            if refused is not None:
                return await refused(scope, receive, send)
        state = scope.setdefault("state", {})
        state["callers"] = self._callers
        if found is not None:
            state["caller"] = found.caller
        if tie is None:
            tie = drawn()
            send = _with_visit(send, tie)
        state["proof"] = proof(tie)
        await self._app(scope, receive, send)

    async def _met(self, asked: _Asked) -> tuple[ASGIApp | None, Recognized | None]:
        """Who asks, or the answer to who may not."""
        name = host_name(asked.host)
        own = name is not None and (is_loopback(name) or name == self._host)
        if asked.path == "/healthz" and own:
            return None, None  # asks nothing, not even the store
        if not own and not await self._callers.guarded():
            return (
                problem(
                    421,
                    "unknown-host",
                    "Unknown host",
                    "this server does not answer under the name of the Host header; ask it as 127.0.0.1 or "
                    "localhost, or make a token on the server (`tidegate token create`) and show it",
                ),
                None,
            )
        if asked.writes and is_foreign(asked.headers, asked.host):
            return problem(
                403, "foreign-origin", "Foreign origin", "another web page sent this; nothing was changed"
            ), None
        if asked.path == "/login" and asked.writes and (wait_s := self._failures.wait_s(asked.address)):
            return _slower(wait_s), None
        if asked.path in _OPEN or (asked.path.startswith(_OPEN_BELOW) and not asked.writes):
            return None, None
        found = await self._callers.recognize(asked.headers)
        if found is None:
            wait_s = self._failures.wait_s(asked.address) if "authorization" in asked.headers else 0.0
            return _slower(wait_s) if wait_s else _who(asked), None
        if found.caller is not LOOPBACK and (wait_s := self._asked.wait_s(found.caller.id)):
            return _slower(wait_s), None
        if asked.writes and found.caller.role is Role.VIEWER and asked.path not in _VIEWERS_WRITE:
            error = NotAllowed(f"{found.caller.name} is a viewer, who changes nothing; nothing was changed")
            return of_error(error), None
        return None, found


def _who(asked: _Asked) -> ASGIApp:
    """The answer to who has not said who it is: a page to say it on, for people."""
    if asked.wants_page and not asked.path.startswith("/api/"):
        query = asked.scope.get("query_string", b"").decode("latin-1")
        wanted = quote(asked.path, safe="/") + (f"?{query}" if query else "")
        return RedirectResponse(f"/login?next={quote(wanted, safe='')}", HTTPStatus.SEE_OTHER)
    return problem(
        401,
        "unauthorized",
        "Unauthorized",
        "this server asks for a token: send `Authorization: Bearer <token>`, or Basic with the token as password; "
        "`tidegate token create` makes one",
        headers={"www-authenticate": 'Bearer realm="tidegate"'},
    )


def _slower(wait_s: float) -> ASGIApp:
    """The answer to who asks too often."""
    return problem(
        429,
        "too-many-requests",
        "Too Many Requests",
        f"asked too often; nothing was changed; ask again in {math.ceil(wait_s)} s",
        headers={"retry-after": str(math.ceil(wait_s))},
    )


async def _forged(
    asked: _Asked, found: Recognized | None, tie: str | None, receive: Receive
) -> tuple[ASGIApp | None, Receive]:
    """The answer to a write that another site's page could have made the browser send, and the body to read.

    A token in a header was put there by who knows it. A session is sent by the browser itself, so its writes carry a
    proof. Without either, and with Basic, which browsers send by themselves too, only what needs no permission of ours
    to be sent across sites (a form, or no body) carries one.
    """
    way = found.way if found is not None else Way.NONE
    if way is Way.BEARER:
        return None, receive
    if way is not Way.SESSION and not (asked.scope["method"] == "POST" and asked.content_type in _PLAIN_FORMS):
        return None, receive
    shown = asked.headers.get(CSRF_HEADER, "")
    if not shown and asked.content_type == FORM:
        shown, receive = await form_field(receive, CSRF_FIELD)
    if proves(shown, tie):
        return None, receive
    return problem(
        403,
        "unproven-form",
        "Unproven form",
        "nothing shows that a page of this server sent this; nothing was changed; load the page again, or as a "
        "program send `Authorization: Bearer <token>` or `Content-Type: application/json`",
    ), receive


def _with_visit(send: Send, value: str) -> Send:
    """Give the browser that gets a page the cookie that its forms are tied to."""

    async def send_with_visit(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message.setdefault("headers", []))
            if headers.get("content-type", "").startswith("text/html"):
                headers.append("set-cookie", set_cookie(VISIT, value, max_age_s=_VISIT_S, secure=False))
        await send(message)

    return send_with_visit


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
