"""Which upstream partitions a downstream partition reads."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from orchestration.errors import DefinitionError
from orchestration.model import OnHold, PartitionKey
from orchestration.partitions import Partitions


class PartitionMapping(ABC):
    """From one downstream partition to the upstream partitions that it reads; pure."""

    default_on_hold: OnHold = OnHold.WAIT

    @abstractmethod
    def upstream(self, key: PartitionKey, known: Sequence[str]) -> tuple[PartitionKey, ...]:
        """The upstream keys for ``key``; ``known`` are the upstream partitions that were ever judged."""


@dataclass(frozen=True, slots=True)
class Same(PartitionMapping):
    """One to one: the partition of the same key, or no partition for no partition."""

    def upstream(self, key: PartitionKey, known: Sequence[str]) -> tuple[PartitionKey, ...]:
        return (key,)


@dataclass(frozen=True, slots=True)
class Whole(PartitionMapping):
    """Every downstream partition reads the whole of an upstream that has no partitions."""

    def upstream(self, key: PartitionKey, known: Sequence[str]) -> tuple[PartitionKey, ...]:
        return (None,)


@dataclass(frozen=True, slots=True)
class AllPartitions(PartitionMapping):
    """A whole asset reads every partition of its upstream; it goes on with the published ones."""

    default_on_hold = OnHold.USE_PUBLISHED

    def upstream(self, key: PartitionKey, known: Sequence[str]) -> tuple[PartitionKey, ...]:
        return tuple(known)


def default_mapping(upstream: str, up: Partitions | None, downstream: str, down: Partitions | None) -> PartitionMapping:
    """The mapping that an edge has unless it says otherwise; raises DefinitionError where none is plain."""
    if up is None:
        return Whole() if down is not None else Same()
    if down is None:
        return AllPartitions()
    if type(up) is type(down) and up.timezone == down.timezone:
        return Same()
    raise DefinitionError(
        f"{downstream} ({down.describe()}) reads {upstream} ({up.describe()}): their partitions are cut "
        "differently, so which ones belong together isn't plain; give both the same partitions"
    )
