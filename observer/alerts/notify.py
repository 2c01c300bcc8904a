"""What happened to an incident -> what is said of it, and to whom: the only place where that is decided. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from observer.alerts.base import Channel
from observer.alerts.payload import Alert, body
from observer.alerts.routing import Names, wanting
from observer.model import Incident, IncidentStatus, Notification
from observer.turns import TurnKind


class Event(StrEnum):
    """What is said of an incident."""

    OPENED = "incident.opened"
    WORSE = "incident.worse"
    REOPENED = "incident.reopened"
    REMINDER = "incident.reminder"
    RESOLVED = "incident.resolved"


def event_of(kind: TurnKind, before: Incident | None, after: Incident) -> Event | None:
    """What a turn makes worth saying; None: nothing.

    Nothing is said of what is muted. What joins or follows an incident is not said: it has been.
    """
    if after.status is IncidentStatus.MUTED or (before is not None and before.status is IncidentStatus.RESOLVED):
        return Event.REOPENED if kind is TurnKind.REOPENED else None
    match kind:
        case TurnKind.OPENED:
            return Event.OPENED
        case TurnKind.WORSENED:
            return Event.WORSE
        case TurnKind.WOKEN:
            muted = before is not None and before.status is IncidentStatus.MUTED
            return Event.OPENED if muted else Event.REMINDER
        case TurnKind.RESOLVED:
            return Event.RESOLVED
    return None


def hearing(
    event: Event,
    incident: Incident,
    environment: str,
    channels: Iterable[Channel],
    told: Sequence[Notification],
    *,
    ours: bool = True,
) -> Mapping[str | None, Names]:
    """The channels that hear of an event, by environment.

    In this one who wants such incidents, and of its end who heard of it. In others that share the state who heard of it
    hears how it goes on: nobody else will say it there. What is not ``ours`` is for those alone who heard of it.
    """
    heard: dict[str | None, dict[str, None]] = {}
    for message in told:
        heard.setdefault(message.environment, {})[message.channel] = None
    names = {whose: tuple(them) for whose, them in heard.items()}
    if event is Event.RESOLVED or not ours:
        return names
    elsewhere: dict[str | None, Names] = {whose: them for whose, them in names.items() if whose is not None}
    return elsewhere | {environment: wanting(incident, channels)}


def told_here(told: Iterable[Notification], environment: str) -> tuple[Notification, ...]:
    """Of the messages of an incident those to channels of one environment."""
    return tuple(message for message in told if message.environment in (None, environment))


def unheard(incident: Incident, channels: Iterable[Channel], told: Sequence[Notification]) -> Names:
    """The channels that want an incident and that every message of it was given up for: nothing is suppressed there."""
    if incident.status is not IncidentStatus.OPEN:
        return ()
    lost = {message.channel for message in told} - _heard(told)
    return tuple(name for name in wanting(incident, channels) if name in lost)


def to_remind(
    incident: Incident, channels: Iterable[Channel], told: Sequence[Notification], wall: datetime, after: timedelta
) -> Names:
    """The channels that are to be reminded of an open incident: the last they heard was delivered ``after`` ago.

    Where nothing was ever delivered, and all was given up, it is said again ``after`` the last message was written.
    """
    if incident.status is not IncidentStatus.OPEN:
        return ()
    heard, last = _heard(told), dict[str, datetime]()
    for message in told:
        at = message.delivered_at or (None if message.channel in heard else message.created_at)
        if at is not None:
            last[message.channel] = max(at, last.get(message.channel, at))
    waits = {message.channel for message in told if message.next_attempt_at is not None}
    due = {name for name, at in last.items() if wall - at >= after} - waits
    return tuple(name for name in wanting(incident, channels) if name in due)


def _heard(told: Iterable[Notification]) -> set[str]:
    """The channels that were told, or are about to be."""
    return {one.channel for one in told if one.delivered_at is not None or one.next_attempt_at is not None}


def notifications(
    alert: Alert, names: Names, *, new_id: Callable[[], str], wall_now: datetime, environment: str | None = None
) -> tuple[Notification, ...]:
    """Make the messages of one alert, due at once.

    Parameters
    ----------
    alert: what to say; its body is made once and never changes after.
    names: of the channels that hear it.
    new_id: gives an id of at most 40 characters that was never given before; receivers see it.
    wall_now: the real time, also where the project's clock is set to another day.
    environment: whose channels they are; None: of whichever has one of that name.
    """
    if not names:
        return ()
    payload = body(alert)
    return tuple(
        Notification(
            id=new_id(),
            incident_id=alert.incident.id,
            event=alert.event,
            channel=name,
            payload=payload,
            created_at=wall_now,
            attempts=0,
            next_attempt_at=wall_now,
            delivered_at=None,
            last_error=None,
            environment=environment,
        )
        for name in names
    )
