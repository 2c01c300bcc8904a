"""The graph of a project's assets: validated once, then asked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from orchestration.assets import Asset
from orchestration.errors import CycleError, DefinitionError, DuplicateAsset, UnknownName
from orchestration.external import is_external
from orchestration.mapping import PartitionMapping
from orchestration.model import AssetKey, AssetKind, OnHold
from orchestration.schedule.declared import check_updates


@dataclass(frozen=True, slots=True)
class Edge:
    """``downstream`` reads ``upstream`` through ``mapping``; ``on_hold``: what it does while that is held.

    ``gives_way``: it is there for the order alone, and left out where it would make a cycle. ``columns`` are those that
    it reads; None: all. ``as_readers``: it reads what readers see, which a held version is not.
    """

    upstream: AssetKey
    downstream: AssetKey
    parameter: str | None
    wants: str
    mapping: PartitionMapping
    on_hold: OnHold
    gives_way: bool = False
    columns: tuple[str, ...] | None = None
    as_readers: bool = False

    @property
    def ends(self) -> tuple[AssetKey, AssetKey]:
        return self.upstream, self.downstream

    def is_apart(self, faults: Collection[str]) -> bool:
        """Whether faults that lie in some columns leave alone what is read; those in no column never do."""
        return bool(faults) and self.columns is not None and not set(self.columns) & set(faults)


def _shows_what_is_held(asset: Asset) -> bool:
    """Whether readers see a version of it that is held."""
    return asset.built_in_place or asset.kind is AssetKind.SOURCE


def _refuse_impossible(edge: Edge, said: OnHold | None, asset: Asset, upstream: Asset) -> None:
    """Raise DefinitionError where what is asked for while the upstream is held is not what there is to read."""
    if edge.as_readers and said is OnHold.PROCEED:
        raise DefinitionError(
            f"{asset.where}: {asset.key} says on_hold='proceed' of {upstream.key}, whose held version readers don't "
            "see, and dbt reads what they see; say 'use_published', which is the last good one, or 'wait'"
        )
    reads_it = edge.parameter is not None or (asset.kind is AssetKind.DBT and not edge.gives_way)
    gone = upstream.built_in_place or (asset.kind is AssetKind.DBT and _shows_what_is_held(upstream))
    if reads_it and gone and said is OnHold.USE_PUBLISHED:
        raise DefinitionError(
            f"{asset.where}: {asset.key} says on_hold='use_published' of {upstream.key}, of which there is no other "
            "version than the last, held or not, since it is built in place; say 'wait', or 'proceed', which reads that"
        )


class Graph:
    """Assets and their edges; raises DuplicateAsset, UnknownName, CycleError or DefinitionError."""

    def __init__(self, assets: Iterable[Asset]) -> None:
        self._assets: dict[AssetKey, Asset] = {}
        for asset in assets:
            if (other := self._assets.get(asset.key)) is not None:
                raise DuplicateAsset(asset.key, other.where, asset.where)
            self._assets[asset.key] = asset
        self._up: dict[AssetKey, tuple[Edge, ...]] = {a.key: self._edges(a) for a in self._assets.values()}
        self._down: dict[AssetKey, list[AssetKey]] = {key: [] for key in self._assets}
        for key, edges in self._up.items():
            for edge in edges:
                self._down[edge.upstream].append(key)
        for asset in self._assets.values():
            if asset.schedule is not None:
                check_updates(asset.schedule, asset.key, self._assets, reads=bool(self._up[asset.key]))
        self.order: tuple[AssetKey, ...] = self._ordered()

    def _edges(self, asset: Asset) -> tuple[Edge, ...]:
        edges = []
        for needed in asset.dependencies:
            upstream = self._assets.get(needed.upstream)
            if upstream is None:
                where = f"{asset.where}: {asset.key} reads {needed.upstream!r}"
                raise UnknownName("asset", needed.upstream, self._assets, where=where)
            if needed.parameter is not None and is_external(upstream):
                raise DefinitionError(
                    f"{asset.where}: {asset.key} takes the data of {upstream.key}, which others make and only report; "
                    f"read it in the function, and write deps=[{upstream.key!r}]"
                )
            mapping = needed.read.mapping(upstream.key, upstream.partitions, asset.key, asset.partitions)
            on_hold = needed.read.on_hold or mapping.default_on_hold
            columns, gives_way = needed.read.columns, needed.gives_way
            parameter, wants = needed.parameter, needed.wants
            as_readers = asset.kind is AssetKind.DBT and not _shows_what_is_held(upstream)
            edge = Edge(upstream.key, asset.key, parameter, wants, mapping, on_hold, gives_way, columns, as_readers)
            _refuse_impossible(edge, needed.on_hold, asset, upstream)
            edges.append(edge)
        return tuple(edges)

    def _ordered(self) -> tuple[AssetKey, ...]:
        """Sorted, once every edge that makes a cycle and may be left out is."""
        while True:
            try:
                return self._sorted()
            except CycleError as error:
                between = set(pairwise(map(AssetKey, error.cycle)))
                way = next((e for up in self._up.values() for e in up if e.gives_way and e.ends in between), None)
                if way is None:
                    raise
                self._up[way.downstream] = tuple(edge for edge in self._up[way.downstream] if edge != way)
                self._down[way.upstream].remove(way.downstream)

    def _sorted(self) -> tuple[AssetKey, ...]:
        """Upstream first, else as declared (Kahn, 1962)."""
        missing = {key: len(edges) for key, edges in self._up.items()}
        order = [key for key, left in missing.items() if not left]
        for key in order:  # which grows
            for below in self._down[key]:
                missing[below] -= 1
                if not missing[below]:
                    order.append(below)
        if len(order) < len(missing):
            raise CycleError(self._cycle({key for key, left in missing.items() if left}))
        return tuple(order)

    def _cycle(self, left: set[AssetKey]) -> list[AssetKey]:
        """One cycle, its first asset named again at the end; each that is left has an upstream that is left."""
        path: dict[AssetKey, None] = {}
        key = min(left)
        while key not in path:
            path[key] = None
            key = next(edge.upstream for edge in self._up[key] if edge.upstream in left)
        walked = list(path)
        return [key, *reversed(walked[walked.index(key) :])]

    def __contains__(self, key: object) -> bool:
        return key in self._assets

    def __iter__(self) -> Iterator[Asset]:
        return (self._assets[key] for key in self.order)

    def __len__(self) -> int:
        return len(self._assets)

    def asset(self, key: str) -> Asset:
        """The asset of that name; raises UnknownName with the nearest ones."""
        try:
            return self._assets[AssetKey(key)]
        except KeyError:
            raise UnknownName("asset", key, self._assets) from None

    def upstream(self, key: AssetKey) -> tuple[Edge, ...]:
        """The edges into an asset, in the order of its parameters."""
        return self._up[key]

    def downstream(self, key: AssetKey) -> tuple[AssetKey, ...]:
        """The assets that read it directly."""
        return tuple(self._down[key])

    def with_siblings(self, keys: Iterable[AssetKey]) -> set[AssetKey]:
        """``keys`` and what can't be made without making them too: the other assets of their multi-assets."""
        found = set(keys)
        for key in tuple(found):
            production = self._assets[key].production
            if production is not None and not production.subsettable:
                found.update(one for one in production.keys if one in self._assets)
        return found

    def ancestors(self, keys: Iterable[AssetKey], depth: int | None = None) -> set[AssetKey]:
        """Everything upstream of ``keys`` (themselves left out), at most ``depth`` steps away."""
        return self._reach(keys, lambda key: (e.upstream for e in self._up[key]), depth)

    def descendants(self, keys: Iterable[AssetKey], depth: int | None = None) -> set[AssetKey]:
        """Everything downstream of ``keys`` (themselves left out), at most ``depth`` steps away."""
        return self._reach(keys, lambda key: self._down[key], depth)

    @staticmethod
    def _reach(
        keys: Iterable[AssetKey], neighbours: Callable[[AssetKey], Iterable[AssetKey]], depth: int | None
    ) -> set[AssetKey]:
        start = set(keys)
        seen, frontier, left = set(start), start, depth
        while frontier and (left is None or left > 0):
            frontier = {n for key in frontier for n in neighbours(key)} - seen
            seen |= frontier
            left = None if left is None else left - 1
        return seen - start

    def blocked_by(self, key: AssetKey, faults: Collection[str] = ()) -> tuple[AssetKey, ...]:
        """Everything downstream of ``key`` along edges that wait, upstream first.

        ``faults`` are the columns that all its faults lie in: who reads others of it does not wait.
        """
        waiting, found = {key}, []
        for candidate in self.order:
            edges = (e for e in self._up[candidate] if not (e.upstream == key and e.is_apart(faults)))
            if any(e.upstream in waiting and e.on_hold is OnHold.WAIT for e in edges):
                waiting.add(candidate)
                found.append(candidate)
        return tuple(found)
