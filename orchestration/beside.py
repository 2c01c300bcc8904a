"""Which published versions of other assets the gate compares a version with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orchestration.errors import DefinitionError, UnknownName
from orchestration.graph import Graph
from orchestration.mapping import PartitionMapping, default_mapping
from orchestration.model import Address, AssetKey, AssetKind
from orchestration.state import Snapshot
from orchestration.work import Beside

Compared = Mapping[AssetKey, Mapping[AssetKey, PartitionMapping]]
"""By asset, the others that it is compared with, and which of their partitions belong to one of its own."""


def compared(graph: Graph, named: Mapping[AssetKey, Iterable[AssetKey]]) -> Compared:
    """Which partitions of the others belong together with those of each asset.

    Raises
    ------
    UnknownName
        A name is no asset's.
    DefinitionError
        The other is a source, whose data is not kept, or which partitions belong together isn't plain.
    """
    found: dict[AssetKey, dict[AssetKey, PartitionMapping]] = {}
    for key, others in named.items():
        for other in others:
            if other not in graph:
                raise UnknownName("asset", other, graph.order, where=f"a check of {key}")
            up, down = graph.asset(other), graph.asset(key)
            if up.kind is AssetKind.SOURCE:
                raise DefinitionError(
                    f"a check of {key} compares it with the source {other}, whose data is kept nowhere; "
                    "make an asset of it, and compare with that"
                )
            mapping = default_mapping(other, up.partitions, key, down.partitions)
            found.setdefault(key, {})[other] = mapping
    return found


def beside(relations: Mapping[AssetKey, PartitionMapping], address: Address, snapshot: Snapshot) -> tuple[Beside, ...]:
    """What readers see of the others, as ``snapshot`` has it."""
    return tuple(
        Beside(
            address=address, asset=other,
            versions=tuple(
                state.published.stored()
                for key in mapping.bound(snapshot.keys_of).upstream(address.partition, snapshot.known(other))
                if (state := snapshot.of(Address(other, key))).published is not None
            ),
        )
        for other, mapping in relations.items()
    )  # fmt: skip
