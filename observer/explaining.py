"""Whether something upstream explains what is wrong: along the lineage, through the mappings, at the same data time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Connection, exists, select

from observer.incidents import Covers
from observer.model import Incident, Severity
from observer.store import incidents as incident_store
from observer.store.tables import incident_versions
from observer.turns import Finding
from orchestration.errors import PartitionError
from orchestration.graph import Edge, Graph
from orchestration.model import Address, AssetKey, PartitionKey, VersionStatus
from orchestration.tables import versions

_MOST = 2_000
"""Partitions of one asset that are followed upstream; of more, any one of its partitions counts."""

_OF_THE_RUN = frozenset({"duration"})
"""Monitors that say nothing of the data: what takes long does not make what reads it wrong."""

_GOOD = (VersionStatus.PUBLISHED, VersionStatus.PUBLISHING, VersionStatus.SUPERSEDED)
_RECENT = 50

Keys = frozenset[PartitionKey] | None
"""Partitions of an asset; None: any."""


def explained_by(
    connection: Connection, graph: Graph, found: Finding, version: str, covers_of: Callable[[AssetKey], Covers]
) -> Incident | None:
    """The incident upstream that a finding follows from: the nearest, of those the worst, then the oldest.

    One explains it that still waits for a partition which the finding's partition is made from, unless other partitions
    of the same data time came out well since it was opened: what bears with the cause isn't hurt by it.

    Parameters
    ----------
    version: of the finding.
    covers_of: the data time that the partitions of an asset cover.
    """
    ancestors = graph.ancestors((found.asset,))
    open_ones = incident_store.unresolved_of(connection, ancestors) if ancestors else ()
    suspects = {one.id: one for one in open_ones if not set(one.subjects) <= _OF_THE_RUN}
    if not suspects:
        return None
    bad = incident_store.concerned(connection, suspects)
    for numbers in _by_distance(graph, found.address, bad):
        ranked = sorted(numbers, key=lambda number: (suspects[number].severity is Severity.WARN, number))
        for number in ranked:
            if not _was_borne(connection, suspects[number], found, version, covers_of):
                return suspects[number]
    return None


def _by_distance(graph: Graph, start: Address, bad: Mapping[Address, Sequence[int]]) -> list[set[int]]:
    """The incidents that wait for what ``start`` is made from, step by step upstream."""
    level: dict[AssetKey, Keys] = {start.asset: frozenset((start.partition,))}
    met, found = set[int](), []
    seen = {start.asset}
    while level:
        above: dict[AssetKey, Keys] = {}
        for key, keys in level.items():
            for edge in graph.upstream(key):
                if edge.upstream not in seen:
                    above[edge.upstream] = _joined(above.get(edge.upstream, frozenset()), _read(edge, keys))
        here = {number for address, numbers in bad.items() if _holds(above, address) for number in numbers} - met
        if here:
            found.append(here)
        met |= here
        seen |= set(above)
        level = above
    return found


def _read(edge: Edge, keys: Keys) -> Keys:
    """The upstream partitions that some partitions of the downstream asset are made from."""
    if keys is None or edge.mapping.needs_known:
        return None
    found: set[PartitionKey] = set()
    for key in keys:
        try:
            found.update(edge.mapping.upstream(key, ()))
        except PartitionError:  # it is cut otherwise by now
            continue
    return None if len(found) > _MOST else frozenset(found)


def _joined(some: Keys, others: Keys) -> Keys:
    return None if some is None or others is None else some | others


def _holds(level: Mapping[AssetKey, Keys], address: Address) -> bool:
    if address.asset not in level:
        return False
    keys = level[address.asset]
    return keys is None or address.partition in keys


def _was_borne(
    connection: Connection, suspect: Incident, found: Finding, version: str, covers_of: Callable[[AssetKey], Covers]
) -> bool:
    """Whether other versions of the asset came out well since the suspect was opened, of its data time or later."""
    in_one = exists().where(incident_versions.c.materialization_id == versions.c.id)
    rows = connection.execute(
        select(versions.c.partition)
        .where(versions.c.asset == found.asset, versions.c.status.in_(_GOOD), versions.c.id != version)
        .where(versions.c.materialized_at >= suspect.opened_at, ~in_one)
        .order_by(versions.c.seq.desc())
        .limit(_RECENT)
    )
    begin = covers_of(suspect.asset)(suspect.first_partition)
    for row in rows:
        this = covers_of(found.asset)(row.partition or None)
        if begin is None or this is None or this.end > begin.start:
            return True
    return False
