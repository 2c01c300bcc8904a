"""Partitions that are cut differently in time: what overlaps belongs together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestration.mapping.base import PartitionMapping
from orchestration.model import PartitionKey
from orchestration.partitions import (
    DailyPartitions,
    HourlyPartitions,
    MonthlyPartitions,
    Partitions,
    WeeklyPartitions,
)

_WITHIN: dict[type[Partitions], tuple[type[Partitions], ...]] = {
    HourlyPartitions: (DailyPartitions, WeeklyPartitions, MonthlyPartitions),
    DailyPartitions: (WeeklyPartitions, MonthlyPartitions),
}
"""Which sets of one zone contain each partition of another whole: an hour lies within one day."""


@dataclass(frozen=True, slots=True)
class Overlap(PartitionMapping):
    """The upstream partitions whose data time meets that of the downstream partition.

    A month reads its days; a day reads the one month that holds it, and waits for it.
    """

    up: Partitions
    down: Partitions

    @property
    def is_single(self) -> bool:
        return contains(self.up, self.down)

    def upstream(self, key: PartitionKey, known: Sequence[str]) -> tuple[PartitionKey, ...]:
        interval = self.down.interval(key) if key is not None else None
        return () if interval is None else self.up.overlapping(interval)


def contains(up: Partitions, down: Partitions) -> bool:
    """Whether each partition of ``down`` lies within one partition of ``up``."""
    if up.rule == down.rule:
        return True
    return up.timezone == down.timezone and isinstance(up, _WITHIN.get(type(down), ()))
