"""Which upstream partitions a downstream partition reads."""

from orchestration.mapping.base import PartitionMapping
from orchestration.mapping.custom import Mapped
from orchestration.mapping.default import default_mapping
from orchestration.mapping.dimensions import Dimensions
from orchestration.mapping.overlap import Overlap
from orchestration.mapping.plain import AllPartitions, Same, Whole
from orchestration.mapping.read import Read, ReadDefault, all_partitions, columns, last, mapped, reads_of
from orchestration.mapping.window import Window

__all__ = [
    "AllPartitions",
    "Dimensions",
    "Mapped",
    "Overlap",
    "PartitionMapping",
    "Read",
    "ReadDefault",
    "Same",
    "Whole",
    "Window",
    "all_partitions",
    "columns",
    "default_mapping",
    "last",
    "mapped",
    "reads_of",
]
