"""What users write: an orchestrated asset with what must hold for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar, overload

from observer.accuracy import SAMPLES, is_sample
from observer.change_times import LastChange
from observer.checks.base import Check
from observer.collectors.base import Collector
from observer.errors import CheckError
from observer.metrics import ARRIVAL, EFFECTS
from observer.model import GatePolicy, OnRecovery, OnUnknown, ProfilePolicy
from observer.monitors import Monitor, with_defaults
from observer.own_metrics import OwnMetric
from observer.privacy import Sensitive, why_not_kept
from orchestration import assets as core
from orchestration.assets import Asset
from orchestration.freshness import FreshnessPolicy
from orchestration.mapping import Read
from orchestration.model import OnHold
from orchestration.partitions import Partitions
from orchestration.run_policy import RunPolicy
from orchestration.schedule.base import Condition

_DEFAULT_POLICY = GatePolicy()
_DEFAULT_PROFILE = ProfilePolicy()
_PLAIN = RunPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """What an asset carries for the observer: opaque to the orchestration below."""

    checks: tuple[Check, ...] = ()
    monitors: tuple[Monitor, ...] = ()
    gate: GatePolicy = _DEFAULT_POLICY
    profile: ProfilePolicy = _DEFAULT_PROFILE
    metrics: tuple[OwnMetric | Collector, ...] = ()
    updated_by: str | LastChange | None = None
    arrives: bool = False  # whether its coming is watched though nobody says so

    @property
    def watched(self) -> tuple[Monitor, ...]:
        """The monitors that were declared, and the default ones."""
        return with_defaults(self.monitors, ages=self.updated_by is not None, arrives=self.arrives)


One = TypeVar("One")
_NOTHING_DECLARED = (Quality(), Quality(arrives=True))


def quality_of(asset: Asset) -> Quality:
    """What an asset carries; nothing, for one declared without the observer."""
    for attached in asset.attachments:
        if isinstance(attached, Quality):
            return attached
    return _NOTHING_DECLARED[False]


@overload
def asset(function: Callable[..., object], /) -> Asset: ...
@overload
def asset(
    *,
    partitions: Partitions | None = ...,
    checks: Iterable[Check] = ...,
    metrics: Iterable[OwnMetric | Collector] = ...,
    monitors: Iterable[Monitor] = ...,
    gate: GatePolicy = ...,
    profile: ProfilePolicy = ...,
    freshness: FreshnessPolicy | None = ...,
    schedule: Condition | str | None = ...,
    run: RunPolicy = ...,
    group: str | None = ...,
    owners: Iterable[str] = ...,
    tags: Iterable[str] = ...,
    deps: Iterable[Asset | str] = ...,
    reads: Mapping[str, Read | OnHold | str] | None = ...,
    code_version: str | None = ...,
) -> Callable[[Callable[..., object]], Asset]: ...
def asset(
    function: Callable[..., object] | None = None,
    /,
    *,
    partitions: Partitions | None = None,
    checks: Iterable[Check] = (),
    metrics: Iterable[OwnMetric | Collector] = (),
    monitors: Iterable[Monitor] = (),
    gate: GatePolicy = _DEFAULT_POLICY,
    profile: ProfilePolicy = _DEFAULT_PROFILE,
    freshness: FreshnessPolicy | None = None,
    schedule: Condition | str | None = None,
    run: RunPolicy = _PLAIN,
    group: str | None = None,
    owners: Iterable[str] = (),
    tags: Iterable[str] = (),
    deps: Iterable[Asset | str] = (),
    reads: Mapping[str, Read | OnHold | str] | None = None,
    code_version: str | None = None,
) -> Asset | Callable[[Callable[..., object]], Asset]:
    """Declare that a function makes an asset; its name is the asset's, its parameters are what is upstream.

    Parameters
    ----------
    partitions:
        How it is cut, e.g. ``daily(start="2013-01-01")``; None for one whole.
    checks, monitors:
        What must hold, and what is compared with its history; severity "error" holds the version.
    metrics:
        What is measured beside the catalogue: ``ob.metric(...)``, and collectors of your own.
    gate:
        What happens when something could not be evaluated.
    profile:
        How its columns are measured.
    freshness:
        How old the published data may be.
    schedule:
        When it is due: a cron expression in UTC, or conditions such as ``ob.cron(...)``, ``ob.on_update()``,
        ``ob.on_file(...)`` and ``ob.within(...)``, combined with ``&``, ``|`` and ``~``.
    reads:
        By upstream name, which of its partitions are read where that isn't plain, such as ``ob.last(7)``; or what
        to do while it is held: "wait", "use_published" or "proceed"; or both, ``ob.last(7, on_hold="wait")``.
    code_version:
        Left out, it is derived from the function's code and the project's own modules that it uses.

    Raises
    ------
    DefinitionError, CheckError
        What is declared can't be used, and why.
    """
    carried = quality(checks, monitors, gate, profile, metrics, arrives=freshness is None)

    def declare(made_by: Callable[..., object]) -> Asset:
        return core.asset(
            partitions=partitions, group=group, owners=owners, tags=tags, deps=deps, reads=reads,
            code_version=code_version, freshness=freshness, schedule=schedule, run=run,
            attachments=(carried,),
        )(made_by)  # fmt: skip

    return declare(function) if function is not None else declare


@overload
def source(function: Callable[..., object], /) -> Asset: ...
@overload
def source(
    *,
    checks: Iterable[Check] = ...,
    metrics: Iterable[OwnMetric | Collector] = ...,
    monitors: Iterable[Monitor] = ...,
    gate: GatePolicy = ...,
    profile: ProfilePolicy = ...,
    updated_by: str | LastChange | None = ...,
    freshness: FreshnessPolicy | None = ...,
    schedule: Condition | str | None = ...,
    group: str | None = ...,
    owners: Iterable[str] = ...,
    tags: Iterable[str] = ...,
) -> Callable[[Callable[..., object]], Asset]: ...
def source(
    function: Callable[..., object] | None = None,
    /,
    *,
    checks: Iterable[Check] = (),
    metrics: Iterable[OwnMetric | Collector] = (),
    monitors: Iterable[Monitor] = (),
    gate: GatePolicy = _DEFAULT_POLICY,
    profile: ProfilePolicy = _DEFAULT_PROFILE,
    updated_by: str | LastChange | None = None,
    freshness: FreshnessPolicy | None = None,
    schedule: Condition | str | None = None,
    group: str | None = None,
    owners: Iterable[str] = (),
    tags: Iterable[str] = (),
) -> Asset | Callable[[Callable[..., object]], Asset]:
    """Declare data that others make: the function reads it, each run observes and judges it, nothing is written.

    Parameters
    ----------
    updated_by:
        What tells how old the data is: a column of instants, or ``ob.last_change(...)`` of a file, an object or a
        table. The metric ``age`` is measured by it.
    freshness:
        How old the data may be, by ``updated_by``; without it, how long ago it may have been looked at.
    schedule:
        When it is observed, as for :func:`asset`.

    Raises
    ------
    DefinitionError, CheckError
        What is declared can't be used, and why.
    """
    carried = quality(checks, monitors, gate, profile, metrics)
    if updated_by is not None:
        if not isinstance(updated_by, LastChange) and not (isinstance(updated_by, str) and updated_by):
            raise CheckError(f"updated_by= takes a column's name or ob.last_change(...), not {updated_by!r}")
        carried = replace(carried, updated_by=updated_by, arrives=freshness is None)
    elif any(one.metric == ARRIVAL for one in carried.monitors):
        raise CheckError("monitor('arrival') of a source needs updated_by=, which tells when its data came")

    def declare(read_by: Callable[..., object]) -> Asset:
        made: Asset = core.source(
            group=group, owners=owners, tags=tags, freshness=freshness, schedule=schedule, attachments=(carried,)
        )(read_by)  # fmt: skip
        return made

    return declare(function) if function is not None else declare


def sql_asset(
    key: str,
    sql: str,
    *,
    partitions: Partitions | None = None,
    checks: Iterable[Check] = (),
    metrics: Iterable[OwnMetric | Collector] = (),
    monitors: Iterable[Monitor] = (),
    gate: GatePolicy = _DEFAULT_POLICY,
    profile: ProfilePolicy = _DEFAULT_PROFILE,
    freshness: FreshnessPolicy | None = None,
    schedule: Condition | str | None = None,
    run: RunPolicy = _PLAIN,
    group: str | None = None,
    owners: Iterable[str] = (),
    tags: Iterable[str] = (),
    reads: Mapping[str, Read | OnHold | str] | None = None,
    description: str = "",
) -> Asset:
    """Declare an asset that a query makes: ``{{ name }}`` stands for an upstream asset, ``$partition`` is bound."""
    return core.sql_asset(
        key, sql, partitions=partitions, group=group, owners=owners, tags=tags, reads=reads,
        description=description, freshness=freshness, schedule=schedule, run=run,
        attachments=(quality(checks, monitors, gate, profile, metrics, arrives=freshness is None),),
    )  # fmt: skip


def quality(
    checks: Iterable[Check],
    monitors: Iterable[Monitor],
    gate: GatePolicy,
    profile: ProfilePolicy,
    metrics: Iterable[OwnMetric | Collector] = (),
    *,
    arrives: bool = False,
) -> Quality:
    """What an asset carries; raises CheckError where that can't be used."""
    found = Quality(
        checks=_several("checks", checks, "ob.unique('id')"), gate=gate, profile=profile, arrives=arrives,
        monitors=_several("monitors", monitors, "ob.monitor('row_count')"),
        metrics=_several("metrics", metrics, "ob.metric(...)"),
    )  # fmt: skip
    usual = _NOTHING_DECLARED[arrives]
    if found == usual:
        return usual
    known = isinstance(gate, GatePolicy) and {gate.on_unknown, gate.on_learning} <= set(OnUnknown)
    if not known or gate.on_recovery not in set(OnRecovery):
        raise CheckError(
            "gate= takes ob.GatePolicy(on_unknown=..., on_learning=..., on_recovery=...), the first two of 'hold' or "
            f"'open', the last of 'propose' or 'release', not {gate!r}"
        )
    if not isinstance(profile, ProfilePolicy):
        raise CheckError(f"profile= takes ob.ProfilePolicy(exact=True), not {profile!r}")
    _check_metrics(found.metrics, profile)
    for one in found.checks:
        if not isinstance(one, Check):
            raise CheckError(f"checks= takes checks such as ob.unique('id'), not {one!r}")
    for given in found.monitors:
        if not isinstance(given, Monitor):
            raise CheckError(f"monitors= takes ob.monitor(...), not {given!r}")
    _check_kept(found.monitors, profile)
    names = [m.id for m in found.monitors] + [c.name for c in found.checks]
    for name in names:
        if names.count(name) > 1:
            raise CheckError(
                f"{name!r} is declared twice on one asset; leave one of them out or give it a name of its own"
            )
    return found


def _several(what: str, given: Iterable[One], example: str) -> tuple[One, ...]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise CheckError(f"{what}= takes a list, such as {what}=[{example}], not {given!r}")
    return tuple(given)


def _check_kept(monitors: Iterable[Monitor], profile: ProfilePolicy) -> None:
    """How values are spread can't be compared where it is not kept."""
    for one in monitors:
        if one.metric in EFFECTS and one.column is not None and (why := why_not_kept(profile, one.column)):
            raise CheckError(f"monitor({one.metric!r}, column={one.column!r}) has nothing to compare: {why}")


def _check_metrics(metrics: Sequence[OwnMetric | Collector], profile: ProfilePolicy) -> None:
    names: object = profile.sensitive  # a text alone would be taken for its letters
    if not isinstance(names, tuple | list) or not all(isinstance(name, str) and name for name in names):
        raise CheckError(f"sensitive= takes names of columns, such as ('email',), not {profile.sensitive!r}")
    limit = profile.max_seconds
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int | float) or not limit > 0):
        raise CheckError(f"max_seconds= is a number above 0, or None for no limit, not {limit!r}")
    most = profile.max_fetched_rows
    if most is not None and (type(most) is not int or most < 0):
        raise CheckError(f"max_fetched_rows= is a whole number from 0 on, or None for no limit, not {most!r}")
    if profile.sample is not None and not is_sample(profile.sample):
        raise CheckError(f"sample= is {SAMPLES}, or None for all rows, not {profile.sample!r}")
    if profile.sample is not None and profile.exact:
        raise CheckError("exact=True measures all rows and sample= some of them; leave one of them out")
    kept = profile.distributions
    if not isinstance(kept, bool | None):
        raise CheckError(f"distributions= is True, False, or None for where they cost little, not {kept!r}")
    sensitive = Sensitive(profile.sensitive)
    for one in metrics:
        if not isinstance(one, OwnMetric | Collector):
            raise CheckError(f"metrics= takes ob.metric(...) and collectors, not {one!r}")
        if isinstance(one, OwnMetric) and sensitive.covers(one.segment):
            raise CheckError(f"the metric {one.id} would keep values of {one.segment}, which is sensitive")
        if isinstance(one, OwnMetric) and sensitive.withholds(one):
            raise CheckError(
                f"the metric {one.id} (sql={one.sql!r}) may give a value of a sensitive column, which is not kept; "
                "write an aggregate of all values, such as avg, or discloses=True if people may see it"
            )
    ids = [one.id if isinstance(one, OwnMetric) else one.name for one in metrics]
    for name in ids:
        if ids.count(name) > 1:
            raise CheckError(f"the metric {name} is declared twice on one asset; leave one of them out")
