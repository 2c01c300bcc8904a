"""From what the gate sees to the turns of incidents: opened, joined, reopened, over. Pure; ``turns.py`` says what then.

``observer.store.incidents`` keeps them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from observer.model import Evaluation, EvaluationStatus, Incident, IncidentStatus, Resolution, Severity
from observer.turns import Finding, Turn, TurnKind
from orchestration.model import AssetKey, GateDecision, GateOutcome, PartitionKey
from orchestration.partitions import Interval

Covers = Callable[[PartitionKey], Interval | None]
"""The data time that a partition of the asset covers; None where it has none, or is none any more."""

REOPENS_WITHIN = timedelta(hours=24)
"""What comes back so soon after it passed, or was said to be fixed, is the same incident."""

FRESHNESS = "freshness"
"""What an incident is about that no version brought about, and none ends: that data is too old."""

GATE = "gate"
"""Who brings about what no person did."""


def finding(
    decision: GateDecision, evaluations: Sequence[Evaluation], affected: tuple[AssetKey, ...]
) -> Finding | None:
    """What people must look at, or None: held versions are of severity error, warnings of severity warn.

    What would hold, and doesn't by an override, warns before the others.
    """
    warned = [e for e in evaluations if e.subject in decision.overridden]
    warned += [e for e in evaluations if e.status is EvaluationStatus.WARNED and not e.muted]
    held = decision.outcome is GateOutcome.HELD
    if not held and not warned:
        return None
    sentence = decision.reasons[0] if held else warned[0].sentence
    subjects = (decision.holds if held else ()) + tuple(e.subject for e in warned)
    return Finding(
        asset=decision.asset, partition=decision.partition, severity=Severity.ERROR if held else Severity.WARN,
        sentence=sentence, subjects=tuple(dict.fromkeys(subjects)), affected=affected if held else (),
        at=decision.decided_at,
    )  # fmt: skip


def opening(found: Finding) -> Turn:
    """The turn that begins an incident."""
    return Turn(
        kind=TurnKind.OPENED, at=found.at, by=GATE, reason=found.sentence, found=found, first=found.partition,
        last=found.partition,
    )  # fmt: skip


def to_fold_into(found: Finding, open_ones: Sequence[Incident], covers: Covers) -> Incident | None:
    """The incident of the asset that goes on with this finding: about the same partition, or one right beside it.

    The newest of the same severity or a worse one; else the newest warning, which gets worse by it.
    """
    ours = [one for one in reversed(open_ones) if one.asset == found.asset and FRESHNESS not in one.subjects]
    near = [one for one in ours if _touches(one, found.partition, covers)]
    alike = [one for one in near if one.severity is Severity.ERROR or found.severity is Severity.WARN]
    return next(iter(alike or near), None)


def to_reopen(found: Finding, resolved_ones: Iterable[Incident], covers: Covers) -> Incident | None:
    """The newest of the asset's resolved incidents that has come back: soon, and not put aside by a person."""
    back = (Resolution.PASSED, Resolution.FIXED)
    for one in resolved_ones:
        soon = one.resolved_at is not None and found.at - one.resolved_at <= REOPENS_WITHIN
        ours = FRESHNESS not in one.subjects and one.resolved_as in back
        if soon and ours and _touches(one, found.partition, covers):
            return one
    return None


def joining(incident: Incident, found: Finding, covers: Covers) -> Turn:
    """The turn that takes one more version of the asset in: the incident is reopened, gets worse, or goes on."""
    first, last = incident.first_partition, incident.last_partition
    this, begin, end = covers(found.partition), covers(first), covers(last)
    if incident.status is IncidentStatus.RESOLVED:
        kind = TurnKind.REOPENED
    elif found.severity is Severity.ERROR and incident.severity is Severity.WARN:
        kind = TurnKind.WORSENED
    else:
        kind = TurnKind.JOINED
    return Turn(
        kind=kind, at=found.at, by=GATE, reason=found.sentence, found=found,
        first=found.partition if this and begin and this.start < begin.start else first,
        last=found.partition if this and end and this.start > end.start else last,
    )  # fmt: skip


def following(incident: Incident, found: Finding) -> Turn:
    """The turn that takes in what is wrong downstream, which the incident explains."""
    worse = found.severity is Severity.ERROR and incident.severity is Severity.WARN
    return Turn(
        kind=TurnKind.WORSENED if worse else TurnKind.FOLLOWED, at=found.at, by=GATE, found=found,
        reason=f"{found.address}: {found.sentence}", first=incident.first_partition, last=incident.last_partition,
    )  # fmt: skip


def passes_now(incident: Incident, partition: PartitionKey, evaluations: Sequence[Evaluation], covers: Covers) -> bool:
    """Whether what an incident is about passes with a version of its last partition or a later one.

    That ends its warnings. What is no longer watched can't pass, and keeps no incident open.
    """
    about = [e for e in evaluations if e.subject in incident.subjects]
    return _is_late_enough(incident, partition, covers) and all(e.status is EvaluationStatus.PASSED for e in about)


def resolving(how: Resolution, reason: str, at: datetime, by: str = GATE) -> Turn:
    """The turn that ends an incident."""
    return Turn(kind=TurnKind.RESOLVED, at=at, by=by, reason=reason, resolved_as=how)


def _is_late_enough(incident: Incident, partition: PartitionKey, covers: Covers) -> bool:
    last, this = covers(incident.last_partition), covers(partition)
    if this is None:  # of partitions without a time none is later than another
        return partition is None or incident.last_partition in (None, partition)
    return last is None or this.start >= last.start


def _touches(incident: Incident, partition: PartitionKey, covers: Covers) -> bool:
    this = covers(partition)
    if this is None:  # an asset without partitions always goes on
        return partition == incident.last_partition
    first, last = covers(incident.first_partition), covers(incident.last_partition)
    return first is not None and last is not None and first.start <= this.end and this.start <= last.end
