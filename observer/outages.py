"""Channels that keep failing become incidents, which the other channels tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from observer import incidents
from observer.alerts.routing import DELIVERY, place_of
from observer.judging import Observer
from observer.model import IncidentStatus, Resolution, Severity
from observer.quantities import age
from observer.store import channel_states as store
from observer.store import incidents as incident_store
from observer.store.channel_states import ChannelState
from observer.telling import open_apart, take
from observer.turns import Finding
from orchestration.database import reading, writing

BY = "alerts"
"""Who opens and resolves an incident of a channel."""

FAILURES = 3
FAILS_FOR = timedelta(minutes=10)
"""So many tries in a row, and for so long: a receiver that restarts is no incident. A message given up is, at once."""


def note_outages(observer: Observer) -> int:
    """Open and resolve incidents of channels; returns how many that was.

    Any number of processes may do this at once.
    """
    with reading(observer.engine) as connection:
        if not _news(connection, observer):
            return 0
    with writing(observer.engine) as connection:
        incident_store.alone(connection)
        news = _news(connection, observer)
        for state in news:
            if state.incident_id is None:
                _open(connection, observer, state)
            else:
                _resolve(connection, observer, state)
    return len(news)


def is_out(state: ChannelState, wall: datetime) -> bool:
    """Whether a channel keeps failing."""
    since = state.failing_since
    return state.gave_up or (since is not None and state.failures >= FAILURES and wall - since >= FAILS_FOR)


def _news(connection: Connection, observer: Observer) -> list[ChannelState]:
    """The channels that are out and of which there is no incident, and those of which there is one that is over."""
    wall, there = observer.clock.wall(), {channel.name for channel in observer.channels}
    return [
        state
        for state in store.load_all(connection, observer.environment).values()
        if (
            state.channel in there and is_out(state, wall)
            if state.incident_id is None
            else state.channel not in there or state.failing_since is None
        )
    ]


def _open(connection: Connection, observer: Observer, state: ChannelState) -> None:
    now, since = observer.clock.now(), state.failing_since
    lasts = age((observer.clock.wall() - (since or observer.clock.wall())).total_seconds())
    here = f"this channel of the environment {observer.environment}" if observer.environment else "this channel"
    what = f"a message to {here} was given up" if state.gave_up else f"messages to {here} have failed for {lasts}"
    wrong = Finding(
        asset=place_of(state.channel), partition=None, severity=Severity.ERROR,
        sentence=f"{what}: {state.last_error or 'nobody knows why'}",
        subjects=(DELIVERY,), affected=(), at=now, environment=observer.environment,
    )  # fmt: skip
    turn = replace(incidents.opening(wrong), by=BY)
    opened = open_apart(connection, observer, turn, f"channel:{since or now:%Y%m%dT%H%M%S}")
    store.told_of(connection, observer.environment, state.channel, opened.id)


def _resolve(connection: Connection, observer: Observer, state: ChannelState) -> None:
    """It delivers again, or is configured no more."""
    found = incident_store.get(connection, state.incident_id or 0)
    if found is not None and found.status is not IncidentStatus.RESOLVED:
        there = state.channel in {channel.name for channel in observer.channels}
        reason = "the channel delivers again" if there else "the channel was taken out of the environment"
        turn = incidents.resolving(Resolution.PASSED, reason, observer.clock.now(), by=BY)
        take(connection, observer, found, turn)
    store.told_of(connection, observer.environment, state.channel, None)
