"""The three mappings that need no calendar: the same key, the whole, and every partition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestration.mapping.base import PartitionMapping
from orchestration.model import PartitionKey


@dataclass(frozen=True, slots=True)
class Same(PartitionMapping):
    """One to one: the partition of the same key, or no partition for no partition."""

    @property
    def is_single(self) -> bool:
        return True

    @property
    def is_backward(self) -> bool:
        return True

    def upstream(self, key: PartitionKey, known: Sequence[str]) -> tuple[PartitionKey, ...]:
        return (key,)


@dataclass(frozen=True, slots=True)
class Whole(PartitionMapping):
    """Every downstream partition reads the whole of an upstream that has no partitions."""

    @property
    def is_single(self) -> bool:
        return True

    def upstream(self, key: PartitionKey, known: Sequence[str]) -> tuple[PartitionKey, ...]:
        return (None,)


@dataclass(frozen=True, slots=True)
class AllPartitions(PartitionMapping):
    """Every partition of the upstream is read; it goes on with the published ones."""

    @property
    def is_single(self) -> bool:
        return False

    @property
    def needs_known(self) -> bool:
        return True

    def upstream(self, key: PartitionKey, known: Sequence[str]) -> tuple[PartitionKey, ...]:
        return tuple(known)
