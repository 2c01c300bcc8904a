"""API tokens: made once and shown once, looked up by their public part, compared by digest."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import timedelta

from observer.access import Caller, Role, Token
from observer.errors import TokenError, UnknownName
from observer.project import Project
from observer.store import access
from orchestration.database import reading, writing
from orchestration.errors import SelectionError
from orchestration.selection import select

_SHAPE = re.compile(r"tidegate_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_NONE = hashlib.sha256(b"").hexdigest()


def make_token(
    work: Project, name: str, role: Role, *, assets: Sequence[str] = (), for_s: float | None = None, by: str
) -> tuple[Token, str]:
    """Make a token; returns it and what its holder shows, which is kept nowhere.

    Parameters
    ----------
    name: for people, who see it in the history beside what was done with it.
    assets: selections of the assets that it is for; all, if none.
    for_s: how long it opens anything, in seconds; for good, if None.

    Raises
    ------
    UnknownName, SelectionError
        ``assets`` selects nothing, or by a status, which changes.
    TokenError
        It has no name, or would be over already.
    """
    if not name.strip():
        raise TokenError("a token needs a name, which stays in the history beside what is done with it")
    if for_s is not None and for_s <= 0:
        raise TokenError(f"the token {name!r} would be over already; nothing was made; give it a longer time")
    for selection in assets:
        if "status:" in selection:
            raise SelectionError(f"a token can't be for {selection!r}: a status changes; nothing was made")
        select(work.graph, selection)
    now = work.clock.wall()
    secret = secrets.token_urlsafe(32)
    token = Token(
        id=secrets.token_hex(6), name=name.strip(), role=role, assets=tuple(assets) or None, made_at=now, made_by=by,
        expires_at=None if for_s is None else now + timedelta(seconds=for_s),
    )  # fmt: skip
    with writing(work.engine) as connection:
        access.add(connection, token, digest_of(secret))
    return token, f"tidegate_{token.id}_{secret}"


def revoke_token(work: Project, token_id: str) -> Token:
    """From now on a token, and whoever logged in with it, opens nothing; raises UnknownName."""
    with writing(work.engine) as connection:
        found = access.find(connection, token_id)
        if found is None:
            raise UnknownName("token", token_id, [token.id for token in access.all_tokens(connection)])
        access.revoke(connection, token_id, work.clock.wall())
        again = access.find(connection, token_id)
    assert again is not None
    return again[0]


def tokens_of(work: Project) -> tuple[Token, ...]:
    """Every token that was ever made, newest first."""
    with reading(work.engine) as connection:
        return access.all_tokens(connection)


def digest_of(secret: str) -> str:
    """What is kept of a secret that was drawn at random: nothing that is slow to compute is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def token_shown(work: Project, shown: str) -> Token | None:
    """The token that ``shown`` is, as long as it counts; compared in constant time, also where there is none."""
    parts = _SHAPE.fullmatch(shown)
    if parts is None:
        return None
    with reading(work.engine) as connection:
        found = access.find(connection, parts[1])
    same = secrets.compare_digest(digest_of(parts[2]), found[1] if found else _NONE)
    return found[0] if found and same and found[0].counts(work.clock.wall()) else None


def caller_of(work: Project, token: Token) -> Caller:
    """Who shows a token. A selection that has come to name nothing gives nothing."""
    assets = (
        None if token.assets is None else frozenset(str(key) for each in token.assets for key in _named(work, each))
    )
    return Caller(id=token.id, name=token.name, role=token.role, assets=assets)


def _named(work: Project, selection: str) -> tuple[str, ...]:
    try:
        return select(work.graph, selection)
    except (UnknownName, SelectionError):
        return ()
