"""The outbox in the state store: written in the incident's transaction, emptied by any number of senders.

A message that was folded into another has that one's fate: its own row only says which.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, Update, and_, case, exists, func, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from observer.alerts.base import Admission, Limit, OutboxCounts
from observer.alerts.folding import FOLDED, Folding
from observer.errors import StateError
from observer.model import Notification
from observer.store import channel_states
from observer.store.tables import outbox
from orchestration.database import WRITES
from orchestration.tables import EPOCH

COLUMNS = (
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
    outbox.c.environment,
)
_WAITS = and_(outbox.c.delivered_at.is_(None), outbox.c.next_attempt_at.is_not(None))
_PAGE = 500  # ids in one question
_earlier = outbox.alias("earlier")
_holder = outbox.alias("holder")
_waits_in_another = exists().where(
    _holder.c.id == _earlier.c.folded_into,
    _holder.c.delivered_at.is_(None),
    _holder.c.next_attempt_at.is_not(None),
)
_is_before = and_(
    _earlier.c.incident_id == outbox.c.incident_id,
    _earlier.c.channel == outbox.c.channel,
    or_(  # another environment's may wait for ever: nobody need be there who sends it
        _earlier.c.environment == outbox.c.environment,
        _earlier.c.environment.is_(None),
        outbox.c.environment.is_(None),
    ),
    _earlier.c.created_at < outbox.c.created_at,
    _earlier.c.delivered_at.is_(None),
    or_(_earlier.c.next_attempt_at.is_not(None), and_(_earlier.c.folded_into != outbox.c.id, _waits_in_another)),
)
_is_next = ~exists().where(_is_before)
"""A channel hears first what was said of an incident first, or else what resolves would come before what opens."""


def enqueue(connection: Connection, notifications: Iterable[Notification]) -> None:
    """Add messages inside the caller's transaction: they are said if and only if it commits.

    They are due at once, whatever ``created_at`` and ``next_attempt_at`` say: a project's clock may be set to
    another day.
    """
    rows = [_row(notification) for notification in notifications]
    if rows:
        connection.execute(outbox.insert(), rows)


def is_of(environment: str) -> ColumnElement[bool]:
    """Whether a message is for a channel of the environment."""
    return or_(outbox.c.environment.is_(None), outbox.c.environment == environment)


def is_due(environment: str, wall_now: datetime) -> ColumnElement[bool]:
    """Whether a message may be sent now, as far as itself and its channel are concerned."""
    return and_(
        is_of(environment),
        _WAITS,
        outbox.c.next_attempt_at <= wall_now,
        or_(outbox.c.claimed_until.is_(None), outbox.c.claimed_until <= wall_now),
        outbox.c.channel.not_in(channel_states.paused(environment, wall_now)),
    )


def due_channels(connection: Connection, environment: str, wall_now: datetime) -> tuple[str, ...]:
    """The channels that messages are due for, the longest waiting first. See ``Outbox.due``."""
    waits_since = func.min(outbox.c.next_attempt_at), func.min(outbox.c.created_at)
    rows = connection.execute(
        select(outbox.c.channel)
        .where(is_due(environment, wall_now))
        .group_by(outbox.c.channel)
        .order_by(*waits_since, outbox.c.channel)
    )
    return tuple(rows.scalars())


def claim_due(
    engine: Engine, channel: str, wall_now: datetime, limit: int, claim_s: float, *, environment: str = ""
) -> tuple[Notification, ...]:
    """Take due messages for ``claim_s`` seconds: no second sender has them. See ``Outbox.claim_due``."""
    due = and_(is_due(environment, wall_now), outbox.c.channel == channel, _is_next)
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
        .returning(*COLUMNS)
    )
    with engine.begin() as connection:
        claimed = [notification(row) for row in connection.execute(claim)]
    return tuple(sorted(claimed, key=lambda each: (each.next_attempt_at or EPOCH, each.created_at, each.id)))


def delivered(engine: Engine, notification_id: str, at: datetime, *, environment: str = "") -> None:
    """Write down that it was handed over; the first time counts."""
    with _writing(engine) as connection:
        channel = connection.execute(
            _undelivered(notification_id)
            .values(
                delivered_at=at,
                attempts=outbox.c.attempts + 1,
                next_attempt_at=None,
                claimed_until=None,
                last_error=None,
            )
            .returning(outbox.c.channel)
        ).scalar_one_or_none()
        if channel is not None:
            channel_states.succeeded(connection, environment, channel)


def failed(
    engine: Engine, notification_id: str, error: str, next_attempt_at: datetime | None, *, at: datetime,
    environment: str = "",
) -> None:  # fmt: skip
    """Write down a try that failed; None gives it up and keeps it, as a dead letter."""
    with _writing(engine) as connection:
        channel = connection.execute(
            _undelivered(notification_id)
            .values(
                attempts=outbox.c.attempts + 1,
                next_attempt_at=next_attempt_at,
                claimed_until=None,
                last_error=error,
            )
            .returning(outbox.c.channel)
        ).scalar_one_or_none()
        if channel is not None:
            channel_states.failed(connection, environment, channel, error, at, gave_up=next_attempt_at is None)


def postponed(engine: Engine, notification_id: str, reason: str | None, next_attempt_at: datetime) -> None:
    """Write down that it could not be tried, which does not count as a try."""
    said = {} if reason is None else {"last_error": reason}
    with _writing(engine) as connection:
        connection.execute(
            _undelivered(notification_id).values(next_attempt_at=next_attempt_at, claimed_until=None, **said)
        )


def waiting(connection: Connection, environment: str) -> OutboxCounts:
    """How much has not been said yet."""
    row = connection.execute(
        select(
            func.count(outbox.c.next_attempt_at),
            func.count(outbox.c.last_error),
            func.count() - func.count(outbox.c.next_attempt_at),
        )
        .select_from(outbox)
        .where(is_of(environment), outbox.c.delivered_at.is_(None), outbox.c.folded_into.is_(None))
    ).one()
    return OutboxCounts(waiting=row[0], failing=row[1], given_up=row[2])


def by_incident(connection: Connection, incident_ids: Collection[int]) -> Mapping[int, tuple[Notification, ...]]:
    """The messages of each incident, oldest first; an entry for every id that was asked for.

    One that was folded into another is shown as that one fares.
    """
    found: dict[int, list[Notification]] = {incident: [] for incident in incident_ids}
    ids = sorted(found)
    for start in range(0, len(ids), _PAGE):
        asked = outbox.c.incident_id.in_(ids[start : start + _PAGE])
        for row in connection.execute(AS_THEY_FARE.where(asked, outbox.c.event != FOLDED)):
            found[row.incident_id].append(notification(row))
    return {incident: tuple(messages) for incident, messages in found.items()}


_into = outbox.alias("folding")
_fate = [
    case((outbox.c.folded_into.is_(None), outbox.c[name]), else_=_into.c[name]).label(name)
    for name in ("attempts", "next_attempt_at", "delivered_at", "last_error")
]
AS_THEY_FARE = (
    select(*(column for column in COLUMNS if column.name not in {one.name for one in _fate}), *_fate)
    .outerjoin(_into, outbox.c.folded_into == _into.c.id)
    .order_by(outbox.c.created_at, outbox.c.id)
)
"""Messages, oldest first; one that was folded into another as that one fares."""


class StoredOutbox:
    """``observer.alerts.base.Outbox`` on the state store: the functions above with their engine.

    Parameters
    ----------
    engine: of the state store.
    environment: whose messages they are.
    """

    def __init__(self, engine: Engine, environment: str = "") -> None:
        self._engine, self._environment = engine, environment

    def due(self, wall_now: datetime) -> tuple[str, ...]:
        try:
            with self._engine.connect() as connection:
                return due_channels(connection, self._environment, wall_now)
        except SQLAlchemyError as error:
            raise _silent(error, "nothing was sent") from error

    def claim_due(self, channel: str, wall_now: datetime, *, limit: int, claim_s: float) -> tuple[Notification, ...]:
        try:
            return claim_due(self._engine, channel, wall_now, limit, claim_s, environment=self._environment)
        except SQLAlchemyError as error:
            raise _silent(error, "no message was claimed") from error

    def admit(self, channel: str, limit: Limit, wall_now: datetime) -> Admission:
        try:
            with _writing(self._engine) as connection:
                return channel_states.admit(connection, self._environment, channel, limit, wall_now)
        except SQLAlchemyError as error:
            raise _silent(error, "the message stays claimed for a minute") from error

    def fold(self, message: Notification, wall_now: datetime, folding: Folding, *, claim_s: float) -> Notification:
        try:
            with _writing(self._engine) as connection:
                return _fold(connection, self._environment, message, wall_now, folding, claim_s)
        except SQLAlchemyError as error:
            raise _silent(error, "the message stays claimed for a minute") from error

    def pause(self, channel: str, until: datetime) -> None:
        try:
            with _writing(self._engine) as connection:
                channel_states.pause(connection, self._environment, channel, until)
        except SQLAlchemyError as error:
            raise _silent(error, "the channel is not left alone") from error

    def delivered(self, notification_id: str, at: datetime) -> None:
        try:
            delivered(self._engine, notification_id, at, environment=self._environment)
        except SQLAlchemyError as error:
            raise _silent(error, "a message that was handed over will be sent once more") from error

    def failed(self, notification_id: str, error: str, next_attempt_at: datetime | None, *, at: datetime) -> None:
        try:
            failed(self._engine, notification_id, error, next_attempt_at, at=at, environment=self._environment)
        except SQLAlchemyError as cause:
            raise _silent(cause, "the message stays claimed for a minute") from cause

    def postponed(self, notification_id: str, reason: str | None, next_attempt_at: datetime) -> None:
        try:
            postponed(self._engine, notification_id, reason, next_attempt_at)
        except SQLAlchemyError as cause:
            raise _silent(cause, "the message stays claimed for a minute") from cause

    def counts(self) -> OutboxCounts:
        try:
            with self._engine.connect() as connection:
                return waiting(connection, self._environment)
        except SQLAlchemyError as error:
            raise _silent(error, "nothing was changed") from error


def _fold(
    connection: Connection,
    environment: str,
    message: Notification,
    wall_now: datetime,
    folding: Folding,
    claim_s: float,
) -> Notification:
    """See ``Outbox.fold``; those that were folded already, and failed, stay as they are."""
    others = connection.execute(
        select(*COLUMNS)
        .where(is_due(environment, wall_now), outbox.c.channel == message.channel, outbox.c.id != message.id)
        .where(outbox.c.event != FOLDED)
        .order_by(outbox.c.created_at, outbox.c.id)
        .limit(folding.candidates)
        .with_for_update(skip_locked=True)
    )
    found = {one.id: one for one in folding.together(message, map(notification, others))}
    too_early = exists().where(_is_before, _earlier.c.id.not_in(list(found)))
    asked = select(outbox.c.id).where(outbox.c.id.in_(list(found)), outbox.c.id != message.id, too_early)
    for row in connection.execute(asked):
        found.pop(row.id)  # what comes before it waits by itself, or is on its way
    taken = sorted(found.values(), key=lambda one: (one.created_at, one.id))
    if len(taken) == 1 or message.event == FOLDED:
        return message
    # Of an earlier release's messages nothing says whose they are; with one of ours in it, it is ours to send.
    whose = next((one.environment for one in taken if one.environment is not None), None)
    made = replace(folding.one(taken, wall_now), environment=whose)
    claim = {"claimed_until": wall_now + timedelta(seconds=claim_s), "next_attempt_at": EPOCH}
    connection.execute(outbox.insert().values({**_row(made), **claim}))
    connection.execute(
        update(outbox)
        .where(outbox.c.id.in_([one.id for one in taken]))
        .values(folded_into=made.id, next_attempt_at=None, claimed_until=None)
    )
    return made


@contextmanager
def _writing(engine: Engine) -> Iterator[Connection]:
    """One write transaction, which on SQLite takes its lock before it looks."""
    with engine.connect() as connection:
        writer = connection.execution_options(**{WRITES: True})
        with writer.begin():
            yield writer


def _row(notification: Notification) -> dict[str, object]:
    return {
        "id": notification.id,
        "incident_id": notification.incident_id,
        "event": notification.event,
        "channel": notification.channel,
        "payload": notification.payload,
        "created_at": notification.created_at,
        "attempts": 0,
        "next_attempt_at": EPOCH,
        "environment": notification.environment,
    }


def _undelivered(notification_id: str) -> Update:
    return update(outbox).where(outbox.c.id == notification_id, outbox.c.delivered_at.is_(None))


def notification(row: Row[*tuple[Any, ...]]) -> Notification:
    """The message that a row of ``COLUMNS`` holds."""
    return Notification(**row._mapping)


def _silent(error: SQLAlchemyError, left: str) -> StateError:
    return StateError(
        f"the outbox of the state database does not answer ({type(error).__name__}); {left}; "
        "look at the database, its disk and its log"
    )
