"""Incidents: opened, folded and resolved by what the gate sees. Pure; ``observer.store.incidents`` keeps them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from observer.model import Evaluation, EvaluationStatus, Incident, IncidentStatus, Severity
from orchestration.model import AssetKey, GateDecision, GateOutcome, PartitionKey
from orchestration.partitions import Interval

Covers = Callable[[PartitionKey], Interval | None]
"""The data time that a partition of the asset covers; None where it has none, or is none any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is wrong with one version, in one: its root sentence and everything that says so."""

    asset: AssetKey
    partition: PartitionKey
    severity: Severity
    sentence: str
    subjects: tuple[str, ...]
    affected: tuple[AssetKey, ...]
    at: datetime


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
        sentence=sentence, subjects=subjects, affected=affected if held else (), at=decision.decided_at,
    )  # fmt: skip


def opened(found: Finding) -> Incident:
    """A new incident; its number is given by the store."""
    return Incident(
        id=0, asset=found.asset, first_partition=found.partition, last_partition=found.partition,
        severity=found.severity, status=IncidentStatus.OPEN, sentence=found.sentence, subjects=found.subjects,
        affected=found.affected, opened_at=found.at, updated_at=found.at,
    )  # fmt: skip


def to_fold_into(found: Finding, open_ones: Sequence[Incident], covers: Covers) -> Incident | None:
    """The newest incident that goes on with this finding: about the same partition, or one right beside it.

    An error is not folded into a warning: people were told of less than what it is.
    """
    for incident in reversed(open_ones):
        if incident.severity is Severity.WARN and found.severity is Severity.ERROR:
            continue
        if _touches(incident, found.partition, covers):
            return incident
    return None


def folded(incident: Incident, found: Finding, covers: Covers) -> Incident:
    """The incident with one more finding in it; the newest sentence is the one that is shown."""
    severe = found.severity is Severity.ERROR or incident.severity is Severity.WARN
    first, last = incident.first_partition, incident.last_partition
    this, begin, end = covers(found.partition), covers(first), covers(last)
    return replace(
        incident,
        first_partition=found.partition if this and begin and this.start < begin.start else first,
        last_partition=found.partition if this and end and this.start > end.start else last,
        sentence=found.sentence if severe else incident.sentence,
        subjects=tuple(dict.fromkeys(incident.subjects + found.subjects)),
        affected=tuple(dict.fromkeys(incident.affected + found.affected)),
        updated_at=found.at,
    )


def is_over(incident: Incident, partition: PartitionKey, evaluations: Sequence[Evaluation], covers: Covers) -> bool:
    """Whether a warning has ended with a published version: what it was about passes, on its last partition or later.

    What is no longer watched can't pass, and keeps no incident open.
    """
    last, this = covers(incident.last_partition), covers(partition)
    if last is not None and this is not None and this.start < last.start:
        return False
    about = [e for e in evaluations if e.subject in incident.subjects]
    return incident.severity is Severity.WARN and all(e.status is EvaluationStatus.PASSED for e in about)


def resolved(incident: Incident, resolution: str, at: datetime) -> Incident:
    """The incident, ended, and by what."""
    return replace(incident, status=IncidentStatus.RESOLVED, resolution=resolution, resolved_at=at, updated_at=at)


def _touches(incident: Incident, partition: PartitionKey, covers: Covers) -> bool:
    this = covers(partition)
    if this is None:  # an asset without partitions always goes on
        return partition == incident.last_partition
    first, last = covers(incident.first_partition), covers(incident.last_partition)
    return first is not None and last is not None and first.start <= this.end and this.start <= last.end
