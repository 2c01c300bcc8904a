"""What one asset's schedule sees of the state: pure answers about partitions, the gate and runs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache

from orchestration.assets import Asset
from orchestration.errors import PartitionError
from orchestration.freshness import FreshnessOf, FreshnessStatus
from orchestration.graph import Graph
from orchestration.model import Address, AssetKey, AssetKind, OnHold, PartitionKey
from orchestration.partitions import Interval, KeysOf, Partitions
from orchestration.schedule.base import Mark, Publication, Sighting, Signal
from orchestration.schedule.state import Followed, ScheduleState

_NOT_YET = Followed()


def data_until(asset: Asset, state: ScheduleState) -> datetime | None:
    """How far the published data of an asset reaches, by what its policy counts; None: there is none, or who knows."""
    newest = state.newest.get(asset.key)
    if newest is None:
        return None
    if asset.freshness is not None and asset.freshness.of is FreshnessOf.MATERIALIZATION:
        return newest.made_at
    if asset.key in state.ages_from:
        return state.ages_from[asset.key]
    if asset.partitions is None or newest.partition is None:
        return newest.made_at
    end = _end(asset.partitions, newest.partition)
    return newest.made_at if end is None else end


def holds_newer(asset: Asset, state: ScheduleState) -> bool:
    """Whether the gate holds data of an asset that reaches further than what readers have of it."""
    until = data_until(asset, state)
    for partition in state.held.get(asset.key, ()):
        end = None if asset.partitions is None or partition is None else _end(asset.partitions, partition)
        if until is None or end is None or end > until:
            return True
    return False


@lru_cache(maxsize=4096)
def _end(partitions: Partitions, key: str) -> datetime | None:
    try:
        interval = partitions.interval(key)
    except PartitionError:  # the asset is cut otherwise since
        return None
    return None if interval is None else interval.end


def complete(partitions: Partitions | None, keys_of: KeysOf, at: datetime) -> tuple[str, ...] | None:
    """The last partitions whose data is complete at an instant: in time those of the last interval, else all."""
    if partitions is None:
        return None
    cut = partitions.bound(keys_of)
    if not cut.has_time:
        return cut.keys(at)
    return _last_interval(cut, at)


@lru_cache(maxsize=1024)  # thousands of assets that are cut alike ask at the same instant
def _last_interval(cut: Partitions, at: datetime) -> tuple[str, ...]:
    newest = cut.latest(at)
    if newest is None:
        return ()
    interval = cut.interval(newest)
    return (cut.overlapping(interval) if interval is not None else ()) or (newest,)


class Seen:
    """A :class:`orchestration.schedule.base.View` of one asset."""

    def __init__(self, graph: Graph, asset: Asset, state: ScheduleState, now: datetime) -> None:
        self._graph, self._asset, self._state, self.now = graph, asset, state, now
        self._followed = state.followed.get(asset.key, _NOT_YET)

    @property
    def partitions(self) -> Partitions | None:
        return self._asset.partitions

    @property
    def open_requests(self) -> int:
        busy = self._state.busy.get(self._asset.key)
        return 0 if busy is None else busy.requests

    def mark(self, trigger: str) -> Mark | None:
        return self._followed.marks.get(trigger)

    def upstream(self) -> Sequence[str]:
        return tuple(dict.fromkeys(edge.upstream for edge in self._graph.upstream(self._asset.key)))

    def published(self, names: Sequence[str]) -> Sequence[Publication]:
        if not self._state.publications:
            return ()
        wanted = set(names or self.upstream())
        return tuple(one for one in self._state.publications if one.address.asset in wanted)

    def signals(self, name: str) -> Sequence[Signal]:
        return tuple(one for one in self._state.signals if one.name == name)

    def sighting(self, place: str) -> Sighting | None:
        return self._state.sightings.get(place)

    def running(self) -> str | None:
        busy = self._state.busy.get(self._asset.key)
        return None if busy is None else busy.says

    def freshness(self) -> FreshnessStatus | None:
        policy = self._asset.freshness
        return None if policy is None else policy.status(data_until(self._asset, self._state), self.now)

    def complete(self, at: datetime) -> tuple[str, ...] | None:
        return complete(self._asset.partitions, self._state.keys_of, at)

    def held(self) -> str | None:
        if not self._state.held:
            return None
        return held(self._graph, self._asset.key, self.complete(self.now), self._state)

    def touched(self, addresses: Sequence[Address]) -> tuple[str, ...] | None:
        """The partitions that published addresses belong to, as far as they are complete."""
        partitions = self._asset.partitions
        if partitions is None:
            return None
        cut, found = partitions.bound(self._state.keys_of), dict[str, None]()
        for address in addresses:
            found |= dict.fromkeys(self._at_hand(cut, address))
        return tuple(sorted(found, key=cut.order))

    def _at_hand(self, cut: Partitions, address: Address) -> tuple[str, ...]:
        above = self._graph.asset(address.asset).partitions
        if address.partition is None or above is None:
            return complete(self._asset.partitions, self._state.keys_of, self.now) or ()
        try:
            if above.rule == cut.rule:
                keys: tuple[str, ...] = (cut.check(address.partition),)
            else:
                interval = above.interval(address.partition)
                keys = () if interval is None else cut.overlapping(interval)
        except PartitionError:  # it begins earlier, or is cut otherwise since
            return ()
        if not keys and not (above.has_time and cut.has_time):
            return complete(self._asset.partitions, self._state.keys_of, self.now) or ()
        return tuple(key for key in keys if _is_over(cut.interval(key), self.now))


def _is_over(interval: Interval | None, now: datetime) -> bool:
    return interval is None or interval.end <= now


def held(graph: Graph, key: AssetKey, partitions: Collection[str] | None, state: ScheduleState) -> str | None:
    """The version that the gate holds of an asset, or of what it waits for; None: none, or none that it waits for."""
    if not state.held:
        return None
    here: tuple[PartitionKey, ...] = (None,) if partitions is None else tuple(partitions)
    frontier = [(key, here)]
    seen: set[tuple[AssetKey, PartitionKey]] = set()
    while frontier:
        asset, keys = frontier.pop()
        for one in keys:
            if one in state.held.get(asset, {}):
                return f"{Address(asset, one)} is held"
        new = [one for one in keys if (asset, one) not in seen]
        seen |= {(asset, one) for one in new}
        for edge in graph.upstream(asset) if new else ():
            if edge.on_hold is not OnHold.WAIT:
                continue
            faults = state.held.get(edge.upstream, {})
            above: dict[PartitionKey, None] = {}
            for one in new:
                try:
                    above |= dict.fromkeys(edge.mapping.bound(state.keys_of).upstream(one, ()))
                except PartitionError:  # what the run itself will say in so many words
                    continue
            apart = {one for one in above if one in faults and edge.is_apart(faults[one])}
            frontier.append((edge.upstream, tuple(one for one in above if one not in apart)))
    return None


def is_source(asset: Asset) -> bool:
    """Whether the asset is observed, and never made by us."""
    return asset.kind is AssetKind.SOURCE
