"""The mapping that an edge has unless it says otherwise."""

from __future__ import annotations

from orchestration.errors import DefinitionError
from orchestration.mapping.base import PartitionMapping
from orchestration.mapping.dimensions import Dimensions, shared_dimensions
from orchestration.mapping.overlap import Overlap
from orchestration.mapping.plain import AllPartitions, Same, Whole
from orchestration.partitions import MultiPartitions, Partitions


def default_mapping(upstream: str, up: Partitions | None, downstream: str, down: Partitions | None) -> PartitionMapping:
    """Cut alike: the same key. Differently in time: what overlaps. One within several dimensions: that dimension.

    Raises
    ------
    DefinitionError
        Which partitions belong together isn't plain.
    """
    if up is None:
        return Whole() if down is not None else Same()
    if down is None:
        return AllPartitions()
    if up.rule == down.rule:
        return Same()
    if isinstance(up, MultiPartitions) or isinstance(down, MultiPartitions):
        shared = shared_dimensions(up, down)
        if shared is not None:
            return Dimensions(up, down, shared)
    elif up.has_time and down.has_time:
        return Overlap(up, down)
    raise DefinitionError(
        f"{downstream} ({down.describe()}) reads {upstream} ({up.describe()}): their partitions are cut differently, "
        f"so which ones belong together isn't plain; write reads={{{upstream!r}: ob.all_partitions()}} to read every "
        f"one, or ob.mapped(lambda key: ...) to say which, or give both the same partitions"
    )
