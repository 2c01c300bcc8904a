"""A profile of a part of the rows, where the policy bounds how many are looked at; the rows are counted exactly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from observer.collectors.compiled import FEW
from observer.collectors.keeping import NOTHING, Keeping
from observer.collectors.profile import Profile, profile, unreadable
from observer.collectors.relation import Relation
from observer.collectors.scan import Measured, number, scan
from observer.collectors.tabular import first_line
from observer.metrics import METRICS, Level
from observer.model import Accuracy, AccuracyKind, Observation, ProfilePolicy

LEAST_ROWS = 10_000
"""Rows that a share is never fewer than: below, a sample says little and saves nothing."""

UNTOLD = "a sample can't tell how many distinct values there are"


def part_rate(policy: ProfilePolicy, rows: int) -> float:
    """Which share of the rows the policy wants looked at; 1: all of them.

    >>> part_rate(ProfilePolicy(sample=100_000), 10_000_000), part_rate(ProfilePolicy(sample=0.25), 20_000)
    (0.01, 0.5)
    """
    if policy.sample is None or policy.exact or not rows:
        return 1.0
    wanted = policy.sample if isinstance(policy.sample, int) else max(LEAST_ROWS, policy.sample * rows)
    return 1.0 if rows <= wanted else round(wanted / rows, 6) or 1e-6


def profile_of_part(
    relation: Relation,
    rate: float,
    expressions: Sequence[str],
    policy: ProfilePolicy,
    *,
    keeping: Keeping = NOTHING,
) -> Profile:
    """Measure the columns over a share ``rate`` of the rows; the rows and ``expressions`` over all of them.

    As :func:`observer.collectors.profile.profile`, and every observation says that it is of a sample. No sketch is
    kept: a sample can't tell how many distinct values there are.
    """
    rows, values = Measured(relation.rows), []
    if expressions:
        ((rows, *values),) = scan(relation, [["count(*)", *expressions]])
    count, _ = number(rows)
    try:
        found = profile(
            relation.part(rate), policy=replace(policy, sample=None), keeping=Keeping(points=keeping.points)
        )
    except Exception as error:
        return Profile(rows, tuple(_untaken(relation, count, first_line(error))), tuple(values))
    looked_at, _ = number(found.rows)
    by_column: dict[str | None, list[Observation]] = {}
    for one in found.observations:
        by_column.setdefault(one.column, []).append(one)
    seen = {name: list(_of_part(each, looked_at, rate)) for name, each in by_column.items()}
    for column in relation.unreadable:
        seen[column.name] = unreadable(column, count)
    ordered = [one for column in relation.schema.columns for one in seen[column.name]]
    spread = tuple(replace(one, rate=one.rate * rate) for one in found.distributions)
    return Profile(rows, tuple(ordered), tuple(values), distributions=spread)


def _of_part(column: Sequence[Observation], rows: float | None, rate: float) -> Iterator[Observation]:
    """One column's observations with what they are worth as those of all rows."""
    nulls = next((one.value for one in column if one.metric == "null_rate"), None)
    values = None if rows is None or nulls is None else rows * (1 - nulls)
    for one in column:
        within = one.accuracy.amount if one.accuracy.kind is AccuracyKind.SAMPLED else 1.0
        taken = replace(one, accuracy=Accuracy(AccuracyKind.SAMPLED, rate * within))
        if one.metric == "distinct_count" and one.value is not None:
            met_all = values is not None and one.value <= values * FEW
            yield taken if met_all else replace(taken, value=None, reason=UNTOLD)
        else:
            yield taken


def _untaken(relation: Relation, rows: float | None, why: str) -> Iterator[Observation]:
    """What is said of the columns where no sample could be taken."""
    kinds = {field.name: field.kind for field in relation.fields}
    lost = {column.name: column for column in relation.unreadable}
    for column in relation.schema.columns:
        if column.name in lost:
            yield from unreadable(lost[column.name], rows)
            continue
        for line in METRICS.values():
            if line.level is Level.COLUMN and kinds[column.name] in line.columns:
                reason = f"no sample could be taken: {why}"
                yield Observation(metric=line.name, column=column.name, value=None, reason=reason)
