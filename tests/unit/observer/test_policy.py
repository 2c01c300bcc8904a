from datetime import UTC, datetime

import pytest

from observer.model import Evaluation, EvaluationStatus, GatePolicy, Severity, SubjectKind
from observer.policy import decide
from orchestration.model import AssetKey, GateOutcome, Materialization

AT = datetime(2024, 3, 1, tzinfo=UTC)
MADE = Materialization(
    id="m1", asset=AssetKey("orders"), partition=None, run_id="r", materialized_at=AT, data_version="d",
    code_version="c", fingerprint="f", duration_s=0.0,
)  # fmt: skip
S, E = EvaluationStatus, Severity


def evaluation(status: EvaluationStatus, severity: Severity, subject: str = "unique(id)") -> Evaluation:
    return Evaluation(
        asset=MADE.asset, partition=None, materialization_id="m1", kind=SubjectKind.CHECK, subject=subject,
        severity=severity, status=status, sentence=f"{subject} {status}", evaluated_at=AT,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "severity", "policy", "held", "unknown"),
    [
        (S.PASSED, E.ERROR, GatePolicy(), False, False),
        (S.SKIPPED, E.ERROR, GatePolicy(), False, False),
        (S.WARNED, E.WARN, GatePolicy(), False, False),
        (S.FAILED, E.ERROR, GatePolicy(), True, False),
        (S.UNKNOWN, E.ERROR, GatePolicy(), True, True),
        (S.UNKNOWN, E.WARN, GatePolicy(), False, False),
        (S.UNKNOWN, E.ERROR, GatePolicy(on_unknown="open"), False, False),
        (S.UNKNOWN, E.ERROR, GatePolicy(on_unknown="hold"), True, True),
        (S.LEARNING, E.ERROR, GatePolicy(), False, False),
        (S.LEARNING, E.ERROR, GatePolicy(on_learning="hold"), True, True),
        (S.LEARNING, E.WARN, GatePolicy(on_learning="hold"), False, False),
        (S.FAILED, E.ERROR, GatePolicy(on_unknown="open"), True, False),
    ],
)
def test_one_switch_decides(
    status: EvaluationStatus, severity: Severity, policy: GatePolicy, held: bool, unknown: bool
) -> None:
    decision = decide(MADE, [evaluation(status, severity)], policy, AT)
    assert (decision.outcome is GateOutcome.HELD, decision.unknown) == (held, unknown)


def test_a_failure_comes_before_what_could_not_be_told() -> None:
    both = [evaluation(S.UNKNOWN, E.ERROR, "a"), evaluation(S.FAILED, E.ERROR, "b")]
    decision = decide(MADE, both, GatePolicy(), AT)
    assert (decision.holds, decision.reasons[0], decision.unknown) == (("b", "a"), "b failed", False)


def test_nothing_declared_is_open() -> None:
    assert decide(MADE, [], GatePolicy(), AT).outcome is GateOutcome.OPEN
