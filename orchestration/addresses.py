"""Which partitions of which assets a plan is about, and in which order they are walked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from heapq import heappop, heappush
from shlex import quote

from orchestration.errors import PartitionError
from orchestration.graph import Graph
from orchestration.mapping import PartitionMapping
from orchestration.model import Address, AssetKey, AssetKind, PartitionKey
from orchestration.partitions import Interval, KeysOf, Partitions


def addresses(
    graph: Graph, chosen: set[AssetKey], wanted: set[AssetKey], asked: str | None, keys_of: KeysOf, now: datetime
) -> Iterator[Address]:
    """Everything upstream first, and assets that are cut alike one partition after the other.

    What is ``chosen`` is made for what was ``asked``; where that names no key of its set, for the partitions that
    overlap it in time. What is only upstream is made for whatever the chosen ones read of it. Partitions that
    have not begun are left out, and refused where they were asked for.

    Raises
    ------
    PartitionError
        Partitioned assets without a key, a key without partitioned assets, or one that is none.
    """
    keys = _Planned(graph, chosen, wanted, asked, keys_of, now).keys()
    for group in _groups(graph, wanted):
        cut = graph.asset(group[0]).partitions
        if cut is None:
            yield from (Address(key) for key in group)
            continue
        members = [(key, frozenset(keys[key])) for key in group]
        for partition in _together(cut.bound(keys_of), [keys[key] for key in group]):
            yield from (Address(key, partition) for key, here in members if partition in here)


def _together(partitions: Partitions, keys: list[tuple[str, ...]]) -> tuple[str, ...]:
    if all(each is keys[0] for each in keys):
        return keys[0]
    return tuple(sorted({key for each in keys for key in each}, key=partitions.order))


class _Planned:
    """The keys of each partitioned asset of a plan."""

    def __init__(
        self,
        graph: Graph,
        chosen: set[AssetKey],
        wanted: set[AssetKey],
        asked: str | None,
        keys_of: KeysOf,
        now: datetime,
    ) -> None:
        self._graph, self._chosen, self._wanted, self._now = graph, chosen, wanted, now
        self._keys_of = keys_of
        self._cuts = {
            key: cut.bound(keys_of)
            for key in graph.order
            if key in wanted and (cut := graph.asset(key).partitions) is not None
        }
        self._named: dict[Partitions, tuple[str, ...]] = {}
        if asked is None:
            self._refuse_without_key()
        else:
            self._ask(asked)

    def keys(self) -> dict[AssetKey, tuple[str, ...]]:
        found: dict[AssetKey, tuple[str, ...]] = {}
        for key in reversed(self._graph.order):
            if key not in self._cuts:
                continue
            cut = self._cuts[key]
            if key in self._chosen and cut in self._named:
                found[key] = self._named[cut]
                continue
            found[key] = self._read_of(key, found)
            if key in self._chosen and not found[key]:
                raise PartitionError(
                    f"{key} is cut otherwise ({cut.describe()}) and nothing says which of its partitions is meant; "
                    "plan it apart, with a partition of its own"
                )
        return found

    def _refuse_without_key(self) -> None:
        for key, cut in self._cuts.items():
            if key in self._chosen or cut.has_time:
                newest = cut.latest(self._now)
                raise PartitionError(
                    f"{key} is partitioned ({cut.describe()}); say which: --partition {quote(newest or 'KEY')}"
                )

    def _ask(self, asked: str) -> None:
        """Read what was asked in each set that it can be read in, and find what overlaps it in the others."""
        if not self._cuts:
            raise PartitionError(f"--partition {asked}: none of the selected assets is partitioned; leave it out")
        refused: list[PartitionError] = []
        of_chosen = {self._cuts[key]: None for key in self._cuts if key in self._chosen}
        every = dict.fromkeys(self._cuts.values())
        for cuts in (of_chosen, every):
            for cut in cuts:
                try:
                    self._named[cut] = cut.named(asked, self._now)
                except PartitionError as error:
                    refused.append(error)
            if self._named:
                break
        else:
            raise refused[0]
        times = [(cut, keys) for cut, keys in self._named.items() if cut.has_time]
        for cut, keys in times:
            if (first := self._not_begun(cut, keys)) is not None:
                raise PartitionError(f"the partition {first} has not begun: it is {self._now:%Y-%m-%d %H:%M} UTC")
        ends = [i for cut, keys in times for key in (keys[0], keys[-1]) if (i := cut.interval(key)) is not None]
        if not ends:
            return
        span = Interval(min(i.start for i in ends), max(i.end for i in ends))
        for cut in every:
            if cut not in self._named and cut.has_time:
                self._named[cut] = self._begun(cut, cut.overlapping(span))

    def _read_of(self, key: AssetKey, found: dict[AssetKey, tuple[str, ...]]) -> tuple[str, ...]:
        """What the wanted assets downstream read of an asset."""
        cut = self._cuts[key]
        read: list[tuple[str, ...]] = []
        for below in dict.fromkeys(self._graph.downstream(key)):
            if below not in self._wanted:
                continue
            for edge in self._graph.upstream(below):
                if edge.upstream == key:
                    read.append(self._through(edge.mapping, cut, self._cuts.get(below), found.get(below)))
        if len(read) == 1:
            return read[0]
        union = {each for keys in read for each in keys}
        return next((keys for keys in read if len(keys) == len(union)), None) or tuple(sorted(union, key=cut.order))

    def _through(
        self, mapping: PartitionMapping, cut: Partitions, down: Partitions | None, keys: tuple[str, ...] | None
    ) -> tuple[str, ...]:
        from orchestration.mapping import Same

        if isinstance(mapping, Same) and down == cut and keys is not None:
            return keys
        basis = self._named.get(cut) or (() if cut.has_time else cut.keys(self._now))
        bound = mapping.bound(self._keys_of)
        below: Iterable[PartitionKey] = (None,) if down is None else keys or ()
        read = dict.fromkeys(up for key in below for up in bound.upstream(key, basis) if up is not None)
        return self._begun(cut, tuple(sorted(cut.ours(read), key=cut.order)))

    def _not_begun(self, cut: Partitions, keys: Collection[str]) -> str | None:
        """The first of ordered keys that has not begun."""
        if not keys or self._has_begun(cut, tuple(keys)[-1]):
            return None
        return next(key for key in keys if not self._has_begun(cut, key))

    def _begun(self, cut: Partitions, keys: tuple[str, ...]) -> tuple[str, ...]:
        if self._not_begun(cut, keys) is None:
            return keys
        return tuple(key for key in keys if self._has_begun(cut, key))

    def _has_begun(self, cut: Partitions, key: str) -> bool:
        interval = cut.interval(key)
        return interval is None or interval.start <= self._now


def _groups(graph: Graph, wanted: set[AssetKey]) -> list[list[AssetKey]]:
    """The wanted assets in topological order, in runs of assets with the same partitions, as long as can be.

    Sources and other whole assets come as early as they can, so that the partitioned ones stay together. What
    reads anything but the same and earlier partitions waits for the next run.
    """
    place = {key: n for n, key in enumerate(graph.order)}
    missing = {key: {e.upstream for e in graph.upstream(key)} & wanted for key in graph.order if key in wanted}
    ready: dict[Partitions | None, list[tuple[bool, int, AssetKey]]] = {}
    later: list[AssetKey] = []
    ahead = {
        (e.upstream, e.downstream)
        for key in missing
        for e in graph.upstream(key)
        if not e.mapping.is_backward and graph.asset(key).partitions is not None
    }

    def add(key: AssetKey) -> None:
        asset = graph.asset(key)
        heappush(ready.setdefault(asset.partitions, []), (asset.kind is not AssetKind.SOURCE, place[key], key))

    for key, upstream in missing.items():
        if not upstream:
            add(key)
    groups: list[list[AssetKey]] = []
    while ready:
        partitions = min(ready, key=lambda cut: (ready[cut][0][0], cut is not None, ready[cut][0][1]))
        here = set[AssetKey]()
        groups.append([])
        while waiting := ready.get(partitions):
            _, _, key = heappop(waiting)
            groups[-1].append(key)
            here.add(key)
            for below in graph.downstream(key):
                if below in missing and key in missing[below]:
                    missing[below].discard(key)
                    if not missing[below]:
                        waits = any((e.upstream, below) in ahead and e.upstream in here for e in graph.upstream(below))
                        later.append(below) if waits else add(below)
        ready.pop(partitions)
        for key in later:
            add(key)
        later.clear()
    return groups
