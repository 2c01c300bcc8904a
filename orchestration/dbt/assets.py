"""A dbt project's nodes as assets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from orchestration.assets import Asset, Dependency, asset_key
from orchestration.dbt.model import Build, Exposure, Manifest, Node, Publication, Test
from orchestration.dbt.reading import Reading, readings_of
from orchestration.dbt.schedules import Schedules, schedules_of
from orchestration.dbt.settings import AS_IT_IS, DbtOptions
from orchestration.errors import DefinitionError, ManifestError, UnknownName
from orchestration.mapping import Read, ReadDefault
from orchestration.model import AssetKey, AssetKind, OnHold
from orchestration.run_policy import RunPolicy
from orchestration.schedule.base import Condition

_PLAIN = RunPolicy()
_WAITS = ReadDefault()
_ONLY_AFTER = ReadDefault(on_hold=OnHold.USE_PUBLISHED)
Attach = Callable[[Node, Sequence[Test]], tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Builder:
    """What makes an asset of dbt's: it gives the order, and the IO manager of the project carries it out."""

    build: Build

    def __call__(self) -> Build:
        return self.build


@dataclass(frozen=True, slots=True, eq=False)
class DbtAssets:
    """The assets of one dbt project; ``shop["stg_orders"]`` is one of them."""

    manifest: Manifest
    assets: tuple[Asset, ...]

    def __getitem__(self, name: str) -> Asset:
        for asset in self.assets:
            if asset.key == name:
                return asset
        raise UnknownName("asset", name, [asset.key for asset in self.assets], where=str(self.manifest.root))

    def __iter__(self) -> Iterator[Asset]:
        return iter(self.assets)

    def __len__(self) -> int:
        return len(self.assets)


def assets_of(
    manifest: Manifest,
    attach: Attach,
    *,
    schedule: Schedules = None,
    run: RunPolicy = _PLAIN,
    options: DbtOptions = AS_IT_IS,
    reads: Reading = None,
) -> DbtAssets:
    """Every model, seed, snapshot and source as an asset.

    Parameters
    ----------
    attach:
        Gives what an asset carries for the floor above, from its node and its tests.
    schedule:
        When all of them are due, or by name, ``"*"`` for the others.
    run:
        How their steps are run.
    options:
        How dbt is run for them; its variables are part of their code versions.
    reads:
        By asset and upstream, what it does while that is held, or the columns of it that it reads.

    Raises
    ------
    ManifestError
        A node's name can't name an asset.
    UnknownName, DefinitionError
        ``schedule`` or ``reads`` names what isn't there, or can't be one.
    """
    if run.batch > 1:
        raise DefinitionError("dbt's assets aren't partitioned; leave batch= out")
    tests: dict[str, list[Test]] = {}
    for test in manifest.tests:
        tests.setdefault(test.node, []).append(test)
    schedules = schedules_of(schedule, manifest.nodes.values(), str(manifest.root))
    keys, readings = manifest.keys, readings_of(reads, manifest)
    consumers: dict[str, list[str]] = {}
    for exposure in manifest.exposures:
        for id_ in exposure.depends_on:
            consumers.setdefault(id_, []).append(_said(exposure))
    return DbtAssets(
        manifest,
        tuple(
            _asset(
                manifest,
                Build(project=manifest.root, node=node, tests=tuple(tests.get(node.id, ())), options=options),
                keys,
                readings.get(node.key, {}),
                tuple(consumers.get(node.id, ())),
                attach,
                schedules.get(node.key),
                run,
            )
            for node in manifest.nodes.values()
        ),
    )


def _asset(
    manifest: Manifest,
    build: Build,
    keys: Mapping[str, AssetKey],
    reading: Mapping[AssetKey, Read],
    consumers: tuple[str, ...],
    attach: Attach,
    schedule: Condition | None,
    run: RunPolicy,
) -> Asset:
    node = build.node
    try:
        key = asset_key(node.key)
    except DefinitionError as error:
        raise ManifestError(f"{manifest.root / node.file}: {error}") from error
    dependencies = [
        Dependency(upstream=keys[id_], parameter=None, read=reading.get(keys[id_], _WAITS)) for id_ in node.depends_on
    ]
    dependencies += [
        Dependency(upstream=keys[id_], parameter=None, read=_ONLY_AFTER, gives_way=True) for id_ in node.after
    ]
    return Asset(
        key=key, kind=AssetKind.SOURCE if node.is_source else AssetKind.DBT,
        function=Builder(build), dependencies=tuple(dependencies),
        group=node.group, owners=node.owners, tags=node.tags, description=node.description,
        code_version=_code_version(build), freshness=node.freshness, schedule=schedule,
        run=_PLAIN if node.is_source else run, attachments=attach(node, build.tests), where=node.file,
        consumers=consumers, built_in_place=not node.is_source and node.publication is Publication.AFTER_BUILD,
    )  # fmt: skip


def _code_version(build: Build) -> str | None:
    mark = build.options.mark
    return f"{build.node.code_version} {mark}" if build.node.code_version and mark else build.node.code_version or None


def _said(exposure: Exposure) -> str:
    kind = f"{exposure.kind} " if exposure.kind else ""
    return f"{kind}{exposure.name}{f' ({exposure.owner})' if exposure.owner else ''}"
