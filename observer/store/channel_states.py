"""How the channels of an environment fare, shared by its senders: what each may still say, since when it fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Select, Update, func, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from observer.alerts.base import Admission, Limit
from observer.store.channel_tables import channel_health
from orchestration.tables import Instant

_c = channel_health.c


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelState:
    """A channel since its last delivery; all zero and None while nothing fails."""

    channel: str
    failures: int
    failing_since: datetime | None
    gave_up: bool
    last_error: str | None
    paused_until: datetime | None
    incident_id: int | None


def load_all(connection: Connection, environment: str) -> Mapping[str, ChannelState]:
    """By name, every channel of an environment of which something is known."""
    return {
        row.channel: ChannelState(
            channel=row.channel, failures=row.failures, failing_since=row.failing_since, gave_up=row.gave_up,
            last_error=row.last_error, paused_until=row.paused_until, incident_id=row.incident_id,
        )
        for row in connection.execute(select(channel_health).where(_c.environment == environment).order_by(_c.channel))
    }  # fmt: skip


def admit(connection: Connection, environment: str, channel: str, limit: Limit, now: datetime) -> Admission:
    """Take one message's worth of what a channel may say, or say when there will be some: a token bucket."""
    _known(connection, environment, channel)
    row = connection.execute(select(_c.tokens, _c.counted_at).where(*_is(environment, channel)).with_for_update()).one()
    per_token_s = limit.per_s / limit.most
    tokens = float(limit.most)
    if row.tokens is not None:
        since_s = (now - row.counted_at).total_seconds()
        tokens = min(tokens, row.tokens + max(0.0, since_s) / per_token_s)
        if since_s < -limit.per_s:  # a clock was far ahead, until whose instant nothing would come back
            connection.execute(_of(environment, channel).values(counted_at=now))
    if tokens < 1.0:
        return Admission(left=0.0, at=now + timedelta(seconds=(1.0 - tokens) * per_token_s))
    connection.execute(_of(environment, channel).values(tokens=tokens - 1.0, counted_at=now))
    return Admission(left=tokens - 1.0)


def pause(connection: Connection, environment: str, channel: str, until: datetime) -> None:
    """Leave a channel alone until then, or for longer where another sender was told so."""
    _known(connection, environment, channel)
    is_longer = or_(_c.paused_until.is_(None), _c.paused_until < until)
    connection.execute(_of(environment, channel).where(is_longer).values(paused_until=until))


def paused(environment: str, now: datetime) -> Select[tuple[str]]:
    """The channels that are left alone now."""
    return select(_c.channel).where(_c.environment == environment, _c.paused_until > now)


def succeeded(connection: Connection, environment: str, channel: str) -> None:
    """It delivers: what failed before counts no more. The incident that was opened of it stays named."""
    troubled = or_(_c.failures > 0, _c.gave_up, _c.paused_until.is_not(None))
    connection.execute(
        _of(environment, channel)
        .where(troubled)
        .values(failures=0, failing_since=None, gave_up=False, last_error=None, paused_until=None)
    )


def failed(connection: Connection, environment: str, channel: str, error: str, at: datetime, *, gave_up: bool) -> None:
    """One more try failed."""
    _known(connection, environment, channel)
    since = func.coalesce(_c.failing_since, literal(at, Instant()))
    lost = {"gave_up": True} if gave_up else {}
    counted = {"failures": _c.failures + 1, "failing_since": since, "last_error": error}
    connection.execute(_of(environment, channel).values(**counted, **lost))


def told_of(connection: Connection, environment: str, channel: str, incident_id: int | None) -> None:
    """An incident was opened of it; None: that one is over."""
    connection.execute(_of(environment, channel).values(incident_id=incident_id))


def _is(environment: str, channel: str) -> tuple[ColumnElement[bool], ...]:
    return _c.environment == environment, _c.channel == channel


def _of(environment: str, channel: str) -> Update:
    return update(channel_health).where(*_is(environment, channel))


def _known(connection: Connection, environment: str, channel: str) -> None:
    """There is a row of it; two may begin at once."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    row = {"environment": environment, "channel": channel, "failures": 0, "gave_up": False}
    connection.execute(dialect.insert(channel_health).values(row).on_conflict_do_nothing())
