"""Measuring what users ask for beside the catalogue: in the one scan, by a grouped statement a column, by functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from observer.collectors.base import Collector
from observer.collectors.relation import Relation
from observer.collectors.scan import Measured, number, scalar
from observer.collectors.tabular import described, first_line
from observer.metrics import METRICS
from observer.model import Observation
from observer.own_metrics import OwnMetric

Said = Callable[[BaseException], str]

_MAX_TEXT = 80  # characters of a segment's value
_OF_VALUES = ("zero_rate", "negative_rate", "true_rate")


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the user's own metrics goes into the one scan; ``problems`` are those that can't be asked."""

    metrics: tuple[OwnMetric, ...]
    expressions: tuple[str, ...]
    problems: tuple[Observation, ...]

    def observations(self, values: Sequence[Measured]) -> Iterator[Observation]:
        """What the scan gave for them."""
        yield from self.problems
        for one, seen in zip(self.metrics, values, strict=True):
            value, reason = number(seen)
            yield Observation(metric=one.name, value=value, reason=reason)


NOTHING_ASKED = Asked((), (), ())


def asked(metrics: Sequence[OwnMetric], relation: Relation | None, problem: str | None) -> Asked:
    """The aggregates of the whole table, as the relation's engine takes them."""
    found: list[tuple[OwnMetric, str]] = []
    problems = []
    for one in metrics:
        if one.sql is None or one.segment is not None:
            continue
        try:
            found.append((one, _expression(one, _there(relation, problem))))
        except Exception as error:
            problems.append(Observation(metric=one.name, value=None, reason=first_line(error)))
    return Asked(tuple(one for one, _ in found), tuple(text for _, text in found), tuple(problems))


def by_function(one: OwnMetric, call: Callable[[OwnMetric], object], said: Said = described) -> Observation:
    """What a function of the user's said; whatever it raises is the reason why there is no value."""
    try:
        answer = call(one)
        value = None if answer is None else float(answer)  # type: ignore[arg-type]  # what can't be one raises
    except (Exception, SystemExit) as error:
        return Observation(metric=one.name, value=None, reason=said(error))
    known, reason = number(Measured(value))
    return Observation(metric=one.name, value=known, reason="the function returned None" if value is None else reason)


def collected(
    one: Collector, call: Callable[[Collector], Iterable[Observation]], said: Said = described
) -> Iterator[Observation]:
    """What a collector of the user's measured, held to the catalogue's names and to its limit."""
    try:
        seen = list(islice(call(one), one.LIMIT + 1))
        for each in seen:
            if not isinstance(each, Observation):
                raise TypeError(f"collect gave a {type(each).__name__}, not an Observation")
    except (Exception, SystemExit) as error:
        yield Observation(metric=one.name, value=None, reason=said(error))
        return
    if len(seen) > one.LIMIT:
        yield Observation(metric=one.name, value=None, reason=f"it gave more than {one.LIMIT} observations")
    for each in seen[: one.LIMIT]:
        if each.metric in METRICS:  # those of the catalogue are not theirs to give
            continue
        value, reason = (None, each.reason) if each.value is None else number(Measured(each.value))
        yield replace(each, value=value, reason=reason)


def by_segment(metrics: Sequence[OwnMetric], relation: Relation | None, problem: str | None) -> Iterator[Observation]:
    """The metrics by segment: one grouped statement for each column that makes segments.

    The segments with the most rows are measured, and always how many each has; ``segment_count`` says how many
    segments there are, and what was left out.
    """
    columns = dict.fromkeys(one.segment for one in metrics if one.segment is not None)
    for column in columns:
        mine = [one for one in metrics if one.segment == column]
        try:
            yield from _grouped(column, mine, _there(relation, problem))
        except Exception as error:
            why = first_line(error) if relation is None else relation.explain(error)
            yield Observation(metric="segment_count", column=column, value=None, reason=why)


def _there(relation: Relation | None, problem: str | None) -> Relation:
    if relation is None:
        raise LookupError(problem or "the data is no table")
    return relation


def _grouped(column: str, metrics: Sequence[OwnMetric], relation: Relation) -> Iterator[Observation]:
    by = relation.field(column).sql
    asked_of, failed = _spelled([one for one in metrics if one.name != "row_count"], relation)
    most = max(one.most for one in metrics)
    expressions = [by, "count(*)", "count(*) OVER ()", "sum(count(*)) OVER ()", *(text for _, text in asked_of)]
    rows = relation.select(expressions, f"GROUP BY {by} ORDER BY count(*) DESC, {by} LIMIT {most}")
    groups, total = (int(rows[0][2]), int(rows[0][3])) if rows else (0, 0)
    rest = total - sum(int(row[1]) for row in rows)
    left_out = f"the {len(rows)} with the most rows are measured; {rest:,} rows lie in others" if rest else None
    yield Observation(metric="segment_count", column=column, value=float(groups), reason=left_out)
    for at, row in enumerate(rows):
        segment = _segment(column, row[0])
        yield Observation(metric="row_count", segment=segment, value=float(row[1]))
        for (one, _), value in zip(asked_of, row[4:], strict=True):
            if at < one.most:
                known, reason = number(Measured(scalar(value)))
                yield Observation(metric=one.name, column=one.column, segment=segment, value=known, reason=reason)
    for one, why in failed:
        for at, row in enumerate(rows):
            if at < one.most:
                segment = _segment(column, row[0])
                yield Observation(metric=one.name, column=one.column, segment=segment, value=None, reason=why)


def _spelled(
    metrics: Sequence[OwnMetric], relation: Relation
) -> tuple[list[tuple[OwnMetric, str]], list[tuple[OwnMetric, str]]]:
    """Each metric with its expression; and those that the engine refuses, with why, so that they take no other down."""
    good, bad = [], []
    for one in metrics:
        try:
            text = _expression(one, relation)
            relation.select([text], "WHERE 1 = 0")
        except Exception as error:
            bad.append((one, relation.explain(error)))
        else:
            good.append((one, text))
    return good, bad


def _expression(one: OwnMetric, relation: Relation) -> str:
    if one.sql is not None:
        from observer.collectors.aggregate import spelled

        return spelled(one.sql, relation, f"metric({one.name!r})")
    if one.column is None:
        return "count(*)"
    field = relation.field(one.column)
    if one.name == "null_rate":
        return f"(count(*) - count({field.sql})) * 1.0 / count(*)"
    measured = relation.metric(one.name, field)
    return f"{measured} * 1.0 / nullif(count({field.sql}), 0)" if one.name in _OF_VALUES else measured


def _segment(column: str, value: object) -> str:
    if value is None:
        return f"{column} is null"
    return f"{column}={str(value)[:_MAX_TEXT]}"
