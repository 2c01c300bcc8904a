"""The one small language that names assets: ``+orders``, ``orders+2``, ``tag:pii``, ``group:raw,flights``.

A comma is a union. ``+`` before a name adds everything upstream, after it everything downstream, a number
beside it limits the steps. ``*`` is everything.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from orchestration.assets import Asset
from orchestration.errors import UnknownName
from orchestration.graph import Graph
from orchestration.model import AssetKey

_TERM = re.compile(r"(?P<up>(?P<up_depth>\d*)\+)?(?P<name>[^+]+)(?P<down>\+(?P<down_depth>\d*))?")


def select(graph: Graph, expression: str) -> tuple[AssetKey, ...]:
    """The assets that ``expression`` names, upstream first; raises UnknownName with the nearest names."""
    chosen: set[AssetKey] = set()
    for term in expression.split(","):
        chosen |= _term(graph, term.strip())
    return tuple(key for key in graph.order if key in chosen)


def _term(graph: Graph, term: str) -> set[AssetKey]:
    match = _TERM.fullmatch(term)
    if not match:
        raise UnknownName("asset", term, graph.order, where="selection")
    keys = _named(graph, match["name"].strip())
    found = set(keys)
    if match["up"]:
        found |= graph.ancestors(keys, int(match["up_depth"]) if match["up_depth"] else None)
    if match["down"]:
        found |= graph.descendants(keys, int(match["down_depth"]) if match["down_depth"] else None)
    return found


def _named(graph: Graph, name: str) -> set[AssetKey]:
    if name == "*":
        return set(graph.order)
    method, colon, value = name.partition(":")
    if not colon or name in graph:
        return {graph.asset(name).key}
    values: dict[str, Callable[[Asset], tuple[str, ...]]] = {
        "tag": lambda asset: asset.tags,
        "group": lambda asset: (asset.group,) if asset.group else (),
        "owner": lambda asset: asset.owners,
        "kind": lambda asset: (asset.kind.value,),
    }
    if method not in values:
        raise UnknownName("selection method", method, values, where=f"selection {name!r}")
    found = {asset.key for asset in graph if value in values[method](asset)}
    if not found:
        known = {v for asset in graph for v in values[method](asset)}
        raise UnknownName(method, value, known, where=f"selection {name!r}")
    return found
