"""Finding what a project defines: importing its file and collecting assets and checks."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from observer.assets import quality_of
from observer.checks.base import Check
from observer.checks.function import FunctionCheck
from observer.checks.sql_check import SqlCheck
from observer.errors import CheckError, ProjectError, UnknownName
from orchestration.assets import Asset
from orchestration.dbt.assets import DbtAssets
from orchestration.errors import TidegateError
from orchestration.garbage import uncollected
from orchestration.graph import Graph
from orchestration.model import AssetKey
from orchestration.multi_assets import MultiAsset

_TAKEN = sys.stdlib_module_names | {"dashboards", "detectors", "observer", "orchestration", "pandas", "numpy"}


@dataclass(frozen=True, slots=True)
class Definitions:
    """What a project's code says."""

    graph: Graph
    checks: dict[AssetKey, tuple[Check, ...]]


def load(file: Path, *, settings: str = "the project's settings") -> Definitions:
    """Import a project's file and collect the assets and checks that it names.

    Parameters
    ----------
    settings: where the project's settings stand, as errors name it.

    Raises
    ------
    ProjectError
        The file isn't there, can't be imported, or defines no asset.
    DefinitionError, UnknownName, CheckError
        What it defines doesn't fit together.
    """
    with uncollected():
        values = tuple(vars(_import(file, settings)).values())
        assets = {
            id(asset): asset for asset in each_asset(v for v in values if isinstance(v, Asset | MultiAsset | DbtAssets))
        }
        if not assets:
            raise ProjectError(f"{file} defines no asset; decorate a function with @ob.asset")
        inside = {id(one) for asset in assets.values() for one in quality_of(asset).checks}
        apart = {id(v): v for v in values if isinstance(v, FunctionCheck | SqlCheck) and id(v) not in inside}
        return define(assets.values(), [one for one in apart.values() if one.asset is not None])


def each_asset(declared: Iterable[Asset | MultiAsset | DbtAssets]) -> Iterator[Asset]:
    """Every asset that was declared, those of a multi-asset or of a dbt project one by one."""
    for one in declared:
        yield from (one,) if isinstance(one, Asset) else one.assets


def define(assets: Iterable[Asset], apart: Iterable[FunctionCheck | SqlCheck]) -> Definitions:
    """Put assets and the checks that were declared apart from them together."""
    graph = Graph(assets)
    checks = {asset.key: list(quality_of(asset).checks) for asset in graph}
    for check in apart:
        if check.asset is None:
            raise CheckError(
                f"the check {check.name} is of no asset; write asset= or put it into an asset's checks=[...]"
            )
        if check.asset not in graph:
            raise UnknownName("asset", check.asset, graph.order, where=f"the check {check.name}")
        checks[check.asset].append(check)
    for key, found in checks.items():
        names = [check.name for check in found] + [m.id for m in quality_of(graph.asset(key)).monitors]
        for name in names if len(names) > 1 else ():
            if names.count(name) > 1:
                raise CheckError(f"{key} has two checks or monitors called {name!r}; give one a name of its own")
    return Definitions(graph, {key: tuple(one.on(key) for one in found) for key, found in checks.items()})


def _import(file: Path, settings: str) -> ModuleType:
    if not file.is_file():
        raise ProjectError(f"there is no {file}; project= in {settings} names it, or make one: tidegate init")
    if file.stem in _TAKEN:
        raise ProjectError(
            f"{file} can't be called like the module {file.stem!r}, which it would hide; rename it and project="
        )
    folder = str(file.parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = sys.modules.get(file.stem)
    sys.modules[file.stem] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        _forget(file.stem, before)
        if isinstance(error, TidegateError | KeyboardInterrupt):
            raise
        raise ProjectError(f"{_where(file, error)}; nothing was run") from error
    return module


def _forget(name: str, before: ModuleType | None) -> None:
    if before is None:
        sys.modules.pop(name, None)
    else:
        sys.modules[name] = before


def _where(file: Path, error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno} isn't Python: {error.msg}"
    line = next(
        (
            f"{Path(frame.filename).name}:{frame.lineno}"
            for frame in reversed(traceback.extract_tb(error.__traceback__))
            if Path(frame.filename).is_relative_to(file.parent) and "site-packages" not in frame.filename
        ),
        file.name,
    )
    said = " ".join(str(error).split())
    return f"{line} raised {type(error).__name__} while it was imported{': ' + said if said else ''}"
