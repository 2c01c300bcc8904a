"""Incidents: opened, folded and resolved by what the gate sees. Pure; ``observer.store.incidents`` keeps them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from observer.model import Evaluation, EvaluationStatus, Incident, IncidentStatus, Severity
from orchestration.model import AssetKey, GateDecision, GateOutcome, PartitionKey


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
    """What people must look at, or None: held versions are of severity error, warnings of severity warn."""
    warned = [e for e in evaluations if e.status is EvaluationStatus.WARNED]
    held = decision.outcome is GateOutcome.HELD
    if not held and not warned:
        return None
    sentence = decision.reasons[0] if held else warned[0].sentence
    subjects = decision.holds + tuple(e.subject for e in warned)
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


def to_fold_into(
    found: Finding, open_ones: Sequence[Incident], follows: Callable[[PartitionKey, PartitionKey], bool]
) -> Incident | None:
    """The incident that goes on with this finding: the same partition again, or the one right after it.

    An error is not folded into a warning: people were told of less than what it is.
    """
    for incident in reversed(open_ones):
        if incident.severity is Severity.WARN and found.severity is Severity.ERROR:
            continue
        same = found.partition in (incident.first_partition, incident.last_partition)
        if same or follows(incident.last_partition, found.partition):
            return incident
    return None


def folded(incident: Incident, found: Finding) -> Incident:
    """The incident with one more finding in it; the newest sentence is the one that is shown."""
    severe = found.severity is Severity.ERROR or incident.severity is Severity.WARN
    return replace(
        incident,
        last_partition=found.partition,
        sentence=found.sentence if severe else incident.sentence,
        subjects=tuple(dict.fromkeys(incident.subjects + found.subjects)),
        affected=tuple(dict.fromkeys(incident.affected + found.affected)),
        updated_at=found.at,
    )


def resolved(incident: Incident, resolution: str, at: datetime) -> Incident:
    """The incident, ended, and by what."""
    return replace(incident, status=IncidentStatus.RESOLVED, resolution=resolution, resolved_at=at, updated_at=at)
