"""The last partitions up to one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestration.mapping.base import PartitionMapping
from orchestration.model import PartitionKey
from orchestration.partitions import Partitions


@dataclass(frozen=True, slots=True)
class Window(PartitionMapping):
    """The ``count`` upstream partitions that end ``offset`` before the one at hand; fewer at the beginning.

    "At hand" is the same key, or the last one that overlaps where the two are cut differently in time; for an
    asset without partitions it is the last that is known.
    """

    up: Partitions
    down: Partitions | None
    count: int
    offset: int = 0

    @property
    def is_single(self) -> bool:
        return self.count == 1 and self.down is not None

    @property
    def needs_known(self) -> bool:
        return self.down is None

    @property
    def is_backward(self) -> bool:
        return self.down is not None and self.up.rule == self.down.rule

    def upstream(self, key: PartitionKey, known: Sequence[str]) -> tuple[PartitionKey, ...]:
        if key is None or self.down is None:
            return self.up.window(known[-1], self.count, self.offset) if known else ()
        if self.up.rule == self.down.rule:
            return self.up.window(key, self.count, self.offset)
        interval = self.down.interval(key)
        here = () if interval is None else self.up.overlapping(interval)
        return self.up.window(here[-1], self.count, self.offset) if here else ()
