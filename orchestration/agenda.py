"""Which steps of a plan can begin: what they wait for, who goes first, where there is room. Pure."""

from __future__ import annotations

import heapq
import itertools
import math
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence

from orchestration.assets import Asset
from orchestration.errors import TidegateError
from orchestration.graph import Graph
from orchestration.model import Address, AssetKey
from orchestration.partitions import KeysOf

Places = tuple[str, ...]
"""Names of limited pools and tags."""

TAG = "tag:"


def names_of(asset: Asset) -> Places:
    """What a step of the asset counts in, limited or not: its pool, and ``tag:`` and each of its tags."""
    pool = () if asset.run.pool is None else (asset.run.pool,)
    return tuple(dict.fromkeys((*pool, *(TAG + tag for tag in sorted(asset.tags)))))


class Agenda:
    """The steps of one plan by their positions, each once.

    A step can begin when every step upstream of it in the plan has ended. Of those that can, the one of the highest
    priority begins first, then the one that comes first in the plan; those that are made in batches come after the
    others, so that batches fill. What an asset's steps give is decided in the order of the plan, whichever is ready
    first (``in_turn``), so that a parallel backfill gives the verdicts of one in order.

    ``pools`` say how many places there are, by the name of a pool or by ``tag:`` and a tag. A step takes one in its
    pool and one in each of its tags, as far as they are limited, or does not begin. ``now``: seconds, for how long it
    waits for them.
    """

    def __init__(
        self,
        graph: Graph,
        addresses: Sequence[Address],
        keys_of: KeysOf,
        pools: Mapping[str, int],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._graph, self._addresses, self._pools, self._now = graph, addresses, pools, now
        self._since: dict[int, float] = {}  # of those that need a place: since when they can begin
        self._full_at: dict[Places, float] = {}  # when last somebody was turned away
        self._waited: dict[int, float] = {}
        self._waits = [0] * len(addresses)
        self._next: dict[int, list[int]] = defaultdict(list)
        self._busy: dict[str, int] = defaultdict(int)
        self._able: set[int] = set()  # those that can begin; others that still stand in a queue were claimed
        self._held: dict[int, Places] = {}  # by a step that has begun
        self._needs: dict[AssetKey, Places] = {}
        self._positions = {address: position for position, address in enumerate(addresses)}
        self._turns: dict[AssetKey, deque[int]] = defaultdict(deque)
        self._ready: dict[Places, list[tuple[int, bool, int]]] = defaultdict(list)  # full ones cost no look
        self.open = len(addresses)
        self._connect(keys_of)

    def _connect(self, keys_of: KeysOf) -> None:
        places: dict[AssetKey, dict[str | None, int]] = defaultdict(dict)
        for position, address in enumerate(self._addresses):
            self._turns[address.asset].append(position)
            places[address.asset][address.partition] = position
        for position, address in enumerate(self._addresses):
            for before in self._upstream(address, places, keys_of):
                self._waits[position] += 1
                self._next[before].append(position)
            if self._waits[position] == 0:
                self._queue(position)

    def _upstream(
        self, address: Address, places: Mapping[AssetKey, Mapping[str | None, int]], keys_of: KeysOf
    ) -> Iterable[int]:
        found: set[int] = set()
        for edge in self._graph.upstream(address.asset):
            planned = places.get(edge.upstream, {})
            if not planned:
                continue
            known = tuple(key for key in planned if key is not None) if edge.mapping.needs_known else ()
            try:
                keys = edge.mapping.bound(keys_of).upstream(address.partition, known)
            except TidegateError:  # the step is judged when it comes to it, and fails by the same words
                continue
            found |= {planned[key] for key in keys if key in planned}
        return found

    def _queue(self, position: int) -> None:
        asset = self._graph.asset(self._addresses[position].asset)
        if asset.key not in self._needs:
            self._needs[asset.key] = tuple(name for name in names_of(asset) if name in self._pools)
        self._able.add(position)
        places = self._needs[asset.key]
        if places:
            self._since[position] = self._now()
        heapq.heappush(self._ready[places], (-asset.run.priority, asset.run.batch > 1, position))

    def begin(self) -> int | None:
        """The next step that can begin now; it takes its places. None: none can."""
        for queue in self._ready.values():
            while queue and queue[0][-1] not in self._able:
                heapq.heappop(queue)
        able = []
        for places, queue in self._ready.items():
            if queue and self._have_room(places):
                able.append((queue[0], places))
            elif queue:
                self._full_at[places] = self._now()
        if not able:
            return None
        (*_, position), places = min(able)
        heapq.heappop(self._ready[places])
        self._able.remove(position)
        self._held[position] = places
        for name in places:
            self._busy[name] += 1
        if places and self._full_at.get(places, -math.inf) >= (since := self._since[position]):
            self._waited[position] = self._now() - since
        return position

    def waited(self, position: int) -> tuple[float, Places] | None:
        """How long a step that has begun had waited for places, and for which; None: there always was one."""
        took_s = self._waited.pop(position, None)
        return None if took_s is None else (took_s, self._held[position])

    def claim(self, position: int) -> bool:
        """Begin a step together with one that has begun, if it can begin now; it takes no place of its own."""
        if position not in self._able:
            return False
        self._able.remove(position)
        return True

    def _have_room(self, places: Places) -> bool:
        return all(self._busy[name] < self._pools[name] for name in places)

    def company(self, position: int) -> Sequence[int]:
        """What is made in one call with a step that has begun, as far as it can begin now; it begins by this."""
        address = self._addresses[position]
        asset = self._graph.asset(address.asset)
        if asset.production is not None:
            wanted = (self._positions.get(Address(key, address.partition)) for key in asset.production.keys)
            return [one for one in wanted if one is not None and self.claim(one)]
        if asset.run.batch == 1:
            return ()
        return list(itertools.islice((n for n in self._turns[address.asset] if self.claim(n)), asset.run.batch - 1))

    def leave(self, position: int) -> None:
        """The step's work is done, or waits to be tried again: what it held is free. Does nothing a second time."""
        for name in self._held.pop(position, ()):
            self._busy[name] -= 1

    def again(self, position: int) -> None:
        """A step may begin once more."""
        self._queue(position)

    def ended(self, position: int) -> None:
        """The step has ended, well or not: what waited for it may begin."""
        self.open -= 1
        self._turns[self._addresses[position].asset].remove(position)
        for after in self._next.pop(position, ()):
            self._waits[after] -= 1
            if self._waits[after] == 0:
                self._queue(after)

    def in_turn(self, asset: AssetKey, has: Callable[[int], bool]) -> int | None:
        """The asset's first step that has not ended, if ``has`` its product; None if it has not."""
        turns = self._turns[asset]
        return turns[0] if turns and has(turns[0]) else None
