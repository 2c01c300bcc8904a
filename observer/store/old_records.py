"""What was said and asked long ago: messages that wait for nothing, the audit, and events that only went by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, exists, func, or_, select

from observer.model import IncidentStatus
from observer.store.access_tables import audit
from observer.store.outbox import is_of
from observer.store.status_tables import status_cursor
from observer.store.tables import incidents, outbox
from orchestration.events import PASSING
from orchestration.tables import events

_folded = outbox.alias("folded")


def remove_messages(
    connection: Connection, environment: str, delivered: datetime, resolved: datetime, limit: int
) -> int:
    """Remove messages that were delivered before one instant, of incidents that were resolved before another.

    Those of an environment's channels. Messages that were folded into one of them go with it; one that holds a message
    that stays, stays.
    """
    return _remove(connection, is_of(environment) & (outbox.c.delivered_at < delivered), resolved, limit)


def remove_dead_letters(
    connection: Connection, environment: str, written: datetime, resolved: datetime, limit: int
) -> int:
    """Remove messages that were given up and written before one instant, otherwise as :func:`remove_messages`."""
    is_dead = outbox.c.delivered_at.is_(None) & outbox.c.next_attempt_at.is_(None) & outbox.c.folded_into.is_(None)
    return _remove(connection, is_of(environment) & is_dead & (outbox.c.created_at < written), resolved, limit)


def _remove(connection: Connection, which: ColumnElement[bool], resolved: datetime, limit: int) -> int:
    """Remove some messages of incidents that were resolved before an instant, with what was folded into them."""
    over = select(incidents.c.id).where(
        incidents.c.status == IncidentStatus.RESOLVED.value, incidents.c.resolved_at < resolved
    )
    holds_more = exists().where(_folded.c.folded_into == outbox.c.id, _folded.c.incident_id.not_in(over))
    found = list(
        connection.execute(
            select(outbox.c.id).where(which, outbox.c.incident_id.in_(over), ~holds_more).limit(limit)
        ).scalars()
    )
    if not found:
        return 0
    theirs = or_(outbox.c.id.in_(found), outbox.c.folded_into.in_(found))
    waits = outbox.c.next_attempt_at.is_not(None)  # it was given up, and somebody has it tried again
    return connection.execute(delete(outbox).where(theirs, ~waits)).rowcount


def remove_audit(connection: Connection, before: datetime, limit: int) -> int:
    """Remove what was asked before an instant; never the newest, whose number no other may get."""
    newest = select(func.max(audit.c.id)).scalar_subquery()
    some = select(audit.c.id).where(audit.c.at < before, audit.c.id < newest).limit(limit)
    return connection.execute(delete(audit).where(audit.c.id.in_(some))).rowcount


def passed_by(connection: Connection, before: datetime, after: int, limit: int) -> list[int]:
    """The next events, the oldest first, from before an instant, that only those read who follow the log.

    Never the newest of all, whose number no other may get, and none that the states of assets don't know yet.
    """
    c, kinds = events.c, [kind.value for kind in PASSING]
    reached, newest = select(func.min(status_cursor.c.at)), select(func.max(c.id))
    known = func.coalesce(reached.scalar_subquery(), newest.scalar_subquery())
    asked = select(c.id).where(c.id > after, c.kind.in_(kinds), c.at < before, c.id < known).order_by(c.id).limit(limit)
    return list(connection.execute(asked).scalars())


def remove_events(connection: Connection, ids: Sequence[int]) -> int:
    """Remove some events."""
    return connection.execute(delete(events).where(events.c.id.in_(ids))).rowcount
