"""What time alone does to incidents: a snooze or a maintenance window ends, a reminder falls due."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from observer.alerts.notify import Event, to_remind, told_here
from observer.alerts.routing import Names, wanting
from observer.judging import Observer
from observer.maintenance import muting
from observer.model import Incident, IncidentStatus
from observer.outages import note_outages
from observer.store import incident_turns
from observer.store import incidents as incident_store
from observer.store import maintenance as maintenance_store
from observer.store.outbox import by_incident
from observer.telling import say, take
from observer.turns import Turn, TurnKind, kept_quiet
from orchestration.database import reading, writing

_EVERY_S = 10.0


def wake(observer: Observer) -> int:
    """Wake what has slept long enough, and remind of what is open; returns how many incidents that was.

    Any number of processes may do this at once: each turn is taken once. Of what a maintenance window has muted each
    environment tells what it has found itself, whichever has woken it.
    """
    now, wall = observer.clock.now(), observer.clock.wall()
    with reading(observer.engine) as connection:
        awake = not incident_store.waking(connection, now) and not _untold(connection, observer, now)
        if awake and not _due(connection, observer, now, wall):
            return 0
    with writing(observer.engine) as connection:
        incident_store.alone(connection)
        woken = incident_store.waking(connection, now)
        for one in woken:
            _wake(connection, observer, one, now)
        untold = _untold(connection, observer, now)
        for one, names in untold:
            say(connection, observer, Event.OPENED, one, names)
        due = _due(connection, observer, now, wall)
        for one, names in due:
            say(connection, observer, Event.REMINDER, one, names)
    return len(woken) + len(untold) + len(due)


def rouse(connection: Connection, observer: Observer, now: datetime) -> int:
    """Wake the muted ones that no window is open over any more, as one was ended before its time."""
    woken = incident_store.muted_ones(connection)
    for one in woken:
        _wake(connection, observer, one, now)
    return len(woken)


def _wake(connection: Connection, observer: Observer, incident: Incident, now: datetime) -> None:
    """A muted one sleeps on where the window, or another, is open for longer by now."""
    if incident.status is IncidentStatus.MUTED:
        window = muting(maintenance_store.coming(connection, now), observer.graph, incident.asset, now)
        if window is not None:
            return
    quiet = kept_quiet(incident_turns.of_incident(connection, incident.id))
    ours = incident.status is not IncidentStatus.MUTED or not quiet or observer.environment in quiet
    turn = Turn(kind=TurnKind.WOKEN, at=now, by="clock", reason=_over(incident))
    take(connection, observer, incident, turn, ours=ours)


def _over(incident: Incident) -> str:
    return "the snooze is over" if incident.status is IncidentStatus.SNOOZED else "the maintenance window is over"


def _untold(connection: Connection, observer: Observer, now: datetime) -> list[tuple[Incident, Names]]:
    """What was found here while a window was open, and was woken elsewhere: nobody here has heard of it."""
    roused = incident_store.roused(connection)
    told = by_incident(connection, [one.id for one in roused])
    found = [
        (one, wanting(one, observer.channels))
        for one in roused
        if not told_here(told[one.id], observer.environment)
        and observer.environment in kept_quiet(incident_turns.of_incident(connection, one.id))
    ]
    return _outside_windows(connection, observer, now, [(one, names) for one, names in found if names])


def _due(connection: Connection, observer: Observer, now: datetime, wall: datetime) -> list[tuple[Incident, Names]]:
    """The open incidents that channels are to be reminded of."""
    if observer.remind_after is None:
        return []
    open_ones = incident_store.open_ones(connection)
    if not open_ones:
        return []
    told = by_incident(connection, [one.id for one in open_ones])
    here = {number: told_here(messages, observer.environment) for number, messages in told.items()}
    found = [(one, to_remind(one, observer.channels, here[one.id], wall, observer.remind_after)) for one in open_ones]
    return _outside_windows(connection, observer, now, [(one, names) for one, names in found if names])


def _outside_windows(
    connection: Connection, observer: Observer, now: datetime, found: list[tuple[Incident, Names]]
) -> list[tuple[Incident, Names]]:
    windows = maintenance_store.coming(connection, now) if found else ()
    return [(one, names) for one, names in found if muting(windows, observer.graph, one.asset, now) is None]


class Waker:
    """``wake`` and ``note_outages``, as often as asked and at most every ten seconds; for whoever loops anyway.

    Parameters
    ----------
    observer: of the project.
    monotonic: seconds that only grow.
    """

    def __init__(self, observer: Observer, monotonic: Callable[[], float]) -> None:
        self._observer, self._monotonic = observer, monotonic
        self._next = monotonic()

    def __call__(self) -> None:
        if self._monotonic() >= self._next:
            self._next = self._monotonic() + _EVERY_S
            wake(self._observer)
            note_outages(self._observer)
