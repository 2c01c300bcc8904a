"""What is done once in a while, by one of any number of processes."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from observer.store.chore_tables import chores

_DIALECTS = {"sqlite": sqlite, "postgresql": postgresql}


def is_due(connection: Connection, name: str, now: datetime, every: timedelta) -> bool:
    """Whether a chore was begun that long ago, or never; one begun in time to come counts as never."""
    begun: datetime | None = connection.execute(
        select(chores.c.begun_at).where(chores.c.name == name)
    ).scalar_one_or_none()
    return begun is None or not begun <= now < begun + every


def begin(connection: Connection, name: str, now: datetime, every: timedelta) -> bool:
    """Begin a chore that is due; False where another process was quicker."""
    first = _DIALECTS[connection.dialect.name].insert(chores).values(name=name, begun_at=now)
    if connection.execute(first.on_conflict_do_nothing().returning(chores.c.name)).one_or_none() is not None:
        return True
    late = (chores.c.begun_at <= now - every) | (chores.c.begun_at > now)
    return connection.execute(update(chores).where(chores.c.name == name, late).values(begun_at=now)).rowcount == 1
