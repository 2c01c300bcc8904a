"""What is kept of an asset's versions beside single series of numbers, read as far as somebody asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from observer.effects import Batch, tells
from observer.history import SeriesKey, StoredPoint
from observer.metrics import NOVELTY
from observer.model import Distribution
from observer.monitors import Monitor
from observer.store import batches, distributions

Version = Distribution | None | Batch
"""What is kept of a version as far as a monitor of effect sizes looks at it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Of one part of an asset; ``known`` are the numbers of its series."""

    connection: Connection
    known: Mapping[SeriesKey, int]

    def versions(self, monitor: Monitor, points: Sequence[StoredPoint]) -> list[Version]:
        """What a monitor looks at, of the version of each point; the points oldest first."""
        seqs = [point.version_seq for point in points]
        if not points:
            return []
        if monitor.metric == NOVELTY:
            told = {key: number for key, number in self.known.items() if tells(key)}
            measured = batches.load(self.connection, told, seqs, points[0].at)
            return [measured[seq] for seq in seqs]
        spread = distributions.of_versions(self.connection, monitor.column or "", seqs)
        return [spread.get(seq) for seq in seqs]
