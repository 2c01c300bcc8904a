"""``measure``: everything that is seen of one staged version, beside the data."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime

from observer.change_times import LastChange
from observer.checking import Checking
from observer.checks.base import Check, CheckData
from observer.collectors.age import age
from observer.collectors.base import Collector
from observer.collectors.budget import Budget
from observer.collectors.distribution import distributions
from observer.collectors.field import Field
from observer.collectors.frame import collect
from observer.collectors.keeping import NOTHING, Keeping
from observer.collectors.notes import noted
from observer.collectors.opening import is_opened, opened
from observer.collectors.own import NOTHING_ASKED, asked, by_function, by_segment, collected
from observer.collectors.relation import Relation
from observer.collectors.scan import Measured, scan
from observer.collectors.sketches import packed
from observer.collectors.tabular import first_line
from observer.metrics import AGE, ColumnKind
from observer.model import Audit, Distribution, Observation, ProfilePolicy
from observer.own_metrics import OwnMetric
from observer.privacy import DISCLOSES, WITHHELD, Sensitive, unquoted
from orchestration.dbt.model import DbtRecord
from orchestration.model import Staged

_log = logging.getLogger("tidegate.profile")
_DEFAULT_POLICY = ProfilePolicy()


def measure(
    staged: Staged,
    checks: Sequence[Check] = (),
    *,
    policy: ProfilePolicy = _DEFAULT_POLICY,
    metrics: Sequence[OwnMetric | Collector] = (),
    updated_by: str | LastChange | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    timer: Callable[[], float] = time.perf_counter,
) -> Audit:
    """Look at a staged version: one scan for metrics and fused checks, then the checks that look themselves.

    Runs beside the data, in whichever process that is. Nothing that goes wrong with the data or with a
    check is
    raised: a metric becomes None with its reason, a check unknown with its message, and the others go on.

    Parameters
    ----------
    staged: the version.
    checks: those of its asset, with names of their own.
    policy: how its columns are measured.
    metrics: the user's own, and those by segment.
    updated_by: what tells how old the data is; None: nothing does.
    since, until: the time that the data is of, as far as it has passed; None: it has no beginning, and ends now.
    timer: seconds, for ``collect_s``.

    Returns
    -------
    Audit: pickles; one outcome a check, in their order.
    """
    start = timer()
    sensitive = Sensitive(policy.sensitive)
    with _budget(policy) as spent, _opened(staged.data) as (relation, problem):
        made = staged.materialization
        checking = Checking(
            [check.as_of(since, until or made.materialized_at) for check in checks], relation, problem, sensitive
        )
        expressions = checking.expressions
        given = [one for one in metrics if isinstance(one, OwnMetric)]
        mine = [one for one in given if not sensitive.covers(one.segment) and not sensitive.withholds(one)]
        own = asked(mine, relation, problem) if mine else NOTHING_ASKED
        spread = _spread_of(relation, policy, sensitive)
        keeping = _keeping(staged, relation, policy, sensitive, spread)
        measured = collect(
            staged, relation, [*expressions, *own.expressions], policy=policy, reason=problem, keeping=keeping
        )
        data = CheckData(
            asset=made.asset, partition=made.partition, value=staged.data, relation=relation,
            observations=measured.observations, others=staged.beside,
        )  # fmt: skip
        told = checking.outcomes(measured.values[: len(expressions)], data)
        seen: list[Observation] = []
        if given:
            seen += own.observations(measured.values[len(expressions) :])
            functions = [one for one in mine if one.function is not None]
            seen += [by_function(one, lambda each: each.run(data), sensitive.said) for one in functions]
            seen += by_segment(mine, relation, problem)
            seen += _withheld(given, sensitive)
        for one in metrics:
            if isinstance(one, Collector):
                seen += collected(one, lambda each: _collected(each, data, problem), sensitive.said)
        if isinstance(staged.data, DbtRecord):
            seen += _recorded_age(staged.data)
        elif updated_by is not None:
            seen.append(age(updated_by, made.materialized_at, measured.observations, measured.schema, sensitive))
        found = measured.distributions or _distributions(relation, spread)
        names = () if relation is None else tuple(column.name for column in relation.schema.columns)
    seconds = timer() - start
    cost = (
        Observation(metric="profile_duration", value=seconds),
        Observation(metric="profile_statements", value=float(spent.statements)),
    )
    observed = sensitive.observations((*measured.observations, *cost, *seen), names)
    return Audit(
        materialization=made, observations=observed, schema=noted(measured.schema, staged.data, staged.declared),
        outcomes=tuple(told), collect_s=seconds, distributions=found, sketches=packed(measured.sketches),
    )  # fmt: skip


def check(
    staged: Staged,
    checks: Sequence[Check],
    *,
    policy: ProfilePolicy = _DEFAULT_POLICY,
    since: datetime | None = None,
    until: datetime | None = None,
    timer: Callable[[], float] = time.perf_counter,
) -> Audit:
    """Look at a version for its checks alone: one scan for those that are fused; nothing else is measured.

    As :func:`measure`, without observations; where a check judges what was measured, that is measured for it.
    """
    if any(one.needs_observations for one in checks):
        return measure(staged, checks, policy=policy, since=since, until=until, timer=timer)
    start, made, sensitive = timer(), staged.materialization, Sensitive(policy.sensitive)
    with _budget(policy), _opened(staged.data) as (relation, problem):
        dated = [one.as_of(since, until or made.materialized_at) for one in checks]
        checking = Checking(dated, relation, problem, sensitive)
        values: Sequence[Measured] = []
        if relation is not None and checking.expressions:
            (values,) = scan(relation, [checking.expressions])
        data = CheckData(
            asset=made.asset, partition=made.partition, value=staged.data, relation=relation, others=staged.beside
        )  # fmt: skip
        told = checking.outcomes(values, data)
        schema = None if relation is None else relation.schema
    return Audit(
        materialization=made, observations=(), schema=schema, outcomes=tuple(told), collect_s=timer() - start
    )  # fmt: skip


def _budget(policy: ProfilePolicy) -> Budget:
    return Budget(policy.max_seconds, max_fetched_rows=policy.max_fetched_rows)


def _spread_of(relation: Relation | None, policy: ProfilePolicy, sensitive: Sensitive) -> list[Field]:
    """The columns of which is kept how their values are spread."""
    if relation is None or policy.distributions is False:
        return []
    return [one for one in relation.fields if one.kind is not ColumnKind.OTHER and not sensitive.covers(one.name)]


def _keeping(
    staged: Staged, relation: Relation | None, policy: ProfilePolicy, sensitive: Sensitive, spread: Sequence[Field]
) -> Keeping:
    """Sketches only of parts, since only they are ever put together."""
    if relation is None:
        return NOTHING
    names = [] if staged.materialization.partition is None or policy.sketches is False else relation.fields
    return Keeping(
        sketches=frozenset(one.name for one in names if not sensitive.covers(one.name)),
        points=frozenset(one.name for one in spread),
    )


def _distributions(relation: Relation | None, fields: Sequence[Field]) -> tuple[Distribution, ...]:
    """How values are spread, by a look of its own: what can't be told is not there, and nothing rests on it."""
    if relation is None or not fields:
        return ()
    try:
        return distributions(relation, fields)
    except Exception as error:
        _log.info("no distributions were kept: %s", unquoted(relation.explain(error), ()))
        return ()


def _recorded_age(record: DbtRecord) -> Iterator[Observation]:
    """How old a source was when dbt looked at it elsewhere."""
    if record.age_s is not None or record.why_no_age is not None:
        yield Observation(metric=AGE, value=record.age_s, reason=record.why_no_age)


def _withheld(given: Sequence[OwnMetric], sensitive: Sensitive) -> Iterator[Observation]:
    """What isn't measured of the user's own, since it would be a value of a sensitive column."""
    for column in dict.fromkeys(one.segment for one in given if sensitive.covers(one.segment)):
        yield Observation(metric="segment_count", column=column, value=None, reason=WITHHELD)
    for one in given:
        if not sensitive.covers(one.segment) and sensitive.withholds(one):
            yield Observation(metric=one.name, value=None, reason=DISCLOSES)


def _collected(one: Collector, data: CheckData, problem: str | None) -> Iterable[Observation]:
    if problem is not None:
        raise LookupError(problem)
    return one.collect(data)


_Opened = tuple[Relation | None, str | None]
_NO_TABLE: AbstractContextManager[_Opened] = nullcontext((None, None))


def _opened(data: object) -> AbstractContextManager[_Opened]:
    """Open the data; where that fails, give the reason instead."""
    return _opening(data) if is_opened(data) else _NO_TABLE


@contextmanager
def _opening(data: object) -> Iterator[_Opened]:
    opening = opened(data)
    try:
        relation = opening.__enter__()
    except Exception as error:
        yield None, f"the data could not be opened: {first_line(error)}"
        return
    try:
        yield relation, None
    finally:
        opening.__exit__(None, None, None)
