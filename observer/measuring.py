"""The half of the gate that looks at data, for whichever process the data is looked at in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace

from observer.assets import quality_of
from observer.audit import measure
from observer.checks.base import Check
from observer.data_time import span
from observer.metrics import CATEGORIES, DISTRIBUTION
from observer.model import Audit, CheckOutcome, ProfilePolicy, Severity
from observer.monitors import Monitor
from observer.privacy import valueless
from orchestration.graph import Graph
from orchestration.model import AssetKey, Staged

_PLAIN = ProfilePolicy()


def filled(policy: ProfilePolicy, defaults: ProfilePolicy) -> ProfilePolicy:
    """An asset's policy with the environment's where it says nothing; what either calls sensitive is."""
    if policy == _PLAIN:
        return defaults
    said = {
        one.name: value for one in fields(policy) if (value := getattr(policy, one.name)) != getattr(_PLAIN, one.name)
    }
    if said.keys() & {"exact", "sample"}:  # of which an asset says at most one, and the other isn't its wish
        defaults = replace(defaults, exact=False, sample=None)
    return replace(defaults, **{**said, "sensitive": (*policy.sensitive, *defaults.sensitive)})


def keeping(policy: ProfilePolicy, monitors: Iterable[Monitor]) -> ProfilePolicy:
    """The policy with how values are spread kept, where a monitor compares that and nobody says otherwise."""
    if policy.distributions is not None or not any(m.metric in (DISTRIBUTION, CATEGORIES) for m in monitors):
        return policy
    return replace(policy, distributions=True)


def measuring(
    checks: Mapping[AssetKey, tuple[Check, ...]], graph: Graph, *, defaults: ProfilePolicy = _PLAIN
) -> Callable[[Staged], Audit]:
    """The half of the gate that looks at data: it needs what is declared and nothing else, wherever it runs.

    ``defaults``: how columns are measured where their asset says nothing.
    """

    def look(staged: Staged) -> Audit:
        key = staged.materialization.asset
        try:
            made, carried = staged.materialization, quality_of(graph.asset(key))
            since, until = span(graph.asset(key), made.partition, made.materialized_at)
            policy = keeping(filled(carried.profile, defaults), carried.monitors)
            return measure(
                staged, checks.get(key, ()), policy=policy, metrics=carried.metrics,
                updated_by=carried.updated_by, since=since, until=until,
            )  # fmt: skip
        except Exception as error:  # it promises not to; whatever it was, the version can't be judged
            return unmeasured(staged, error)

    return look


def withholding(graph: Graph, defaults: ProfilePolicy = _PLAIN) -> Callable[[AssetKey, str], str]:
    """What may be told of why an asset could not be made or stored: stores and engines show values in their errors."""

    def told(asset: AssetKey, error: str) -> str:
        names = filled(quality_of(graph.asset(asset)).profile, defaults).sensitive
        return valueless(error, names) if names else error

    return told


def private_ones(graph: Graph, defaults: ProfilePolicy = _PLAIN) -> Callable[[AssetKey], bool]:
    """Whether what an asset's code says may show values that are not kept: its own, or of what it reads."""

    def sensitive(key: AssetKey) -> bool:
        return bool(filled(quality_of(graph.asset(key)).profile, defaults).sensitive)

    def is_private(asset: AssetKey) -> bool:
        return sensitive(asset) or any(map(sensitive, graph.ancestors({asset}, 1)))

    return is_private


def unmeasured(staged: Staged, error: Exception) -> Audit:
    """The audit where measuring itself failed: one check of severity error that could not be evaluated."""
    why = f"measuring failed: {type(error).__name__}: {' '.join(str(error).split())}"
    outcome = CheckOutcome(check="measure", severity=Severity.ERROR, passed=None, message=why)
    return Audit(
        materialization=staged.materialization, observations=(), schema=None, outcomes=(outcome,), collect_s=0.0
    )  # fmt: skip
