"""The outbox in the state store: written in the incident's transaction, emptied by any number of senders."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, Update, and_, func, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from observer.alerts.base import OutboxCounts
from observer.errors import StateError
from observer.model import Notification
from observer.store.tables import outbox
from orchestration.tables import EPOCH

_COLUMNS = (
    outbox.c.id,
    outbox.c.incident_id,
    outbox.c.event,
    outbox.c.channel,
    outbox.c.payload,
    outbox.c.created_at,
    outbox.c.attempts,
    outbox.c.next_attempt_at,
    outbox.c.delivered_at,
    outbox.c.last_error,
)
_WAITS = and_(outbox.c.delivered_at.is_(None), outbox.c.next_attempt_at.is_not(None))
_PAGE = 500  # ids in one question


def enqueue(connection: Connection, notifications: Iterable[Notification]) -> None:
    """Add messages inside the caller's transaction: they are said if and only if it commits.

    They are due at once, whatever ``created_at`` and ``next_attempt_at`` say: a project's clock may be set to
    another day.
    """
    rows = [
        {
            "id": notification.id,
            "incident_id": notification.incident_id,
            "event": notification.event,
            "channel": notification.channel,
            "payload": notification.payload,
            "created_at": notification.created_at,
            "attempts": 0,
            "next_attempt_at": EPOCH,
        }
        for notification in notifications
    ]
    if rows:
        connection.execute(outbox.insert(), rows)


def claim_due(
    engine: Engine,
    wall_now: datetime,
    limit: int,
    claim_s: float,
    *,
    without: Collection[str] = (),
) -> tuple[Notification, ...]:
    """Take due messages for ``claim_s`` seconds: no second sender has them. See ``Outbox.claim_due``."""
    due = and_(
        _WAITS,
        outbox.c.next_attempt_at <= wall_now,
        or_(outbox.c.claimed_until.is_(None), outbox.c.claimed_until <= wall_now),
    )
    if without:
        due = and_(due, outbox.c.channel.not_in(sorted(without)))
    with engine.connect() as connection:  # a look takes no write lock
        if connection.execute(select(outbox.c.id).where(due).limit(1)).first() is None:
            return ()
    chosen = (
        select(outbox.c.id)
        .where(due)
        .order_by(outbox.c.next_attempt_at, outbox.c.created_at, outbox.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)  # SQLite, which has one writer, leaves it out
        .cte("chosen")
    )
    claim = (
        update(outbox)
        .where(outbox.c.id.in_(select(chosen.c.id)))
        .values(claimed_until=wall_now + timedelta(seconds=claim_s))
        .returning(*_COLUMNS)
    )
    with engine.begin() as connection:
        claimed = [_notification(row) for row in connection.execute(claim)]
    return tuple(sorted(claimed, key=lambda each: (each.next_attempt_at or EPOCH, each.created_at, each.id)))


def delivered(engine: Engine, notification_id: str, at: datetime) -> None:
    """Write down that it was handed over; the first time counts."""
    with engine.begin() as connection:
        connection.execute(
            _undelivered(notification_id).values(
                delivered_at=at,
                attempts=outbox.c.attempts + 1,
                next_attempt_at=None,
                claimed_until=None,
                last_error=None,
            )
        )


def failed(engine: Engine, notification_id: str, error: str, next_attempt_at: datetime | None) -> None:
    """Write down a try that failed; None gives it up and keeps it, as a dead letter."""
    with engine.begin() as connection:
        connection.execute(
            _undelivered(notification_id).values(
                attempts=outbox.c.attempts + 1,
                next_attempt_at=next_attempt_at,
                claimed_until=None,
                last_error=error,
            )
        )


def postponed(engine: Engine, notification_id: str, reason: str, next_attempt_at: datetime) -> None:
    """Write down that it could not be tried, which does not count as a try."""
    with engine.begin() as connection:
        connection.execute(
            _undelivered(notification_id).values(next_attempt_at=next_attempt_at, claimed_until=None, last_error=reason)
        )


def waiting(connection: Connection) -> OutboxCounts:
    """How much has not been said yet."""
    row = connection.execute(
        select(
            func.count(outbox.c.next_attempt_at),
            func.count(outbox.c.last_error),
            func.count() - func.count(outbox.c.next_attempt_at),
        )
        .select_from(outbox)
        .where(outbox.c.delivered_at.is_(None))
    ).one()
    return OutboxCounts(waiting=row[0], failing=row[1], given_up=row[2])


def by_incident(connection: Connection, incident_ids: Collection[int]) -> Mapping[int, tuple[Notification, ...]]:
    """The messages of each incident, oldest first; an entry for every id that was asked for."""
    found: dict[int, list[Notification]] = {incident: [] for incident in incident_ids}
    ids = sorted(found)
    for start in range(0, len(ids), _PAGE):
        rows = connection.execute(
            select(*_COLUMNS)
            .where(outbox.c.incident_id.in_(ids[start : start + _PAGE]))
            .order_by(outbox.c.created_at, outbox.c.id)
        )
        for row in rows:
            found[row.incident_id].append(_notification(row))
    return {incident: tuple(messages) for incident, messages in found.items()}


class StoredOutbox:
    """``observer.alerts.base.Outbox`` on the state store: the functions above with their engine.

    Parameters
    ----------
    engine: of the state store.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def claim_due(
        self, wall_now: datetime, *, limit: int, claim_s: float, without: Collection[str] = ()
    ) -> tuple[Notification, ...]:
        try:
            return claim_due(self._engine, wall_now, limit, claim_s, without=without)
        except SQLAlchemyError as error:
            raise _silent(error, "no message was claimed") from error

    def delivered(self, notification_id: str, at: datetime) -> None:
        try:
            delivered(self._engine, notification_id, at)
        except SQLAlchemyError as error:
            raise _silent(error, "a message that was handed over will be sent once more") from error

    def failed(self, notification_id: str, error: str, next_attempt_at: datetime | None) -> None:
        try:
            failed(self._engine, notification_id, error, next_attempt_at)
        except SQLAlchemyError as cause:
            raise _silent(cause, "the message stays claimed for a minute") from cause

    def postponed(self, notification_id: str, reason: str, next_attempt_at: datetime) -> None:
        try:
            postponed(self._engine, notification_id, reason, next_attempt_at)
        except SQLAlchemyError as cause:
            raise _silent(cause, "the message stays claimed for a minute") from cause

    def counts(self) -> OutboxCounts:
        try:
            with self._engine.connect() as connection:
                return waiting(connection)
        except SQLAlchemyError as error:
            raise _silent(error, "nothing was changed") from error


def _undelivered(notification_id: str) -> Update:
    return update(outbox).where(outbox.c.id == notification_id, outbox.c.delivered_at.is_(None))


def _notification(row: Row[*tuple[Any, ...]]) -> Notification:
    return Notification(**row._mapping)


def _silent(error: SQLAlchemyError, left: str) -> StateError:
    return StateError(
        f"the outbox of the state database does not answer ({type(error).__name__}); {left}; "
        "look at the database, its disk and its log"
    )
