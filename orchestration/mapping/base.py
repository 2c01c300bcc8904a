"""The port of mappings: which upstream partitions a downstream partition reads."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from orchestration.model import OnHold, PartitionKey
from orchestration.partitions import KeysOf


class PartitionMapping(ABC):
    """From one downstream partition to the upstream partitions that it reads; frozen and pure."""

    @property
    @abstractmethod
    def is_single(self) -> bool:
        """Whether a partition reads one upstream partition as it is, not several put together."""

    @property
    def default_on_hold(self) -> OnHold:
        """What an edge does unless it says otherwise: one waits, of several the published ones are read."""
        return OnHold.WAIT if self.is_single else OnHold.USE_PUBLISHED

    @property
    def needs_known(self) -> bool:
        """Whether the answer depends on which upstream partitions there are."""
        return False

    @property
    def is_backward(self) -> bool:
        """Whether both ends are cut alike and only the same and earlier keys are read.

        Such assets can be walked together, one partition after the other.
        """
        return False

    @abstractmethod
    def upstream(self, key: PartitionKey, known: Sequence[str]) -> tuple[PartitionKey, ...]:
        """The upstream keys for ``key``, in their order.

        ``known`` are the upstream partitions that should be there; only looked at where ``needs_known``.
        """

    def bound(self, keys_of: KeysOf) -> PartitionMapping:
        """The mapping with what was added to dynamic partitions at run time."""
        return self
