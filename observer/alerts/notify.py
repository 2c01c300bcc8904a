"""An alert -> one message for each channel that wants to hear of it, ready for the outbox."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from observer.alerts.base import Channel
from observer.alerts.payload import Alert, body
from observer.model import Notification


def notifications(
    alert: Alert, channels: Iterable[Channel], *, new_id: Callable[[], str], wall_now: datetime
) -> tuple[Notification, ...]:
    """Make the messages of one alert, due at once.

    Parameters
    ----------
    alert: what to say; its body is made once and never changes after.
    channels: those of the environment.
    new_id: gives an id of at most 40 characters that was never given before; receivers see it.
    wall_now: the real time, also where the project's clock is set to another day.
    """
    wanting = [channel for channel in channels if channel.accepts(alert.incident)]
    if not wanting:
        return ()
    payload = body(alert)
    return tuple(
        Notification(
            id=new_id(),
            incident_id=alert.incident.id,
            event=alert.event,
            channel=channel.name,
            payload=payload,
            created_at=wall_now,
            attempts=0,
            next_attempt_at=wall_now,
            delivered_at=None,
            last_error=None,
        )
        for channel in wanting
    )
