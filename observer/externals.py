"""What users write for an asset that others make and report: what must be reported, and what it is compared with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from observer.assets import quality
from observer.model import GatePolicy, ProfilePolicy
from observer.monitors import Monitor
from orchestration import external as core
from orchestration.assets import Asset
from orchestration.freshness import FreshnessPolicy
from orchestration.partitions import Partitions

_DEFAULT_POLICY = GatePolicy()


@dataclass(frozen=True, slots=True)
class Expected:
    """The checks that whoever makes an asset has to report with each version."""

    names: tuple[str, ...]


def external(
    key: str,
    *,
    partitions: Partitions | None = None,
    expects: Iterable[str] = (),
    monitors: Iterable[Monitor] = (),
    gate: GatePolicy = _DEFAULT_POLICY,
    freshness: FreshnessPolicy | None = None,
    group: str | None = None,
    owners: Iterable[str] = (),
    tags: Iterable[str] = (),
    description: str = "",
) -> Asset:
    """Declare an asset that others make and report over HTTP: judged, gated and told of as if it were made here.

    No run makes it, and no function takes its data; what must not run before it is good names it by ``deps=``.

    Parameters
    ----------
    key:
        Its name: also the name of the dataset by which OpenLineage reports it, with or without its namespace.
    expects:
        The checks that must be reported with each version; one that isn't is unknown, and holds.
    monitors:
        What is compared with its history; severity "error" holds what is downstream.

    Raises
    ------
    DefinitionError, CheckError
        What is declared can't be used, and why.
    """
    carried = quality((), monitors, gate, ProfilePolicy(), arrives=freshness is None)
    return core.external(
        key, partitions=partitions, group=group, owners=owners, tags=tags, description=description,
        freshness=freshness, attachments=(carried, Expected(tuple(expects))),
    )  # fmt: skip


def expected_of(asset: Asset) -> tuple[str, ...]:
    """The names of the checks that must be reported."""
    return next((one.names for one in asset.attachments if isinstance(one, Expected)), ())
