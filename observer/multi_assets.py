"""What users write where one function makes several assets, each with what must hold for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from observer.assets import quality
from observer.checks.base import Check
from observer.collectors.base import Collector
from observer.model import GatePolicy, ProfilePolicy
from observer.monitors import Monitor
from observer.own_metrics import OwnMetric
from orchestration import multi_assets as core
from orchestration.assets import Asset
from orchestration.freshness import FreshnessPolicy
from orchestration.mapping import Read
from orchestration.model import OnHold
from orchestration.multi_assets import MultiAsset, Output
from orchestration.partitions import Partitions
from orchestration.run_policy import RunPolicy
from orchestration.schedule.base import Condition

_DEFAULT_POLICY = GatePolicy()
_DEFAULT_PROFILE = ProfilePolicy()
_PLAIN = RunPolicy()


def output(
    *,
    checks: Iterable[Check] = (),
    metrics: Iterable[OwnMetric | Collector] = (),
    monitors: Iterable[Monitor] = (),
    gate: GatePolicy = _DEFAULT_POLICY,
    profile: ProfilePolicy = _DEFAULT_PROFILE,
    freshness: FreshnessPolicy | None = None,
    owners: Iterable[str] = (),
    tags: Iterable[str] = (),
    description: str = "",
) -> Output:
    """What is said of one asset of a multi-asset alone, in the words of :func:`asset`."""
    return Output(
        freshness=freshness, owners=owners, tags=tags, description=description,
        attachments=(quality(checks, monitors, gate, profile, metrics, arrives=freshness is None),),
    )  # fmt: skip


def multi_asset(
    outputs: Iterable[str] | Mapping[str, Output],
    *,
    subsettable: bool = False,
    partitions: Partitions | None = None,
    schedule: Condition | str | None = None,
    run: RunPolicy = _PLAIN,
    group: str | None = None,
    owners: Iterable[str] = (),
    tags: Iterable[str] = (),
    deps: Iterable[Asset | str] = (),
    reads: Mapping[str, Read | OnHold | str] | None = None,
    code_version: str | None = None,
) -> Callable[[Callable[..., object]], MultiAsset]:
    """Declare that a function makes several assets in one call; each is judged and published by itself.

    It returns ``{name: data}``, or yields pairs of a name and its data, which are written as they come.

    Parameters
    ----------
    outputs:
        The assets' names; as a mapping, with what is said of each alone: ``{"orders": ob.output(checks=[...])}``.
    subsettable:
        The function can make some of them without the others, and looks at ``context.outputs`` for which; otherwise
        they are always made together.
    schedule:
        When it is due, as for :func:`asset`: kept by the first of its assets, and a subsettable one is made whole.
    partitions, run, group, owners, tags, deps, reads, code_version:
        As for :func:`asset`, for all of them.

    Raises
    ------
    DefinitionError, CheckError
        What is declared can't be used, and why.
    """
    return core.multi_asset(
        outputs, subsettable=subsettable, partitions=partitions, group=group, owners=owners, tags=tags, deps=deps,
        reads=reads, code_version=code_version, schedule=schedule, run=run,
    )  # fmt: skip
