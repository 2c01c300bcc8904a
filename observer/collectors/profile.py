"""The catalogue's column metrics, asked for as compiled, and the numbers that come back as observations."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from observer.collectors.compiled import VALUES, Compiled, Question, Thinned, compiled, is_closer, thinned
from observer.collectors.exact import exactly
from observer.collectors.field import Field
from observer.collectors.keeping import NOTHING, Keeping
from observer.collectors.kept import Answers, distributions, sketches
from observer.collectors.known import Known
from observer.collectors.relation import Relation
from observer.collectors.sampled import look
from observer.collectors.scan import INFINITE, Measured, number, scan, spread
from observer.collectors.sketches import Sketch
from observer.collectors.tabular import Unreadable, first_line
from observer.metrics import METRICS
from observer.model import AccuracyKind, Distribution, Observation, ProfilePolicy

_OF_VALUES = {"zero_rate", "negative_rate", "true_rate"}
_DEFAULT = ProfilePolicy()
_FEW_LEFT = 0.25  # of the rows: then workers find them in parallel, and one process counts
_ORDER = {name: at for at, name in enumerate(METRICS)}


@dataclass(frozen=True, slots=True)
class Profile:
    """What was seen: rows, observations of the columns, values of the other expressions, and what is kept beside."""

    rows: Measured
    observations: tuple[Observation, ...]
    values: tuple[Measured, ...]
    sketches: Mapping[str, Sketch] = field(default_factory=dict)  # by column
    distributions: tuple[Distribution, ...] = ()


def profile(
    relation: Relation,
    expressions: Sequence[str] = (),
    policy: ProfilePolicy = _DEFAULT,
    *,
    keeping: Keeping = NOTHING,
) -> Profile:
    """Measure every metric of every column, and the expressions that checks contribute.

    Parameters
    ----------
    expressions: SQL aggregates over the relation's aliases (``relation.field(name).sql``), of all rows.
    keeping: what is kept beside.
    """
    asked = compiled(relation, policy, keeping=keeping)
    (rows, *values), *columns = scan(relation, [["count(*)", *expressions], *_expressions(asked.full)])
    answers = _answers(asked, columns)
    again = [at for at, found in enumerate(answers) if _is_open(found)]
    if again:
        careful = compiled(relation, policy, [relation.fields[at] for at in again], swift=False, keeping=keeping)
        _, *columns = scan(relation, [[], *_expressions(careful.full)])
        for at, found in zip(again, _answers(careful, columns), strict=True):
            answers[at] = found
    kept = sketches(relation, answers)
    _sample(relation, asked, answers)
    if is_closer(relation, policy):
        for one, known, found in zip(relation.fields, relation.known(), answers, strict=True):
            found |= _exactly(relation, one, known, found)
    spread = [*look(relation, asked, answers, keeping.points), *distributions(relation, answers)]
    count, _ = number(rows)
    by_name = {
        field.name: _observations(field, count, found) for field, found in zip(relation.fields, answers, strict=True)
    }
    for column in relation.unreadable:
        by_name[column.name] = unreadable(column, count)
    ordered = [seen for column in relation.schema.columns for seen in by_name[column.name]]
    return Profile(rows, tuple(ordered), tuple(values), kept, tuple(spread))


def _expressions(asked: Sequence[Sequence[Question]]) -> list[list[str]]:
    return [[question.expression for question in questions] for questions in asked]


def _is_open(found: Answers) -> bool:
    """Whether a column has to be asked for carefully: a NaN, infinities, or sums that cancel make one of a moment."""
    values = (found[name][1].value for name in ("mean", "std") if name in found)
    return any(isinstance(value, float) and math.isnan(value) for value in values)


def _answers(asked: Compiled, columns: Sequence[Sequence[Measured]]) -> list[Answers]:
    """What is known and what was asked of all rows, by field."""
    return [
        {name: (Question((name,), ""), Measured(value)) for name, value in told.items()}
        | _by_metric(questions, measured)
        for told, questions, measured in zip(asked.told, asked.full, columns, strict=True)
    ]


def _by_metric(questions: Sequence[Question], measured: Sequence[Measured]) -> Answers:
    return {
        metric: (question, each)
        for question, seen in zip(questions, measured, strict=True)
        for metric, each in zip(question.metrics, spread(seen, len(question.metrics)), strict=True)
    }


def _exactly(relation: Relation, field: Field, known: Known, found: Answers) -> Answers:
    distinct = number(found["distinct_count"][1])[0] if "distinct_count" in found else None
    questions = exactly(relation, field, known, distinct, number(found[VALUES][1])[0])
    (measured,) = scan(relation, [[question.expression for question in questions]])
    return _by_metric(questions, measured)


def _sample(relation: Relation, asked: Compiled, answers: Sequence[Answers]) -> None:
    """Add what a sample says to what it has to, and where it can't tell how many distinct values there are, what all
    rows say of a part.
    """
    left = {at: questions for at, questions in enumerate(asked.sampled) if questions}
    if not left:
        return
    fields = [relation.fields[at] for at in left]
    try:
        sample = relation.sample(asked.rate, fields)
    except Exception as error:
        failed = Measured(None, f"no sample could be taken: {first_line(error)}")
        for at, questions in left.items():
            answers[at] |= _by_metric(questions, [failed] * len(questions))
        return
    groups = [
        [f"count({field.sql})", *(question.expression for question in questions)]
        for field, questions in zip(fields, left.values(), strict=True)
    ]
    closer: dict[int, Thinned] = {}
    for (at, questions), (values, *measured) in zip(left.items(), scan(sample, groups), strict=True):
        answers[at] |= _by_metric(questions, measured)
        if (thin := _closer(relation, relation.fields[at], values, answers[at])) is not None:
            closer[at] = thin
    if not closer:
        return
    is_little = sum(thin.share for thin in closer.values()) <= _FEW_LEFT
    some = relation.where([thin.condition for thin in closer.values()]) if is_little else relation
    counted = scan(some, [[thin.question.expression] for thin in closer.values()])
    for (at, thin), (count,) in zip(closer.items(), counted, strict=True):
        answers[at]["distinct_count"] = (thin.question, count)


def _closer(relation: Relation, field: Field, sampled: Measured, found: Answers) -> Thinned | None:
    if "distinct_count" not in found or found["distinct_count"][0].accuracy.kind is not AccuracyKind.SAMPLED:
        return None
    (distinct, _), (values, _) = number(found["distinct_count"][1]), number(sampled)
    return None if distinct is None or values is None else thinned(relation, field, distinct, values)


def _observations(field: Field, rows: float | None, found: Answers) -> list[Observation]:
    values, why = number(found[VALUES][1])
    nulls = None if values is None or rows is None else rows - values
    out = [_null_rate(field.name, rows, nulls, why)]
    for name in sorted(found.keys() - {VALUES}, key=_ORDER.__getitem__):
        question, seen = found[name]
        value, reason = _value(name, question, seen, rows, values)
        if reason == INFINITE and name in ("mean", "std") and _is_finite(found):
            reason = "it is too large for a number"
        out.append(Observation(metric=name, column=field.name, value=value, reason=reason, accuracy=question.accuracy))
    return out


def _is_finite(found: Answers) -> bool:
    return all(name in found and number(found[name][1])[0] is not None for name in ("min", "max"))


def _value(
    metric: str, question: Question, seen: Measured, rows: float | None, values: float | None
) -> tuple[float | None, str | None]:
    """Return a column's metric, given how many rows and values it has; or None and why."""
    value, reason = number(seen)
    if seen.reason is not None or values is None:
        return value, reason
    if not rows:
        return None, "no rows"
    if not values:
        return (0.0, None) if metric == "distinct_count" else (None, "no values")
    if value is None:
        return None, _missing(metric, question, values)
    if metric in _OF_VALUES:
        return value / values, None
    return min(value, values) if metric == "distinct_count" else value, None


def _missing(metric: str, question: Question, values: float) -> str:
    if metric == "std" and values == 1:
        return "a single value"
    sampled = question.accuracy.kind is AccuracyKind.SAMPLED
    return f"{INFINITE}, or none in the sample" if sampled else INFINITE


def _null_rate(column: str, rows: float | None, nulls: float | None, why: str | None) -> Observation:
    if nulls is None:
        return Observation(metric="null_rate", column=column, value=None, reason=why or "rows could not be counted")
    if not rows:
        return Observation(metric="null_rate", column=column, value=None, reason="no rows")
    return Observation(metric="null_rate", column=column, value=nulls / rows)


def unreadable(column: Unreadable, rows: float | None) -> list[Observation]:
    """What is known of a column that can't be looked into, given how many rows there are."""
    return [
        _null_rate(column.name, rows, column.nulls, column.reason),
        Observation(metric="distinct_count", column=column.name, value=None, reason=column.reason),
    ]
