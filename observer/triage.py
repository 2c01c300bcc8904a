"""What people do with incidents: acknowledge, snooze, assign, resolve, reopen, note. Each is a turn with a reason."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from observer.errors import IncidentChanged, IncidentError, UnknownIncident
from observer.model import Incident, Resolution
from observer.project import Project
from observer.store import incidents as incident_store
from observer.telling import take
from observer.turns import BY_PEOPLE, Turn, TurnKind
from orchestration.database import writing

_LONGEST = 4_000  # characters of a reason
_MOST_OWNERS = 20


def acknowledge(work: Project, number: int, *, by: str, reason: str = "", revision: int | None = None) -> Incident:
    """Say that somebody works on it: no more reminders, unless it gets worse.

    Parameters
    ----------
    revision: of the incident as it was seen; None: as it is.

    Raises
    ------
    UnknownIncident
        There is no such incident.
    IncidentError, IncidentChanged
        It can't be done to it as it is; it isn't what was seen any more.
    """
    return _take(work, number, TurnKind.ACKNOWLEDGED, by, reason, revision)


def snooze(
    work: Project, number: int, until: datetime, *, by: str, reason: str = "", revision: int | None = None
) -> Incident:
    """Hear of it again at ``until``, or when it gets worse before; else as ``acknowledge``."""
    if until <= work.clock.now():
        raise IncidentError(f"a snooze until {until:%Y-%m-%d %H:%M} UTC would be over already; nothing was changed")
    return _take(work, number, TurnKind.SNOOZED, by, reason, revision, until=until)


def assign(
    work: Project, number: int, owners: Iterable[str], *, by: str, reason: str = "", revision: int | None = None
) -> Incident:
    """Make it somebody's; nobody's is its asset's owners'. Else as ``acknowledge``."""
    names = tuple(dict.fromkeys(name.strip() for name in owners if name.strip()))
    if len(names) > _MOST_OWNERS or any(len(name) > 200 for name in names):
        raise IncidentError(f"an incident is assigned to at most {_MOST_OWNERS} owners; nothing was changed")
    for name in names:
        if not name.isprintable():
            raise IncidentError(f"the owner {name!r} has marks that nobody sees; nothing was changed; write it without")
    return _take(work, number, TurnKind.ASSIGNED, by, reason, revision, assigned=names)


def resolve(
    work: Project, number: int, how: Resolution, *, by: str, reason: str, revision: int | None = None
) -> Incident:
    """End it, and say how it was; of one that has ended, say so after all. The gate is left as it is.

    Raises as ``acknowledge``, and IncidentError where no reason is given, or ``how`` isn't one of ``BY_PEOPLE``.
    """
    if how not in BY_PEOPLE:
        raise IncidentError(
            f"a person can't resolve an incident as {how}; say one of {', '.join(BY_PEOPLE)}; nothing was changed"
        )
    _needs(reason, "resolving")
    return _take(work, number, TurnKind.RESOLVED, by, reason, revision, resolved_as=how)


def reopen(work: Project, number: int, *, by: str, reason: str, revision: int | None = None) -> Incident:
    """Open a resolved one again; it then takes a pass more than before. Raises as ``resolve``."""
    _needs(reason, "reopening")
    return _take(work, number, TurnKind.REOPENED, by, reason, revision)


def note(work: Project, number: int, text: str, *, by: str, revision: int | None = None) -> Incident:
    """Write something down in its history. Raises as ``resolve``."""
    _needs(text, "a note")
    return _take(work, number, TurnKind.NOTED, by, text, revision)


def _take(
    work: Project, number: int, kind: TurnKind, by: str, reason: str, revision: int | None, *,
    until: datetime | None = None, assigned: tuple[str, ...] | None = None, resolved_as: Resolution | None = None,
) -> Incident:  # fmt: skip
    if len(reason) > _LONGEST:
        raise IncidentError(f"a reason has at most {_LONGEST:,} characters; nothing was changed")
    turn = Turn(
        kind=kind, at=work.clock.now(), by=by, reason=work.observer.redact(_storable(reason.strip())), until=until,
        assigned=assigned, resolved_as=resolved_as,
    )  # fmt: skip
    with writing(work.engine) as connection:
        incident_store.alone(connection)
        before = incident_store.get(connection, number)
        if before is None:
            raise UnknownIncident(number)
        if revision is not None and revision != before.revision:
            raise IncidentChanged(
                f"incident #{number} has changed since you looked at it (it is {before.status} now); nothing was "
                f"changed; look again: tidegate incidents show {number}"
            )
        return take(connection, work.observer, before, turn)


def _needs(reason: str, what: str) -> None:
    if not reason.strip():
        raise IncidentError(f"{what} needs a reason, which stays in the history: --reason '...'; nothing was changed")


def _storable(text: str) -> str:
    """Without what PostgreSQL keeps in no text."""
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode("utf-8")
