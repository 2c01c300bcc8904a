from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

import observer as ob
from observer.incidents import (
    REOPENS_WITHIN,
    finding,
    following,
    joining,
    opening,
    passes_now,
    resolving,
    to_fold_into,
    to_reopen,
)
from observer.model import Evaluation, EvaluationStatus, Incident, IncidentStatus, Resolution, Severity, SubjectKind
from observer.turns import Finding, TurnKind, turned
from orchestration.model import AssetKey, GateDecision, GateOutcome, PartitionKey
from orchestration.partitions import Interval

AT = datetime(2024, 3, 10, 6, tzinfo=UTC)
KEY = AssetKey("orders")
DAYS = ob.daily(start="2024-01-01")


def covers(partition: PartitionKey) -> Interval | None:
    return None if partition is None else DAYS.interval(partition)


def found(partition: PartitionKey, severity: Severity = Severity.ERROR, subject: str = "a") -> Finding:
    return Finding(
        asset=KEY, partition=partition, severity=severity, sentence=f"{subject} on {partition}", subjects=(subject,),
        affected=(AssetKey("report"),), at=AT,
    )  # fmt: skip


def incident(first: PartitionKey, last: PartitionKey, severity: Severity = Severity.ERROR) -> Incident:
    return replace(turned(None, opening(found(first, severity))), id=7, last_partition=last)


def evaluation(subject: str, status: EvaluationStatus) -> Evaluation:
    return Evaluation(
        asset=KEY, partition="2024-03-05", materialization_id="m", kind=SubjectKind.CHECK, subject=subject,
        severity=Severity.WARN, status=status, sentence=f"{subject} {status}", evaluated_at=AT,
    )  # fmt: skip


def decision(outcome: GateOutcome) -> GateDecision:
    return GateDecision(
        asset=KEY, partition="2024-03-05", materialization_id="m", outcome=outcome, reasons=("a failed",),
        holds=("a",), decided_at=AT, by="policy",
    )  # fmt: skip


def test_nothing_wrong_is_no_finding() -> None:
    passed = [evaluation("a", EvaluationStatus.PASSED), evaluation("b", EvaluationStatus.UNKNOWN)]
    assert finding(decision(GateOutcome.OPEN), passed, ()) is None


def test_a_held_version_is_an_error_and_a_warning_blocks_nobody() -> None:
    warned, below = [evaluation("b", EvaluationStatus.WARNED)], (AssetKey("report"),)
    held = finding(decision(GateOutcome.HELD), warned, below)
    assert held is not None
    assert (held.severity, held.sentence, held.subjects, held.affected) == (
        Severity.ERROR,
        "a failed",
        ("a", "b"),
        below,
    )
    open_ = finding(decision(GateOutcome.OPEN), warned, below)
    assert open_ is not None
    assert (open_.severity, open_.sentence, open_.subjects, open_.affected) == (Severity.WARN, "b warned", ("b",), ())


@pytest.mark.parametrize(
    ("partition", "folds"),
    [
        ("2024-03-03", False), ("2024-03-04", True), ("2024-03-05", True), ("2024-03-06", True), ("2024-03-07", True),
        ("2024-03-08", True), ("2024-03-09", False),
    ],
)  # fmt: skip
def test_what_touches_an_incident_folds_into_it(partition: str, folds: bool) -> None:
    one = incident("2024-03-05", "2024-03-07")
    assert (to_fold_into(found(partition), [one], covers) is one) is folds


def test_without_partitions_everything_folds() -> None:
    one = incident(None, None)
    assert to_fold_into(found(None), [one], covers) is one
    assert to_fold_into(found(None), [incident("2024-03-05", "2024-03-05")], covers) is None
    assert to_fold_into(found("2024-03-05"), [one], covers) is None


def test_an_error_folds_into_an_error_before_it_makes_a_warning_worse() -> None:
    warning, error = incident("2024-03-05", "2024-03-05", Severity.WARN), incident("2024-03-05", "2024-03-05")
    assert to_fold_into(found("2024-03-06"), [error, warning], covers) is error
    assert to_fold_into(found("2024-03-06", Severity.WARN), [error], covers) is error
    assert to_fold_into(found("2024-03-06"), [warning], covers) is warning
    worse = joining(warning, found("2024-03-06"), covers)
    assert (worse.kind, turned(warning, worse).severity) == (TurnKind.WORSENED, Severity.ERROR)


def folded(one: Incident, what: Finding) -> Incident:
    return turned(one, joining(one, what, covers))


def test_folding_widens_and_never_narrows() -> None:
    one = incident("2024-03-05", "2024-03-07")
    spans = {key: folded(one, found(key)) for key in ("2024-03-04", "2024-03-05", "2024-03-08")}
    assert [(i.first_partition, i.last_partition) for i in spans.values()] == [
        ("2024-03-04", "2024-03-07"), ("2024-03-05", "2024-03-07"), ("2024-03-05", "2024-03-08"),
    ]  # fmt: skip


def test_folding_shows_the_newest_sentence_unless_it_is_the_lesser() -> None:
    one = incident("2024-03-05", "2024-03-05")
    later = folded(one, found("2024-03-06", subject="b"))
    assert (later.sentence, later.subjects, later.opened_at) == ("b on 2024-03-06", ("a", "b"), AT)
    lesser = folded(one, found("2024-03-06", Severity.WARN, "b"))
    assert (lesser.sentence, lesser.subjects) == ("a on 2024-03-05", ("a", "b"))


@pytest.mark.parametrize(
    ("partition", "status", "over"),
    [
        ("2024-03-05", EvaluationStatus.PASSED, True),
        ("2024-03-09", EvaluationStatus.PASSED, True),
        ("2024-03-04", EvaluationStatus.PASSED, False),
        ("2024-03-06", EvaluationStatus.UNKNOWN, False),
        ("2024-03-06", EvaluationStatus.LEARNING, False),
    ],
)
def test_a_warning_is_over_when_its_subject_passes_no_earlier(
    partition: str, status: EvaluationStatus, over: bool
) -> None:
    one = incident("2024-03-05", "2024-03-05", Severity.WARN)
    assert passes_now(one, partition, [evaluation("a", status)], covers) is over


def test_resolving_says_when_how_and_why() -> None:
    turn = resolving(Resolution.PASSED, "passed again", AT + timedelta(hours=1))
    ended = turned(incident("2024-03-05", "2024-03-05"), turn)
    assert (ended.status, ended.resolution, ended.resolved_as) == (IncidentStatus.RESOLVED, "passed again", "passed")
    assert ended.resolved_at == ended.updated_at == AT + timedelta(hours=1)


@pytest.mark.parametrize(
    ("how", "after", "partition", "comes_back"),
    [
        (Resolution.PASSED, REOPENS_WITHIN, "2024-03-06", True),
        (Resolution.FIXED, timedelta(), "2024-03-05", True),
        (Resolution.PASSED, REOPENS_WITHIN + timedelta(seconds=1), "2024-03-06", False),
        (Resolution.PASSED, timedelta(), "2024-03-08", False),
        (Resolution.RELEASED, timedelta(), "2024-03-05", False),
        (Resolution.EXPECTED, timedelta(), "2024-03-05", False),
        (Resolution.FALSE_ALARM, timedelta(), "2024-03-05", False),
        (Resolution.NO_ACTION, timedelta(), "2024-03-05", False),
    ],
)
def test_what_comes_back_soon_is_the_same_incident_unless_a_person_put_it_aside(
    how: Resolution, after: timedelta, partition: str, comes_back: bool
) -> None:
    ended = turned(incident("2024-03-05", "2024-03-05"), resolving(how, "so", AT - after))
    assert (to_reopen(found(partition), [ended], covers) is ended) is comes_back


def test_what_follows_is_affected_and_no_subject_and_an_error_makes_a_warning_worse() -> None:
    root = incident("2024-03-05", "2024-03-05", Severity.WARN)
    below = replace(found("2024-03-05", subject="b"), asset=AssetKey("report"), affected=(AssetKey("mail"),))
    worse = turned(root, following(root, below))
    assert (worse.severity, worse.subjects, worse.affected) == (Severity.ERROR, ("a",), ("report", "mail"))
    assert worse.sentence == "downstream report 2024-03-05: b on 2024-03-05"
    warned = turned(root, following(root, replace(below, severity=Severity.WARN)))
    assert (warned.severity, warned.sentence) == (Severity.WARN, root.sentence)
