"""What users write to have a dbt project among their assets, with its tests as checks."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from observer.assets import quality
from observer.checks.dbt import check_of
from observer.errors import CheckError, UnknownName
from observer.model import GatePolicy, ProfilePolicy
from observer.monitors import Monitor
from orchestration.assets import Asset, asset_key
from orchestration.dbt.assets import DbtAssets, assets_of
from orchestration.dbt.manifest import read_manifest
from orchestration.dbt.model import Manifest, Node, Test
from orchestration.dbt.settings import DbtOptions, variables_of
from orchestration.mapping import Read
from orchestration.model import OnHold
from orchestration.run_policy import RunPolicy
from orchestration.schedule.base import Condition

_DEFAULT_POLICY = GatePolicy()
_DEFAULT_PROFILE = ProfilePolicy()
_PLAIN = RunPolicy()


def dbt_assets(
    path: str | os.PathLike[str],
    *,
    sources: Mapping[str, Asset | str] | None = None,
    target: str | None = None,
    profiles: str | os.PathLike[str] | None = None,
    vars: Mapping[str, object] | None = None,
    monitors: Mapping[str, Sequence[Monitor]] | None = None,
    gate: GatePolicy = _DEFAULT_POLICY,
    profile: ProfilePolicy = _DEFAULT_PROFILE,
    reads: Mapping[str, Mapping[str, Read | OnHold | str]] | None = None,
    schedule: Condition | str | Mapping[str, Condition | str] | None = None,
    run: RunPolicy = _PLAIN,
) -> DbtAssets:
    """Declare every model, seed, snapshot and source of a dbt project as an asset, and its tests as checks.

    Parameters
    ----------
    path:
        The project's folder, or its ``manifest.json``; a relative one counts from the file that calls this.
    sources:
        By ``"source.table"``, the assets that make what dbt reads as a source.
    target, profiles:
        Of dbt's profile, and the folder of its ``profiles.yml`` (a relative one counts from the file that calls this),
        instead of what the environment says.
    vars:
        dbt's variables, plain values by name. Nodes are made again where they change.
    monitors:
        By asset, what is compared with its history beside the default ones.
    gate, profile:
        For each of them, what happens when something could not be evaluated, and how columns are measured.
    reads:
        By asset and upstream, what the asset does while that is held, or which of its columns it reads, as of
        ``asset``: ``{"late_days": {"daily_delays": "use_published", "airports": ob.columns("code")}}``.
    schedule:
        When they are due, as of ``asset``: for all of them, sources among them, or by asset, ``"*"`` for the others. Of
        one for all that follows what is upstream, those that read nothing have none.
    run:
        How their steps are run.

    Returns
    -------
    The assets by name: of a source ``"source.table"``, of a version of a model ``model_v2``.

    Raises
    ------
    ManifestError
        There is no manifest, it can't be read, or its schema isn't known.
    UnknownName
        ``sources`` names one that the project doesn't declare; ``monitors``, ``reads`` or ``schedule`` an asset that
        isn't there, or ``reads`` an upstream that the asset doesn't read.
    DefinitionError, CheckError
        ``vars`` can't be written as JSON; a schedule, a monitor or what ``reads`` says can't be used.
    """
    given = {name: asset_key(one if isinstance(one, str) else one.key) for name, one in (sources or {}).items()}
    manifest = read_manifest(_beside_the_caller(Path(path)), given)
    folder = None if profiles is None else _beside_the_caller(Path(profiles))
    options = DbtOptions(target=target, profiles=folder, variables=variables_of(vars))

    watched = _watched(monitors or {}, manifest)

    def attach(node: Node, tests: Sequence[Test]) -> tuple[object, ...]:
        try:
            carried = quality([check_of(test) for test in tests], watched.get(node.key, ()), gate, profile)
        except CheckError as error:
            raise CheckError(f"{node.key}: {error}") from error
        return (replace(carried, updated_by=node.loaded_at) if node.loaded_at is not None else carried,)

    return assets_of(manifest, attach, schedule=schedule, run=run, options=options, reads=reads)


def _watched(given: Mapping[str, Sequence[Monitor]], manifest: Manifest) -> Mapping[str, Sequence[Monitor]]:
    known = [node.key for node in manifest.nodes.values()]
    for name in given:
        if name not in known:
            raise UnknownName("asset", name, known, where=f"monitors= of {manifest.root}")
    return given


def _beside_the_caller(path: Path) -> Path:
    frame = inspect.currentframe()
    caller = frame.f_back.f_back if frame and frame.f_back else None
    if path.is_absolute() or caller is None:
        return path
    return Path(caller.f_code.co_filename).parent / path
