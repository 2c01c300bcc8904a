"""Which code may still work with the state's schema: replicas of the last release go on while a new one takes over."""

from __future__ import annotations

from sqlalchemy import Column, Connection, String, Table, select

from orchestration.tables import metadata

compatibility = Table(
    "compatibility",
    metadata,
    Column("oldest", String(32), primary_key=True),  # one row: the revision that code has to speak at least
)

_OLDEST = select(compatibility.c.oldest)


def oldest_code(connection: Connection) -> str | None:
    """The revision that code has to speak at least to work with this schema; None: of a time before that was kept."""
    if not connection.dialect.has_table(connection, compatibility.name):
        return None
    found: str | None = connection.execute(_OLDEST).scalar_one_or_none()
    return found
