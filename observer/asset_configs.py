"""The settings of a project's assets: what ``tidegate.toml`` and the command give, checked against their types."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from observer.errors import ProjectError, UnknownName
from orchestration.asset_config import configured_version
from orchestration.assets import Asset
from orchestration.errors import DefinitionError
from orchestration.graph import Graph
from orchestration.model import AssetKey

Given = Mapping[str, Mapping[str, object]]
"""Settings by the name of the asset, or of the function that makes several."""


class AssetConfigs:
    """The settings of each asset as JSON, and what is wrong with those that can't be used.

    Parameters
    ----------
    where: they stand, as errors name it.

    Raises
    ------
    UnknownName
        Settings are given to an asset that doesn't exist.
    DefinitionError
        They are given to one that takes none.
    """

    def __init__(self, graph: Graph, given: Given, *, where: str = "the project's settings") -> None:
        self.texts: dict[AssetKey, str] = {}
        self._wrong: dict[AssetKey, DefinitionError] = {}
        takers = {name_of(asset): asset for asset in graph if asset.config is not None}
        for name in given:
            if name not in takers:
                _refuse(graph, name, takers)
        for asset in graph:
            if asset.config is not None:
                try:
                    mine = given.get(name_of(asset), {})
                    self.texts[asset.key] = asset.config.read(name_of(asset), mine, where=where)
                except DefinitionError as error:
                    self._wrong[asset.key] = error

    def versions(self, code_versions: Mapping[AssetKey, str]) -> dict[AssetKey, str]:
        """Code versions together with the settings: an asset whose settings changed is made again."""
        return {key: configured_version(version, self.texts.get(key)) for key, version in code_versions.items()}

    def check(self, assets: Iterable[AssetKey]) -> None:
        """Raise the DefinitionError of the first of these assets whose settings can't be used."""
        for key in assets:
            if (error := self._wrong.get(key)) is not None:
                raise error


def name_of(asset: Asset) -> str:
    """Under which name an asset's settings are given: its own, or that of the function that makes several."""
    return asset.key if asset.production is None else asset.production.name


def _refuse(graph: Graph, name: str, takers: Iterable[str]) -> None:
    if name in graph:
        raise DefinitionError(f"config.{name}: the function of {name} has no parameter config, so it takes no settings")
    raise UnknownName("asset with a config", name, takers, where=f"config.{name}")


def parse_settings(texts: Iterable[str]) -> dict[str, dict[str, object]]:
    """``orders.limit=10`` as the command takes it; a value that isn't JSON is text. Raises ProjectError."""
    found: dict[str, dict[str, object]] = {}
    for text in texts:
        place, equals, value = text.partition("=")
        name, dot, setting = place.rpartition(".")
        if not (equals and dot and name and setting):
            raise ProjectError(f"--config {place!r} isn't a setting; write --config ASSET.SETTING=VALUE")
        try:
            read = json.loads(value)
        except json.JSONDecodeError:
            read = value
        found.setdefault(name, {})[setting] = read
    return found


def merged(first: Given, second: Given) -> dict[str, dict[str, object]]:
    """Both, setting by setting; the second counts where they differ."""
    return {name: {**first.get(name, {}), **second.get(name, {})} for name in (*first, *second)}
