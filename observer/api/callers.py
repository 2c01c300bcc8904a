"""Who sends a request: by token, by session, or as whoever is on this machine."""

from __future__ import annotations

import base64
import binascii
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from anyio import to_thread
from starlette.datastructures import Headers

from observer.access import ENVIRONMENT_TOKEN, LOOPBACK, Caller
from observer.api.cookies import SESSION, cookie, drawn
from observer.settings import ServeSettings
from observer.store import access
from observer.tokens import caller_of, digest_of, token_shown
from orchestration.database import reading, writing

if TYPE_CHECKING:
    from observer.project import Project

_REMEMBERED_S = 2.0
"""How long an answer of the store counts, so how long a revoked token may still be taken."""
_REMEMBERED = 2000
SESSION_S = 12 * 3600


class Way(StrEnum):
    """How a caller was recognized: what a browser sends by itself proves nothing about who wrote the request."""

    BEARER = "bearer"
    BASIC = "basic"
    SESSION = "session"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Recognized:
    """A caller, and how it was recognized."""

    caller: Caller
    way: Way


class Callers:
    """Recognizes callers; asks the store at most once in two seconds for each.

    Parameters
    ----------
    settings: the token of the server's environment.
    work: where tokens and sessions are kept; None where there is only the environment's.
    """

    def __init__(self, settings: ServeSettings, work: Project | None) -> None:
        self._token = settings.token or None
        self._work = work
        self._guarded = self._token is not None
        self._remembered: OrderedDict[str, tuple[float, Caller | None]] = OrderedDict()
        self._sessions: dict[str, float] = {}  # without a store: by digest, until when

    async def recognize(self, headers: Headers) -> Recognized | None:
        """Who sends these headers; None who must say so first. Raises StateError."""
        if not await self.guarded():
            return Recognized(LOOPBACK, Way.NONE)
        given = headers.getlist("authorization")
        if given:
            way, shown = _shown(given[0]) if len(given) == 1 else (Way.NONE, "")
            caller = None if way is Way.NONE else await self.showing(shown)
            return None if caller is None else Recognized(caller, way)
        value = cookie(headers, SESSION)
        caller = None if value is None else await self._in_session(value)
        return None if caller is None else Recognized(caller, Way.SESSION)

    async def guarded(self) -> bool:
        """Whether callers must say who they are: from the first token that was ever made on."""
        if not self._guarded and self._work is not None:
            anyone = await self._asked("any", lambda work: LOOPBACK if _any_was_made(work) else None)
            self._guarded = anyone is not None
        return self._guarded

    async def showing(self, shown: str) -> Caller | None:
        """Who shows this token."""
        if self._token is not None and secrets.compare_digest(shown.encode("latin-1", "replace"), self._token.encode()):
            return ENVIRONMENT_TOKEN
        if self._work is None:
            return None
        return await self._asked(f"token {digest_of(shown)}", lambda work: _by_token(work, shown))

    async def log_in(self, shown: str) -> str | None:
        """Begin a session with a token; returns its cookie's value, None for a token that opens nothing."""
        caller = await self.showing(shown)
        if caller is None:
            return None
        value = drawn()
        if self._work is None:
            self._sessions[digest_of(value)] = time.monotonic() + SESSION_S
        else:
            await to_thread.run_sync(self._begin, self._work, value, caller)
        return value

    async def log_out(self, headers: Headers) -> None:
        """End the session of the browser that sends these headers."""
        value = cookie(headers, SESSION)
        if value is None:
            return
        digest = digest_of(value)
        self._remembered.pop(f"session {digest}", None)
        self._sessions.pop(digest, None)
        if self._work is not None:
            await to_thread.run_sync(_end_session, self._work, digest)

    async def _in_session(self, value: str) -> Caller | None:
        digest = digest_of(value)
        if self._work is None:
            return ENVIRONMENT_TOKEN if self._sessions.get(digest, 0.0) > time.monotonic() else None
        return await self._asked(f"session {digest}", lambda work: self._by_session(work, digest))

    async def _asked(self, key: str, ask: Callable[[Project], Caller | None]) -> Caller | None:
        found = self._remembered.get(key)
        if found is not None and found[0] > time.monotonic():
            return found[1]
        assert self._work is not None
        caller = await to_thread.run_sync(ask, self._work)
        self._remembered[key] = (time.monotonic() + _REMEMBERED_S, caller)
        if len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)
        return caller

    def _by_session(self, work: Project, digest: str) -> Caller | None:
        with reading(work.engine) as connection:
            found = access.session(connection, digest, work.clock.wall())
            if found is None:
                return None
            token_id, token_digest = found
            kept = None if token_id is None else access.find(connection, token_id)
        if token_id is None:  # the environment's token, as long as it is still the same
            return ENVIRONMENT_TOKEN if self._token and token_digest == digest_of(self._token) else None
        return caller_of(work, kept[0]) if kept and kept[0].counts(work.clock.wall()) else None

    def _begin(self, work: Project, value: str, caller: Caller) -> None:
        now = work.clock.wall()
        by_environment = caller is ENVIRONMENT_TOKEN
        own = digest_of(self._token) if by_environment and self._token else None
        with writing(work.engine) as connection:
            token_id = None if by_environment else caller.id
            access.begin_session(
                connection, digest_of(value), token_id, own, now, now + timedelta(seconds=SESSION_S)
            )  # fmt: skip


def _shown(header: str) -> tuple[Way, str]:
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return Way.BEARER, value.strip()
    if scheme.lower() != "basic":
        return Way.NONE, ""
    try:
        return Way.BASIC, base64.b64decode(value.strip(), validate=True).partition(b":")[2].decode("latin-1")
    except (binascii.Error, ValueError):
        return Way.NONE, ""


def _any_was_made(work: Project) -> bool:
    with reading(work.engine) as connection:
        return access.any_was_made(connection)


def _by_token(work: Project, shown: str) -> Caller | None:
    token = token_shown(work, shown)
    return None if token is None else caller_of(work, token)


def _end_session(work: Project, digest: str) -> None:
    with writing(work.engine) as connection:
        access.end_session(connection, digest)
