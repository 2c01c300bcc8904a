"""Observations and history -> verdicts: pure, so everything is told and nothing is stored."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

import observer as ob
from observer.errors import CheckError
from observer.evaluate import evaluate, needed_series
from observer.history import Past, SeriesKey, StoredPoint
from observer.model import (
    Accuracy,
    AccuracyKind,
    Audit,
    CheckOutcome,
    Column,
    Evaluation,
    EvaluationStatus,
    Observation,
    Schema,
    Severity,
)
from observer.monitors import Monitor, monitor, with_defaults
from orchestration.assets import Asset
from orchestration.model import AssetKey, Materialization, VersionStatus

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
NOW = datetime(2024, 6, 1, tzinfo=UTC)
NULLS = SeriesKey("null_rate", "name")
WATCHED = monitor("null_rate", column="name", severity="error")


@ob.asset(partitions=ob.daily(start="2024-01-01"))
def orders() -> None: ...


@ob.asset
def whole() -> None: ...


def at(n: int) -> datetime:
    return FIRST + timedelta(days=n)


def past(values: Sequence[float | None], held: Sequence[int] = (), key: SeriesKey = NULLS) -> Past:
    points = tuple(
        StoredPoint(
            at=at(n), partition=at(n).date().isoformat(), version_seq=n, materialization_id=f"m{n}", run_id="r",
            status=VersionStatus.HELD if n in held else VersionStatus.PUBLISHED, value=value,
        )
        for n, value in enumerate(values)
    )  # fmt: skip
    rows = tuple(point._replace(value=1000.0) for point in points)
    return Past(series={key: points, SeriesKey("row_count"): rows}, schema=None)


def audit(*observed: Observation, outcomes: Sequence[CheckOutcome] = (), schema: Schema | None = None) -> Audit:
    made = Materialization(
        id="m", asset=AssetKey("orders"), partition=None, run_id="r", materialized_at=NOW, data_version="d",
        code_version="c", fingerprint="f", duration_s=0.1,
    )  # fmt: skip
    return Audit(materialization=made, observations=observed, schema=schema, outcomes=tuple(outcomes), collect_s=0.0)


def nulls(value: float | None, reason: str | None = None) -> Observation:
    return Observation(metric="null_rate", column="name", value=value, reason=reason)


def one(seen: Audit, before: Past, watch: Monitor = WATCHED, asset: Asset = orders, day: int = 40) -> Evaluation:
    (found,) = evaluate(asset, seen, [watch], before, data_at=at(day), now=NOW)
    return found


STEADY = [0.01 + 0.001 * (n % 5) for n in range(40)]


def test_an_ordinary_value_passes_with_its_band() -> None:
    found = one(audit(nulls(0.012)), past(STEADY))
    assert found.status is EvaluationStatus.PASSED
    assert found.sentence.startswith("Null rate of name 1.2 %, expected ")
    assert found.sentence.endswith("% (learned from 40 days)")
    assert (found.observed, found.evaluated_at) == (0.012, NOW)
    assert found.detection is not None


@pytest.mark.parametrize(("severity", "status"), [("warn", "warned"), ("error", "failed")])
def test_a_strange_value_is_as_bad_as_the_monitor_says(severity: str, status: str) -> None:
    watch = monitor("null_rate", column="name", severity=severity)
    assert one(audit(nulls(0.5)), past(STEADY), watch).status == status


def test_held_points_and_points_after_it_teach_nothing() -> None:
    wild = [0.9 if n in (30, 31) else value for n, value in enumerate(STEADY)]
    assert one(audit(nulls(0.5)), past(wild, held=(30, 31))).sentence.endswith("(learned from 38 days)")
    assert one(audit(nulls(0.5)), past(STEADY), day=20).sentence.endswith("(learned from 20 days)")


def test_missing_points_are_not_zeros() -> None:
    holes = [None if n % 4 == 0 else value for n, value in enumerate(STEADY)]
    found = one(audit(nulls(0.012)), past(holes))
    assert (found.status, found.sentence[-24:]) == (EvaluationStatus.PASSED, "% (learned from 30 days)")


def test_too_little_history_is_learning_and_says_for_how_long() -> None:
    found = one(audit(nulls(0.5)), past([]))
    assert found.status is EvaluationStatus.LEARNING
    assert found.detection is not None
    assert f"needs {found.detection.runs_needed} more run" in found.sentence


@pytest.mark.parametrize(
    ("observed", "said"),
    [
        ((), "Null rate of name could not be judged: there is no column name that it could be measured on"),
        ((nulls(None, "no rows"),), "Null rate of name could not be judged: no rows"),
        ((nulls(None),), "Null rate of name could not be judged: it was not measured"),
    ],
)
def test_what_was_not_measured_is_unknown_with_its_reason(observed: tuple[Observation, ...], said: str) -> None:
    found = one(audit(*observed), past(STEADY))
    assert (found.status, found.sentence, found.detection) == (EvaluationStatus.UNKNOWN, said, None)


def test_a_number_of_the_users_own_that_was_not_given_is_unknown() -> None:
    found = one(audit(), past([]), monitor("score"))
    assert (found.status, found.sentence) == (
        EvaluationStatus.UNKNOWN,
        "score could not be judged: nothing called 'score' was measured",
    )


def test_a_mistyped_metric_is_unknown_and_names_the_nearest() -> None:
    found = one(audit(), past([]), monitor("rowcount"))
    assert found.sentence.endswith("nothing called 'rowcount' was measured; did you mean 'row_count'?")


def test_a_detector_takes_its_parameters() -> None:
    with pytest.raises(CheckError, match="only stand beside detector="):
        monitor("row_count", lower=3)
    with pytest.raises(CheckError, match="threshold"):
        monitor("row_count", detector="threshold")
    bounds = monitor("row_count", detector="threshold", lower=3, upper=9, severity="error")
    assert one(audit(Observation(metric="row_count", value=5.0)), past([]), bounds).status is EvaluationStatus.PASSED
    assert one(audit(Observation(metric="row_count", value=10.0)), past([]), bounds).status is EvaluationStatus.FAILED


def test_an_asset_without_partitions_counts_runs() -> None:
    found = one(audit(nulls(0.012)), past(STEADY), asset=whole)
    assert found.sentence.endswith("(learned from 40 runs)")


def test_a_model_has_no_rows_and_no_schema_and_nobody_complains() -> None:
    found = evaluate(
        whole, audit(Observation(metric="duration", value=0.1)), with_defaults(()), past([]), data_at=NOW, now=NOW
    )
    assert [e.subject for e in found] == ["duration"]


@pytest.mark.parametrize(
    ("passed", "severity", "status"),
    [
        (True, Severity.ERROR, "passed"), (False, Severity.WARN, "warned"), (False, Severity.ERROR, "failed"),
        (None, Severity.WARN, "unknown"), (None, Severity.ERROR, "unknown"),
    ],
)  # fmt: skip
def test_a_checks_outcome_is_its_verdict(passed: bool | None, severity: Severity, status: str) -> None:
    outcome = CheckOutcome(check="c", severity=severity, passed=passed, message="it saw", failing_rows=3)
    (found,) = evaluate(orders, audit(outcomes=[outcome]), [], past([]), data_at=at(0), now=NOW)
    assert (found.status, dict(found.evidence)) == (status, {"failing_rows": 3})


def test_what_could_not_be_evaluated_is_said_once() -> None:
    bare = CheckOutcome(check="c", severity=Severity.ERROR, passed=None, message="no such column")
    said = replace(bare, message="c could not be evaluated: no such column")
    for outcome in (bare, said):
        (found,) = evaluate(orders, audit(outcomes=[outcome]), [], past([]), data_at=at(0), now=NOW)
        assert found.sentence == "c could not be evaluated: no such column"


def judged_schema(before: Schema, now: Schema, **watched: str) -> Evaluation:
    return one(audit(schema=now), replace(past([]), schema=before), monitor("schema", **watched))  # type: ignore[arg-type]


OLD = Schema((Column("a", "bigint"), Column("b", "date")))
WITHOUT_A = Schema((Column("b", "date"),))
WITH_C = Schema((*OLD.columns, Column("c", "text")))


def test_what_breaks_readers_is_as_bad_as_the_monitor_says() -> None:
    found = judged_schema(OLD, WITHOUT_A, severity="error")
    assert (found.status, found.severity) == (EvaluationStatus.FAILED, Severity.ERROR)
    assert (found.sentence, found.evidence) == ("Schema changed: a was removed", {"removed": 1})
    assert judged_schema(OLD, WITHOUT_A).status is EvaluationStatus.WARNED


def test_a_new_column_and_another_order_warn() -> None:
    for now in (WITH_C, Schema(OLD.columns[::-1])):
        found = judged_schema(OLD, now, severity="error")
        assert (found.status, found.severity) == (EvaluationStatus.WARNED, Severity.WARN)


def test_each_kind_of_change_has_a_policy() -> None:
    found = judged_schema(OLD, WITH_C, severity="error", added="ignore")
    assert (found.status, found.sentence) == (
        EvaluationStatus.PASSED, "Schema changed, as it may: c was added (text)",
    )  # fmt: skip
    assert judged_schema(OLD, WITH_C, added="error").status is EvaluationStatus.FAILED
    assert judged_schema(OLD, WITHOUT_A, severity="error", removed="warn").status is EvaluationStatus.WARNED
    both = Schema((Column("b", "date"), Column("c", "text")))
    assert judged_schema(OLD, both, removed="error", added="ignore").status is EvaluationStatus.FAILED


def test_a_schema_is_learned_then_compared() -> None:
    schema = Schema((Column("a", "BIGINT"),))
    first = one(audit(schema=schema), past([]), Monitor(metric="schema"))
    assert (first.status, "needs 1 more run" in first.sentence) == (EvaluationStatus.LEARNING, True)
    same = one(audit(schema=schema), replace(past([]), schema=schema), Monitor(metric="schema"))
    assert (same.status, same.sentence) == (EvaluationStatus.PASSED, "Schema unchanged: 1 column")


def test_durations_are_ordered_by_the_clock() -> None:
    key = SeriesKey("duration")
    seen = audit(Observation(metric="duration", value=50.0))
    found = one(seen, past([0.1 + 0.001 * (n % 7) for n in range(40)], key=key), monitor("duration"), day=0)
    assert found.status is EvaluationStatus.WARNED


def minutes(values: Sequence[float], held: Sequence[int] = ()) -> Past:
    """The past of an asset that is materialized every five minutes."""
    before = past(values, held)
    moved = {
        key: tuple(point._replace(at=FIRST + timedelta(minutes=5 * n)) for n, point in enumerate(points))
        for key, points in before.series.items()
    }
    return replace(before, series=moved)


@pytest.mark.parametrize(("held", "status"), [((), "passed"), ((40, 41), "failed")])
def test_an_episode_of_minutes_is_told_once_and_what_is_held_stays_held(held: Sequence[int], status: str) -> None:
    calm = [0.01 + 0.001 * (n * 37 % 11) for n in range(40)]
    first = one(audit(nulls(0.5)), minutes(calm), asset=whole)
    assert first.status is EvaluationStatus.FAILED
    assert first.detection is not None
    assert first.detection.detector == "episodic"
    assert one(audit(nulls(0.5)), minutes([*calm, 0.5, 0.5], held), asset=whole).status == status


def test_only_what_is_watched_is_read() -> None:
    assert needed_series([WATCHED, Monitor(metric="schema")]) == {NULLS, SeriesKey("row_count")}


def test_a_value_that_no_longer_moves_is_told_although_it_is_inside_the_band() -> None:
    stuck = [0.01 + 0.001 * (n * 37 % 11) / 11 for n in range(36)] + [0.0102] * 4
    found = one(audit(nulls(0.0102)), past(stuck))
    assert found.status is EvaluationStatus.FAILED
    assert "the same value for longer than its past explains" in found.sentence
    assert found.detection is not None
    assert (found.detection.detector, found.detection.upper is not None) == ("stuck", True)


def test_a_drift_is_told_although_no_step_of_it_is_news() -> None:
    rising = [5000.0 + (n * 37 % 11 - 5) * 40 + 40 * max(0, n - 49) for n in range(60)]
    before = past(rising[:-1], key=SeriesKey("mean", "name"))
    seen = Observation(metric="mean", column="name", value=rising[-1])
    found = one(audit(seen), before, monitor("mean", column="name", alpha=0.1), day=59)
    assert found.status is EvaluationStatus.WARNED
    assert "after drifting one way" in found.sentence


def test_a_rate_of_a_sample_is_judged_by_the_rows_that_were_looked_at() -> None:
    values = [0.10 + 0.003 * (n % 3) for n in range(40)]
    exact = past(values)
    few = {key: tuple(p._replace(accuracy=SAMPLED) for p in points) for key, points in exact.series.items()}
    sampled = replace(exact, series={**few, SeriesKey("row_count"): exact.series[SeriesKey("row_count")]})
    rows = Observation(metric="row_count", value=1000.0)
    wide = one(audit(replace(nulls(0.15), accuracy=SAMPLED), rows), sampled).detection
    narrow = one(audit(nulls(0.15), rows), exact).detection
    assert wide is not None
    assert narrow is not None
    assert (wide.upper or 0) - (wide.expected or 0) > 1.5 * ((narrow.upper or 0) - (narrow.expected or 0))


SAMPLED = Accuracy(AccuracyKind.SAMPLED, 0.1)
