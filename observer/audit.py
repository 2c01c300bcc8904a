"""``measure``: everything that is seen of one staged version, beside the data."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from observer.change_times import LastChange
from observer.checks.base import Check, CheckData, FusedCheck, LookingCheck
from observer.collectors.age import age
from observer.collectors.base import Collector
from observer.collectors.budget import budget
from observer.collectors.dialect import DUCKDB, NotPlain
from observer.collectors.distribution import are_kept, distributions
from observer.collectors.frame import Collected, collect
from observer.collectors.keeping import NOTHING, Keeping
from observer.collectors.notes import noted
from observer.collectors.opening import opened
from observer.collectors.own import asked, by_function, by_segment, collected
from observer.collectors.relation import Relation
from observer.collectors.scan import Measured, scan
from observer.collectors.sketches import packed
from observer.collectors.tabular import first_line, is_table
from observer.model import Audit, CheckOutcome, Distribution, Observation, ProfilePolicy
from observer.own_metrics import OwnMetric
from observer.privacy import DISCLOSES, WITHHELD, Sensitive, unquoted
from orchestration.model import Scalar, Staged

_log = logging.getLogger("tidegate.profile")
_DEFAULT_POLICY = ProfilePolicy()
_MAX_EVIDENCE = 20  # entries
_MAX_TEXT = 300  # characters of a message, a name or a text


def measure(
    staged: Staged,
    checks: Sequence[Check] = (),
    *,
    policy: ProfilePolicy = _DEFAULT_POLICY,
    metrics: Sequence[OwnMetric | Collector] = (),
    updated_by: str | LastChange | None = None,
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
    timer: seconds, for ``collect_s``.

    Returns
    -------
    Audit: pickles; one outcome a check, in their order.
    """
    start = timer()
    sensitive = Sensitive(policy.sensitive)
    with budget(policy.max_seconds) as spent, _opened(staged.data) as (relation, problem):
        fused, wanted, elsewhere = _expressions(checks, relation, problem)
        expressions = [expression for part in wanted.values() for expression in part]
        given = [one for one in metrics if isinstance(one, OwnMetric)]
        mine = [one for one in given if not sensitive.covers(one.segment) and not sensitive.withholds(one)]
        own = asked(mine, relation, problem)
        keeping = _keeping(staged, relation, policy, sensitive)
        measured = collect(
            staged, relation, [*expressions, *own.expressions], policy=policy, reason=problem, keeping=keeping
        )
        outcomes = dict(fused)
        values = iter(measured.values)
        for at, part in wanted.items():
            outcomes[at] = _judged(checks[at], [next(values) for _ in part])
        for at in elsewhere:
            outcomes[at] = _fetched(checks[at], relation)
        made = staged.materialization
        data = CheckData(asset=made.asset, partition=made.partition, value=staged.data, relation=relation)
        for at, check in enumerate(checks):
            if at not in outcomes:
                outcomes[at] = _looked(check, data, problem)
        seen = [
            *own.observations(measured.values[len(expressions) :]),
            *(
                by_function(one, lambda each: each.run(data), sensitive.said)
                for one in mine
                if one.function is not None
            ),
            *by_segment(mine, relation, problem),
            *_withheld(given, sensitive),
        ]
        for one in metrics:
            if isinstance(one, Collector):
                seen += collected(one, lambda each: _collected(each, data, problem), sensitive.said)
        if updated_by is not None:
            seen.append(age(updated_by, made.materialized_at, measured.observations, measured.schema, sensitive))
        spread = _spread(staged.data, relation, policy, sensitive) or measured.distributions
        names = () if relation is None else tuple(column.name for column in relation.schema.columns)
    told = [sensitive.outcome(check, _bounded(outcomes[at]), names) for at, check in enumerate(checks)]
    seconds = timer() - start
    cost = (
        Observation(metric="profile_duration", value=seconds),
        Observation(metric="profile_statements", value=float(spent.statements)),
    )
    observed = sensitive.observations((*measured.observations, *cost, *seen), names)
    return replace(
        _audit(staged, measured, observed, told, seconds), distributions=spread, sketches=packed(measured.sketches)
    )


def _keeping(staged: Staged, relation: Relation | None, policy: ProfilePolicy, sensitive: Sensitive) -> Keeping:
    """What is kept of parts, since only they are ever put together; points where no distribution is taken."""
    if relation is None or staged.materialization.partition is None:
        return NOTHING
    names = frozenset(one.name for one in relation.fields if not sensitive.covers(one.name))
    pointed = policy.distributions is None and not are_kept(relation, policy, in_memory=is_table(staged.data))
    return Keeping(sketches=() if policy.sketches is False else names, points=names if pointed else ())


def _spread(
    data: object, relation: Relation | None, policy: ProfilePolicy, sensitive: Sensitive
) -> tuple[Distribution, ...]:
    """How values are spread: what can't be told of a version is not there, and nothing rests on it."""
    if relation is None:
        return ()
    try:
        return distributions(relation, policy, sensitive, in_memory=is_table(data))
    except Exception as error:
        _log.info("no distributions were kept: %s", unquoted(relation.explain(error), ()))
        return ()


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


def _audit(
    staged: Staged,
    collected: Collected,
    observed: tuple[Observation, ...],
    outcomes: Sequence[CheckOutcome],
    seconds: float,
) -> Audit:
    return Audit(
        materialization=staged.materialization,
        observations=observed,
        schema=noted(collected.schema, staged.data, staged.declared),
        outcomes=tuple(outcomes),
        collect_s=seconds,
    )


@contextmanager
def _opened(data: object) -> Iterator[tuple[Relation | None, str | None]]:
    """Open the data; where that fails, give the reason instead."""
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


def _expressions(
    checks: Sequence[Check], relation: Relation | None, problem: str | None
) -> tuple[dict[int, CheckOutcome], dict[int, Sequence[str]], list[int]]:
    """Return, by position, the fused checks that can't be evaluated, what the others want to know, and those that
    have to look at fetched data."""
    outcomes: dict[int, CheckOutcome] = {}
    wanted: dict[int, Sequence[str]] = {}
    elsewhere: list[int] = []
    for at, check in enumerate(checks):
        if not isinstance(check, FusedCheck):
            continue
        if relation is None:
            outcomes[at] = _unknown(check, problem or "the data is no table")
            continue
        if relation.dialect is not DUCKDB and not check.is_portable:
            elsewhere.append(at)
            continue
        try:
            wanted[at] = list(check.expressions(relation))
        except NotPlain:
            elsewhere.append(at)
        except Exception as error:
            outcomes[at] = _unknown(check, first_line(error))
    return outcomes, wanted, elsewhere


def _fetched(check: Check, relation: Relation | None) -> CheckOutcome:
    """A fused check over data that has to be fetched for it."""
    assert isinstance(check, FusedCheck)
    assert relation is not None
    try:
        local = relation.fetched()
        (values,) = scan(local, [list(check.expressions(local))])
    except Exception as error:
        return _unknown(check, first_line(error))
    return _judged(check, values)


def _judged(check: Check, values: Sequence[Measured]) -> CheckOutcome:
    assert isinstance(check, FusedCheck)
    for measured in values:
        if measured.reason is not None:
            return _unknown(check, measured.reason)
    try:
        return check.judge([measured.value for measured in values])
    except Exception as error:
        return _unknown(check, f"{type(error).__name__}: {first_line(error)}")


def _looked(check: Check, data: CheckData, problem: str | None) -> CheckOutcome:
    if not isinstance(check, LookingCheck):
        return _unknown(check, f"a {type(check).__name__} is neither a FusedCheck nor a LookingCheck")
    if problem is not None:
        return _unknown(check, problem)
    if check.needs_table and not data.is_table:
        return _unknown(check, f"the data is no table but a {type(data.value).__name__}")
    try:
        outcome: object = check.run(data)
    except Exception as error:
        told = data.where_it_lies().explain(error) if data.is_table else first_line(error)
        return _unknown(check, told)
    if not isinstance(outcome, CheckOutcome):
        return _unknown(check, f"its run returned a {type(outcome).__name__}, not a CheckOutcome")
    return outcome


def _unknown(check: Check, reason: str) -> CheckOutcome:
    return check.outcome(None, f"{check.name} could not be evaluated: {reason}")


def _bounded(outcome: CheckOutcome) -> CheckOutcome:
    """Keep an outcome small and plain, whatever a user's check put in."""
    observed = outcome.observed
    if observed is not None and not math.isfinite(observed):
        observed = None
    return replace(
        outcome,
        message=_short(str(outcome.message)),
        observed=observed,
        evidence=_evidence(outcome.evidence),
    )


def _evidence(evidence: Mapping[str, Scalar]) -> dict[str, Scalar]:
    return {_short(str(name)): _scalar(value) for name, value in list(evidence.items())[:_MAX_EVIDENCE]}


def _scalar(value: object) -> Scalar:
    item = getattr(value, "item", None)
    if callable(item) and not isinstance(value, str | int | float) and getattr(value, "ndim", 0) == 0:
        value = item()  # numpy's scalars
    if isinstance(value, bool | None):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(value)
    return _short(str(value))


def _short(text: str) -> str:
    clean = text.encode("utf-8", "replace").decode("utf-8")
    return clean if len(clean) <= _MAX_TEXT else clean[: _MAX_TEXT - 1] + "…"
