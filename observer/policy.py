"""Evaluations -> a decision. Nothing that can hold data fails open silently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from observer.model import Evaluation, EvaluationStatus, GatePolicy, Mute, OnUnknown, Override, Severity
from orchestration.model import GateDecision, GateOutcome, Materialization

TOLD = frozenset({EvaluationStatus.FAILED, EvaluationStatus.WARNED, EvaluationStatus.UNKNOWN})
"""What people hear of, unless it is muted."""

PROPOSED = "release proposed"
"""What the log says of a held version that nothing holds any more, when its checks have been run again."""


def holding(evaluations: Sequence[Evaluation], policy: GatePolicy) -> tuple[Evaluation, ...]:
    """What holds a version if nobody overrides it: what failed, then what could not be told, if the policy says so."""
    heard = [e for e in evaluations if not e.muted]
    failed = [e for e in heard if e.status is EvaluationStatus.FAILED]
    errors = [e for e in heard if e.severity is Severity.ERROR]
    if not errors:
        return tuple(failed)
    statuses = [EvaluationStatus.UNKNOWN] if policy.on_unknown == OnUnknown.HOLD else []
    statuses += [EvaluationStatus.LEARNING] if policy.on_learning == OnUnknown.HOLD else []
    return (*failed, *(e for e in errors if e.status in statuses))


def with_mutes(evaluations: Sequence[Evaluation], mutes: Mapping[str, Mute]) -> tuple[Evaluation, ...]:
    """The evaluations; those of muted subjects say so. A pass is not muted: there is nothing to keep quiet."""
    return tuple(
        replace(e, muted=str(mutes[e.subject]), sentence=f"{e.sentence}; {mutes[e.subject]}")
        if e.subject in mutes and e.status in TOLD
        else e
        for e in evaluations
    )


def with_overrides(
    evaluations: Sequence[Evaluation], policy: GatePolicy, overrides: Mapping[str, Override]
) -> tuple[Evaluation, ...]:
    """The evaluations; those that would hold say by whose word they don't."""
    if not overrides:
        return tuple(evaluations)
    would = {e.subject for e in holding(evaluations, policy)} & set(overrides)
    return tuple(
        replace(e, sentence=f"{e.sentence}; would hold, {overrides[e.subject]}") if e.subject in would else e
        for e in evaluations
    )


def decide(
    made: Materialization,
    evaluations: Sequence[Evaluation],
    policy: GatePolicy,
    now: datetime,
    overrides: Mapping[str, Override] | None = None,
) -> GateDecision:
    """Hold a version if something of severity ``error`` failed, or could not be told and the policy says so.

    What is overridden (by its subject) doesn't hold; it is among the reasons all the same, after what holds.
    """
    would = holding(evaluations, policy)
    overridden = [e for e in would if e.subject in (overrides or {})]
    holds = [e for e in would if e not in overridden]
    return GateDecision(
        asset=made.asset, partition=made.partition, materialization_id=made.id,
        outcome=GateOutcome.HELD if holds else GateOutcome.OPEN,
        reasons=tuple(e.sentence for e in (*holds, *overridden)), holds=tuple(e.subject for e in holds),
        decided_at=now, by="policy", overridden=tuple(e.subject for e in overridden),
        unknown=bool(holds) and all(e.status is not EvaluationStatus.FAILED for e in holds), columns=_columns(holds),
    )  # fmt: skip


def _columns(holds: Sequence[Evaluation]) -> tuple[str, ...]:
    """The columns that everything which holds lies in; none where one lies in no column, or could not be told."""
    if not all(one.columns and one.status is EvaluationStatus.FAILED for one in holds):
        return ()
    return tuple(sorted({name for one in holds for name in one.columns}))
