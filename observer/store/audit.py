"""The audit of what was asked to be changed: appended, never changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from observer.store.access_tables import audit


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request that would change something: by whom, what, and with which status it was answered.

    ``about`` is what was sent, in words, where the path doesn't say it.
    """

    at: datetime
    token_id: str
    name: str
    method: str
    path: str
    status: int
    address: str
    about: str | None = None
    id: int = 0


def add(connection: Connection, asked: Asked) -> None:
    """Append one."""
    connection.execute(
        insert(audit).values(
            at=asked.at, token_id=asked.token_id, name=asked.name, method=asked.method, path=asked.path,
            status=asked.status, address=asked.address, about=asked.about,
        )
    )  # fmt: skip


def newest(connection: Connection, *, before: int | None, most: int) -> tuple[Asked, ...]:
    """The newest ones, newest first; ``before`` is the id of the last that was seen."""
    wanted = select(audit).order_by(audit.c.id.desc()).limit(most)
    if before is not None:
        wanted = wanted.where(audit.c.id < before)
    return tuple(
        Asked(
            at=row.at, token_id=row.token_id, name=row.name, method=row.method, path=row.path, status=row.status,
            address=row.address, about=row.about, id=row.id,
        )
        for row in connection.execute(wanted)
    )  # fmt: skip
