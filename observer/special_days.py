"""The special days of a project's assets, by selection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from observer.errors import ProjectError, UnknownName
from orchestration.errors import DefinitionError, SelectionError
from orchestration.graph import Graph
from orchestration.model import AssetKey
from orchestration.selection import select
from orchestration.special_days import SpecialDays, special_days


def special_days_of(graph: Graph, named: Mapping[str, Sequence[str]], where: str) -> Mapping[AssetKey, SpecialDays]:
    """The special days of each asset that has any.

    Parameters
    ----------
    named:
        By selection, as ``special_days`` takes them; of an asset that several select the last counts, no name is none.
    where:
        How an error calls the place in which they stand.

    Raises
    ------
    ProjectError
        A selection can't be used, a name stands for nothing, or the library isn't there.
    """
    found: dict[AssetKey, SpecialDays | None] = {}
    for selection, names in named.items():
        try:
            days = special_days(names, where)
        except DefinitionError as error:
            raise ProjectError(str(error)) from None
        try:
            found |= dict.fromkeys(select(graph, selection) if graph.order else (), days)
        except (SelectionError, UnknownName) as error:
            raise ProjectError(f"{where}: {error}") from error
    return {key: days for key, days in found.items() if days is not None}
