"""Messages that nobody tries any more: seen, and tried again when a person says so."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, func, select, update

from observer.model import Notification
from observer.store.outbox import AS_THEY_FARE, COLUMNS, is_of, notification
from observer.store.tables import outbox
from orchestration.tables import EPOCH

_DEAD = (
    outbox.c.delivered_at.is_(None),
    outbox.c.next_attempt_at.is_(None),
    outbox.c.folded_into.is_(None),
)


def dead(connection: Connection, environment: str, limit: int | None = None) -> tuple[Notification, ...]:
    """Those of an environment that were given up, the newest first; one that holds others stands for them."""
    rows = connection.execute(
        select(*COLUMNS)
        .where(is_of(environment), *_DEAD)
        .order_by(outbox.c.created_at.desc(), outbox.c.id)
        .limit(limit)
    )
    return tuple(notification(row) for row in rows)


def held_in(connection: Connection, ids: Collection[str]) -> dict[str, int]:
    """How many messages were folded into each of some others; none: no entry."""
    rows = connection.execute(
        select(outbox.c.folded_into, func.count())
        .where(outbox.c.folded_into.in_(list(ids)))
        .group_by(outbox.c.folded_into)
    )
    return {row[0]: row[1] for row in rows}


def undelivered(connection: Connection, ids: Collection[str]) -> tuple[Notification, ...]:
    """Those of some messages that were not delivered yet, neither by themselves nor within another."""
    rows = connection.execute(AS_THEY_FARE.where(outbox.c.id.in_(list(ids))))
    return tuple(notification(row) for row in rows if row.delivered_at is None)


def replay(connection: Connection, ids: Collection[str]) -> tuple[str, ...]:
    """Let given up messages be tried again from the beginning, with the same ids; returns which."""
    again = (
        update(outbox)
        .where(*_DEAD, outbox.c.id.in_(list(ids)))
        .values(next_attempt_at=EPOCH, attempts=0, claimed_until=None)
    )
    return tuple(sorted(connection.execute(again.returning(outbox.c.id)).scalars()))
