"""Who waits for what is held: the gate is state, so this holds also for what no run has planned yet. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from observer.reads.instants import timezone_of
from observer.reads.ledger import Gate
from orchestration.graph import Graph
from orchestration.mapping import AllPartitions, Same, Whole
from orchestration.model import Address, AssetKey, OnHold, PartitionKey


@dataclass(frozen=True, slots=True)
class Waiting:
    """The addresses that wait, each with the hold at the root; ``whole`` are assets of which every partition waits.

    ``edges`` are those at which something waits, by upstream and downstream, with the partitions upstream that it waits
    for; None among them: all of it.
    """

    timezone: str
    addresses: dict[AssetKey, dict[PartitionKey, Gate]] = field(default_factory=dict)
    whole: dict[AssetKey, Gate] = field(default_factory=dict)
    edges: dict[tuple[AssetKey, AssetKey], set[PartitionKey]] = field(default_factory=dict)

    def of(self, address: Address, *, newest: bool) -> Gate | None:
        """The hold that ``address`` waits for; one of a whole upstream concerns only what runs next."""
        here = self.addresses.get(address.asset, {}).get(address.partition)
        return here or (self.whole.get(address.asset) if newest else None)

    def partitions(self, asset: AssetKey) -> Iterable[PartitionKey]:
        return self.addresses.get(asset, {})


def waiting(graph: Graph, held: Iterable[Gate]) -> Waiting:
    """Follow the edges that wait, downstream from each hold."""
    found = Waiting(timezone_of(graph))
    for gate in held:
        if gate.address.asset in graph:
            _follow(graph, gate, found)
    return found


def _follow(graph: Graph, gate: Gate, found: Waiting) -> None:
    frontier: list[tuple[AssetKey, PartitionKey, bool]] = [(gate.address.asset, gate.address.partition, False)]
    while frontier:
        asset, partition, whole = frontier.pop()
        for below in graph.downstream(asset):
            for edge in graph.upstream(below):
                if edge.upstream != asset or edge.on_hold is not OnHold.WAIT:
                    continue
                if asset == gate.address.asset and edge.is_apart(gate.columns):
                    continue
                if isinstance(edge.mapping, Whole | Same | AllPartitions):
                    found.edges.setdefault(edge.ends, set()).add(partition)
                if isinstance(edge.mapping, Whole) or (whole and isinstance(edge.mapping, Same)):
                    if below not in found.whole:
                        found.whole[below] = gate
                        frontier.append((below, None, True))
                elif isinstance(edge.mapping, Same | AllPartitions):
                    key = None if isinstance(edge.mapping, AllPartitions) else partition
                    if key not in (waits := found.addresses.setdefault(below, {})):
                        waits[key] = gate
                        frontier.append((below, key, False))
