from datetime import UTC, datetime

import pytest

from observer.model import Evaluation, EvaluationStatus, GatePolicy, Override, Severity, SubjectKind
from observer.policy import decide, with_overrides
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


def override(subject: str) -> Override:
    until = datetime(2024, 3, 2, 18, 30, tzinfo=UTC)
    return Override(asset=MADE.asset, partition=None, subject=subject, until=until, by="ana", reason="a new feed")


SAID = "would hold, overridden until 2024-03-02 18:30 UTC by ana: a new feed"


@pytest.mark.parametrize("status", [S.FAILED, S.UNKNOWN, S.LEARNING])
def test_what_is_overridden_does_not_hold_and_says_so(status: EvaluationStatus) -> None:
    policy, overrides = GatePolicy(on_learning="hold"), {"a": override("a")}
    found = with_overrides([evaluation(status, E.ERROR, "a"), evaluation(S.PASSED, E.ERROR, "b")], policy, overrides)
    assert [(e.status, e.severity) for e in found] == [(status, E.ERROR), (S.PASSED, E.ERROR)]
    decision = decide(MADE, found, policy, AT, overrides)
    assert (decision.outcome, decision.holds, decision.unknown) == (GateOutcome.OPEN, (), False)
    assert decision.overridden == ("a",)
    assert decision.reasons == (f"a {status}; {SAID}",)


def test_an_override_leaves_the_others_to_hold() -> None:
    both, overrides = [evaluation(S.FAILED, E.ERROR, "a"), evaluation(S.UNKNOWN, E.ERROR, "b")], {"a": override("a")}
    decision = decide(MADE, with_overrides(both, GatePolicy(), overrides), GatePolicy(), AT, overrides)
    assert (decision.outcome, decision.holds, decision.overridden) == (GateOutcome.HELD, ("b",), ("a",))
    assert decision.reasons == ("b unknown", f"a failed; {SAID}")
    assert decision.unknown, "what failed is overridden, what holds could not be told"


def test_an_override_of_what_would_not_hold_says_nothing() -> None:
    overrides = {"a": override("a")}
    for given in (evaluation(S.PASSED, E.ERROR, "a"), evaluation(S.WARNED, E.WARN, "a")):
        assert with_overrides([given], GatePolicy(), overrides) == (given,)
        decision = decide(MADE, [given], GatePolicy(), AT, overrides)
        assert (decision.outcome, decision.reasons, decision.overridden) == (GateOutcome.OPEN, (), ())
