"""Everything that is measured of one version: its data in one scan, and what its materialization says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from observer.collectors.keeping import NOTHING, Keeping
from observer.collectors.part import part_rate, profile_of_part
from observer.collectors.profile import profile
from observer.collectors.relation import Relation
from observer.collectors.scan import Measured, number
from observer.collectors.sketches import Sketch
from observer.metrics import METRICS
from observer.model import Distribution, Observation, ProfilePolicy, Schema
from orchestration.model import Materialization, Staged

_DEFAULT_POLICY = ProfilePolicy()


@dataclass(frozen=True, slots=True)
class Collected:
    """What ``collect`` saw; ``values`` are those of the extra expressions, in their order."""

    observations: tuple[Observation, ...]
    schema: Schema | None
    values: tuple[Measured, ...]
    sketches: Mapping[str, Sketch] = field(default_factory=dict)
    distributions: tuple[Distribution, ...] = ()


def collect(
    staged: Staged,
    relation: Relation | None,
    expressions: Sequence[str] = (),
    *,
    policy: ProfilePolicy = _DEFAULT_POLICY,
    reason: str | None = None,
    keeping: Keeping = NOTHING,
) -> Collected:
    """Measure one staged version.

    Parameters
    ----------
    staged: the version.
    relation: its data, from ``opened(staged.data)``; None where it is no table, or could not be opened.
    expressions: SQL aggregates over the relation's aliases, evaluated in the same scan.
    policy: how its columns are measured.
    reason: why a table could not be opened.
    keeping: what is kept beside.

    Returns
    -------
    Collected: observations of the table first, then of the columns in their order; no schema where there is
    no table.
    """
    made = staged.materialization
    if relation is None:
        seen = [] if made.rows is None else [_table("row_count", made.rows, None)]
        if made.rows is None and reason is not None:
            seen.append(_table("row_count", None, reason))
        unseen = tuple(Measured(None, reason or "the data is no table") for _ in expressions)
        return Collected((*seen, *_of_materialization(made)), None, unseen)
    rate = part_rate(policy, relation.rows)
    if rate < 1:
        found = profile_of_part(relation, rate, expressions, policy, keeping=keeping)
    else:
        found = profile(relation, expressions, policy, keeping=keeping)
    rows, why = number(found.rows)
    table = [_table("row_count", rows, why), _table("column_count", len(relation.schema.columns), None)]
    seen = [*table, *_of_materialization(made), *found.observations]
    return Collected(tuple(seen), relation.schema, found.values, found.sketches, found.distributions)


def _of_materialization(made: Materialization) -> list[Observation]:
    """Size, duration and the user's own numbers; a name of the catalogue's own is not theirs to give."""
    size = _table("bytes", made.bytes, None if made.bytes is not None else "the storage gives no size")
    seen = [size, _table("duration", made.duration_s, None)]
    for name, value in made.metadata.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or name in METRICS:
            continue
        seen.append(_table(name, value, None))
    return seen


def _table(metric: str, value: float | None, reason: str | None) -> Observation:
    try:
        number = None if value is None else float(value)
    except OverflowError:
        number = math.inf
    if number is not None and not math.isfinite(number):
        number, reason = None, f"{value} is no finite number" if number != math.inf else "no finite number"
    return Observation(metric=metric, value=number, reason=reason)
