"""The turns that an incident takes: one small state machine, whose record is what happened and never changes.

======================  =====  ============  =======  =====  ========
turn                    open   acknowledged  snoozed  muted  resolved
======================  =====  ============  =======  =====  ========
joined, followed        stays  stays         stays    stays
worsened                stays  open          open     stays
passed, assigned        stays  stays         stays    stays
acknowledged            ack.                 ack.     ack.
snoozed                 snoo.  snoozed       stays    snoo.
muted                   muted
woken                                        open     open
resolved                res.   resolved      res.     res.   stays
reopened                                                     open
noted                   stays  stays         stays    stays  stays
======================  =====  ============  =======  =====  ========

What is blank is refused. An incident is what its turns make of it: ``rebuilt`` says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from observer.errors import IncidentError
from observer.model import Incident, IncidentStatus, Resolution, Severity
from orchestration.model import Address, AssetKey, PartitionKey

BY_PEOPLE = (Resolution.FIXED, Resolution.EXPECTED, Resolution.NO_ACTION, Resolution.FALSE_ALARM)
"""How a person may say that an incident ended."""

MOST_PASSES = 3
"""That end an incident, however often it has come back."""


class TurnKind(StrEnum):
    """What happens to an incident; past tense, as in its history."""

    OPENED = "opened"
    JOINED = "joined"  # one more version of its asset is wrong
    FOLLOWED = "followed"  # something downstream is wrong, which it explains
    WORSENED = "worsened"  # as one of both, and from a warning to an error
    PASSED = "passed"  # a good version, of which it takes more
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    MUTED = "muted"
    WOKEN = "woken"  # what it was snoozed or muted until has come
    ASSIGNED = "assigned"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    NOTED = "noted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is wrong with one version, in one: its root sentence and everything that says so.

    ``environment`` is whose run or look has found it; "": not known.
    """

    asset: AssetKey
    partition: PartitionKey
    severity: Severity
    sentence: str
    subjects: tuple[str, ...]
    affected: tuple[AssetKey, ...]
    at: datetime
    environment: str = ""

    @property
    def address(self) -> Address:
        return Address(self.asset, self.partition)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One thing that happened to an incident: when, by whom and why, and what it changes.

    ``found`` is what was wrong, where a version brought it about; ``first`` and ``last`` are then the partitions
    concerned from now on. ``reason`` is what people said, or the sentence of what came by itself.
    """

    kind: TurnKind
    at: datetime
    by: str
    reason: str = ""
    found: Finding | None = None
    first: PartitionKey = None
    last: PartitionKey = None
    until: datetime | None = None
    assigned: tuple[str, ...] | None = None
    resolved_as: Resolution | None = None


_OPEN, _ACK, _SNOOZED, _MUTED, _RESOLVED = IncidentStatus
_STAYS = {status: status for status in IncidentStatus if status is not _RESOLVED}
_NEXT: Mapping[TurnKind, Mapping[IncidentStatus, IncidentStatus]] = {
    TurnKind.OPENED: {},
    TurnKind.JOINED: _STAYS,
    TurnKind.FOLLOWED: _STAYS,
    TurnKind.WORSENED: {_OPEN: _OPEN, _ACK: _OPEN, _SNOOZED: _OPEN, _MUTED: _MUTED},
    TurnKind.PASSED: _STAYS,
    TurnKind.ASSIGNED: _STAYS,
    TurnKind.ACKNOWLEDGED: {_OPEN: _ACK, _SNOOZED: _ACK, _MUTED: _ACK},
    TurnKind.SNOOZED: {_OPEN: _SNOOZED, _ACK: _SNOOZED, _SNOOZED: _SNOOZED, _MUTED: _SNOOZED},
    TurnKind.MUTED: {_OPEN: _MUTED},
    TurnKind.WOKEN: {_SNOOZED: _OPEN, _MUTED: _OPEN},
    TurnKind.RESOLVED: dict.fromkeys(IncidentStatus, _RESOLVED),
    TurnKind.REOPENED: {_RESOLVED: _OPEN},
    TurnKind.NOTED: {status: status for status in IncidentStatus},
}


def turned(before: Incident | None, turn: Turn) -> Incident:
    """The incident after a turn; of None only opening makes one, whose number the store gives.

    Raises
    ------
    IncidentError
        It can't be done to an incident in that status.
    """
    if before is None:
        return _opened(turn)
    status = _NEXT[turn.kind].get(before.status)
    if status is None:
        raise IncidentError(f"incident #{before.id} is {before.status}: it can't be {turn.kind}; nothing was changed")
    after = replace(before, status=status, revision=before.revision + 1, updated_at=max(before.updated_at, turn.at))
    if turn.found is not None:
        after = _with_finding(after, turn, turn.found)
    if status not in (_SNOOZED, _MUTED):
        after = replace(after, until=None)
    match turn.kind:
        case TurnKind.SNOOZED | TurnKind.MUTED:
            return replace(after, until=turn.until)
        case TurnKind.ASSIGNED:
            return replace(after, assigned=turn.assigned or ())
        case TurnKind.PASSED:
            return replace(after, passes=before.passes + 1)
        case TurnKind.RESOLVED:
            ended_at = before.resolved_at if before.status is _RESOLVED else turn.at
            return replace(after, resolution=turn.reason, resolved_as=turn.resolved_as, resolved_at=ended_at)
        case TurnKind.REOPENED:
            return replace(
                after, resolution=None, resolved_as=None, resolved_at=None, passes=0, reopened=before.reopened + 1
            )
    return after


def rebuilt(number: int, turns: Iterable[Turn]) -> Incident:
    """What the turns of an incident, from its opening on, have made of it; raises IncidentError."""
    found: Incident | None = None
    for turn in turns:
        found = turned(found, turn)
    if found is None:
        raise IncidentError(f"incident #{number} has no turns: it was never opened")
    return replace(found, id=number)


def kept_quiet(turns: Sequence[Turn]) -> frozenset[str]:
    """The environments that a maintenance window has kept from telling of an incident; none: that is not known."""
    kinds = [turn.kind for turn in turns]
    begins = max((n for n, kind in enumerate(kinds) if kind is TurnKind.RESOLVED), default=0)
    muted = max((n for n, kind in enumerate(kinds) if kind is TurnKind.MUTED and n > begins), default=None)
    if muted is None:
        return frozenset()
    tell = (TurnKind.OPENED, TurnKind.WORSENED, TurnKind.REOPENED)
    found = [turn.found for turn in turns[muted - 1 :] if turn.kind in tell]  # the first is what it was muted at
    return frozenset(one.environment for one in found if one is not None and one.environment)


def passes_needed(incident: Incident) -> int:
    """How many good versions end it: one, and one more for each time that it came back."""
    return min(1 + incident.reopened, MOST_PASSES)


def _opened(turn: Turn) -> Incident:
    found = turn.found
    if turn.kind is not TurnKind.OPENED or found is None:
        raise IncidentError(f"an incident that was never opened can't be {turn.kind}; nothing was changed")
    return Incident(
        id=0, asset=found.asset, first_partition=turn.first, last_partition=turn.last, severity=found.severity,
        status=_OPEN, sentence=found.sentence, subjects=found.subjects, affected=found.affected, opened_at=turn.at,
        updated_at=turn.at,
    )  # fmt: skip


def _with_finding(incident: Incident, turn: Turn, found: Finding) -> Incident:
    """The newest sentence is shown, unless it is the lesser; what is downstream of it is not among its subjects."""
    error = found.severity is Severity.ERROR
    incident = replace(
        incident, passes=0, first_partition=turn.first, last_partition=turn.last,
        affected=_both(incident.affected, found.affected),
    )  # fmt: skip
    if found.asset != incident.asset:
        affected = _both(incident.affected, (found.asset,))
        if turn.kind is not TurnKind.WORSENED:
            return replace(incident, affected=affected)
        sentence = f"downstream {found.address}: {found.sentence}"
        return replace(incident, affected=affected, severity=Severity.ERROR, sentence=sentence)
    shown = error or incident.severity is Severity.WARN or turn.kind is TurnKind.REOPENED
    severity = found.severity if turn.kind in (TurnKind.WORSENED, TurnKind.REOPENED) else incident.severity
    return replace(
        incident, severity=severity, sentence=found.sentence if shown else incident.sentence,
        subjects=tuple(dict.fromkeys(incident.subjects + found.subjects)),
    )  # fmt: skip


def _both(some: tuple[AssetKey, ...], others: tuple[AssetKey, ...]) -> tuple[AssetKey, ...]:
    return tuple(dict.fromkeys(some + others))
