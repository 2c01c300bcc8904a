"""Evaluations -> a decision. Nothing that can hold data fails open silently."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from observer.model import Evaluation, EvaluationStatus, GatePolicy, OnUnknown, Severity
from orchestration.model import GateDecision, GateOutcome, Materialization


def decide(made: Materialization, evaluations: Sequence[Evaluation], policy: GatePolicy, now: datetime) -> GateDecision:
    """Hold a version if something of severity ``error`` failed, or could not be told and the policy says so."""
    failed = [e for e in evaluations if e.status is EvaluationStatus.FAILED]
    untold = [
        e
        for e in evaluations
        if e.severity is Severity.ERROR
        and (
            (e.status is EvaluationStatus.UNKNOWN and policy.on_unknown == OnUnknown.HOLD)
            or (e.status is EvaluationStatus.LEARNING and policy.on_learning == OnUnknown.HOLD)
        )
    ]
    holding = failed + untold
    return GateDecision(
        asset=made.asset, partition=made.partition, materialization_id=made.id,
        outcome=GateOutcome.HELD if holding else GateOutcome.OPEN,
        reasons=tuple(e.sentence for e in holding), holds=tuple(e.subject for e in holding),
        decided_at=now, by="policy", unknown=bool(untold) and not failed,
    )  # fmt: skip
