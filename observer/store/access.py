"""Tokens, and the sessions of people who logged in with one: only digests are kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from observer.access import Role, Token
from observer.store.access_tables import sessions, tokens


def add(connection: Connection, token: Token, digest: str) -> None:
    """Store a new token with the digest of its secret."""
    connection.execute(
        insert(tokens).values(
            id=token.id, name=token.name, role=token.role.value,
            assets=None if token.assets is None else list(token.assets), digest=digest, made_at=token.made_at,
            made_by=token.made_by, expires_at=token.expires_at,
        )
    )  # fmt: skip


def find(connection: Connection, token_id: str) -> tuple[Token, str] | None:
    """A token with the digest of its secret, revoked and expired ones included."""
    row = connection.execute(select(tokens).where(tokens.c.id == token_id)).one_or_none()
    return None if row is None else (_token(row), row.digest)


def all_tokens(connection: Connection) -> tuple[Token, ...]:
    """Every token that was ever made, newest first."""
    rows = connection.execute(select(tokens).order_by(tokens.c.made_at.desc(), tokens.c.id))
    return tuple(_token(row) for row in rows)


def any_was_made(connection: Connection) -> bool:
    """Whether a token was ever made, whatever became of it."""
    return connection.execute(select(tokens.c.id).limit(1)).first() is not None


def revoke(connection: Connection, token_id: str, at: datetime) -> None:
    """From now on a token opens nothing, nor do the sessions begun with it."""
    connection.execute(delete(sessions).where(sessions.c.token_id == token_id))
    here = (tokens.c.id == token_id, tokens.c.revoked_at.is_(None))
    connection.execute(update(tokens).where(*here).values(revoked_at=at))


def begin_session(
    connection: Connection, digest: str, token_id: str | None, token_digest: str | None, at: datetime, until: datetime
) -> None:
    """Store a session by the digest of its cookie; those that are over are forgotten."""
    forget_ended(connection, at)
    connection.execute(
        insert(sessions).values(
            digest=digest, token_id=token_id, token_digest=token_digest, made_at=at, expires_at=until
        )
    )


def forget_ended(connection: Connection, at: datetime) -> int:
    """Forget the sessions that are over; returns how many there were."""
    return connection.execute(delete(sessions).where(sessions.c.expires_at <= at)).rowcount


def session(connection: Connection, digest: str, now: datetime) -> tuple[str | None, str | None] | None:
    """Of a session that isn't over: its token's id, or the digest of the environment's token."""
    here = (sessions.c.digest == digest, sessions.c.expires_at > now)
    row = connection.execute(select(sessions.c.token_id, sessions.c.token_digest).where(*here)).one_or_none()
    return None if row is None else (row.token_id, row.token_digest)


def end_session(connection: Connection, digest: str) -> None:
    """Forget a session."""
    connection.execute(delete(sessions).where(sessions.c.digest == digest))


def _token(row: Any) -> Token:
    return Token(
        id=row.id, name=row.name, role=Role(row.role), assets=None if row.assets is None else tuple(row.assets),
        made_at=row.made_at, made_by=row.made_by, expires_at=row.expires_at, revoked_at=row.revoked_at,
    )  # fmt: skip
