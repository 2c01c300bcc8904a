"""One leader among processes: who holds a row's lease does what must be done once."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from orchestration.errors import LeadLost
from orchestration.lease import is_gone, this_process
from orchestration.queue_tables import leaders

LEAD = timedelta(seconds=15)
"""How long a lead lasts after its holder was last heard of."""


def lead(connection: Connection, name: str, now: datetime) -> int | None:
    """Take or renew the lead of ``name``; returns its fencing token, None where another process leads.

    ``now`` is the database's (``database_now``). Call it inside a write transaction.
    """
    ours = this_process()
    row = connection.execute(select(leaders).where(leaders.c.name == name).with_for_update()).one_or_none()
    if row is None:
        dialect = {"sqlite": sqlite, "postgresql": postgresql}[connection.dialect.name]
        first = dialect.insert(leaders).values(name=name, token=1, holder=ours, held_until=now + LEAD)
        won = connection.execute(first.on_conflict_do_nothing().returning(leaders.c.token)).one_or_none()
        return None if won is None else 1
    if row.holder != ours and row.held_until > now and not is_gone(row.holder):
        return None
    token: int = row.token + (1 if row.holder != ours or row.held_until <= now else 0)
    taken = update(leaders).where(leaders.c.name == name)
    connection.execute(taken.values(token=token, holder=ours, held_until=now + LEAD))
    return token


def is_led_elsewhere(connection: Connection, name: str, now: datetime) -> bool:
    """Whether another process leads, without taking anything."""
    row = connection.execute(select(leaders).where(leaders.c.name == name)).one_or_none()
    return row is not None and row.holder != this_process() and row.held_until > now and not is_gone(row.holder)


def confirm(connection: Connection, name: str, token: int) -> None:
    """Raise LeadLost unless ``token`` still leads; call it in the transaction that relies on it."""
    row = connection.execute(select(leaders.c.token).where(leaders.c.name == name).with_for_update()).one_or_none()
    if row is None or row.token != token:
        raise LeadLost(name)


def step_down(connection: Connection, name: str, token: int, now: datetime) -> None:
    """Let another process lead at once; does nothing if one does already."""
    ours = (leaders.c.name == name) & (leaders.c.token == token)
    connection.execute(update(leaders).where(ours).values(held_until=now))
