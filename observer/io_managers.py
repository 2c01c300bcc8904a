"""From an environment's configuration to the IO manager of a project."""

from __future__ import annotations

from pathlib import Path

from observer.config import EnvironmentConfig, IOConfig
from observer.errors import ProjectError
from orchestration.dbt.assets import Builder
from orchestration.dbt.model import Build
from orchestration.dbt.settings import DbtOptions, DbtSettings
from orchestration.errors import TidegateError
from orchestration.graph import Graph
from orchestration.io.base import IOManager
from orchestration.io.kinds import open_kind
from orchestration.io.routed import RoutedIOManager
from orchestration.lineage import DIALECTS, check_syntax
from orchestration.model import AssetKey, AssetKind
from orchestration.selection import select


def io_of(config: EnvironmentConfig, graph: Graph) -> IOManager:
    """The IO manager of an environment: one, or several as one.

    Raises
    ------
    ProjectError
        Two of them claim one asset, or a selection names nothing.
    UnknownName, StorageError
        A kind or option isn't one; a driver is missing.
    """
    kept = {one.name: opened(one, config) for one in config.io}
    default = kept[config.io[-1].name]
    routes: dict[AssetKey, IOManager] = dict(dbt_keepers(config.dbt, graph))
    if len(config.io) > 1:
        keepers = keepers_of(config, graph)
        routes = {key: kept[one.name] for key, one in keepers.items() if one is not config.io[-1]} | routes
    return RoutedIOManager(default, routes) if routes else default


def dbt_keepers(settings: DbtSettings, graph: Graph) -> dict[AssetKey, IOManager]:
    """The IO managers of the nodes of dbt projects, one a project; they lie where dbt's own profile says."""
    orders: dict[tuple[Path, DbtOptions], dict[AssetKey, Build]] = {}
    for asset in graph:
        if isinstance(asset.function, Builder):
            build = asset.function.build
            orders.setdefault((build.project, build.options), {})[asset.key] = build
    found: dict[AssetKey, IOManager] = {}
    for (project, options), mine in orders.items():
        from orchestration.io.dbt import DbtIOManager

        found |= dict.fromkeys(mine, DbtIOManager(project, settings.of(options), mine))
    return found


def check_queries(config: EnvironmentConfig, graph: Graph) -> None:
    """Refuse SQL assets whose query can't be parsed where they are kept; raises DefinitionError, which says where."""
    queries = [asset for asset in graph if asset.kind is AssetKind.SQL]
    if queries:
        keepers = keepers_of(config, graph)
        for asset in queries:
            check_syntax(asset, DIALECTS[keepers[asset.key].kind])


def opened(one: IOConfig, config: EnvironmentConfig) -> IOManager:
    """One IO manager of an environment."""
    return open_kind(one.kind, one.options, config.root, where=one.where)


def keepers_of(config: EnvironmentConfig, graph: Graph) -> dict[AssetKey, IOConfig]:
    """Which IO manager keeps each asset; raises ProjectError."""
    keepers: dict[AssetKey, IOConfig] = {}
    for one in config.io[:-1]:
        for key in _selected(one, graph):
            if key in keepers:
                raise ProjectError(
                    f"{one.where} and {keepers[key].where} both keep {key}; nothing was run; "
                    "leave it out of one of them: assets = '..., -" + key + "'"
                )
            keepers[key] = one
    return {key: keepers.get(key, config.io[-1]) for key in graph.order}


def _selected(one: IOConfig, graph: Graph) -> tuple[AssetKey, ...]:
    try:
        return select(graph, str(one.assets))
    except TidegateError as error:
        raise ProjectError(f"{one.where}: assets = {one.assets!r}: {error}") from error
