"""What changed around an incident: looked up once, when it opens, and kept with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from orchestration.model import AssetKey, PartitionKey


class ClueKind(StrEnum):
    """What changed; the likeliest causes first."""

    SEGMENT = "segment"  # one slice of the data carries the change
    UPSTREAM = "upstream"  # something upstream was wrong
    SCHEMA = "schema"
    CODE = "code"
    CONFIG = "config"  # the settings of an asset
    VOLUME = "volume"  # many more rows, or many fewer
    DECISION = "decision"  # a person let something through, or put it back


@dataclass(frozen=True, slots=True, kw_only=True)
class Clue:
    """One thing that changed shortly before.

    Parameters
    ----------
    distance: steps upstream; 0: the asset itself.
    share: of a segment: how much of the change it carries, 0..1.
    """

    kind: ClueKind
    asset: AssetKey
    partition: PartitionKey
    at: datetime
    distance: int
    sentence: str
    share: float | None = None


MOST = 24
"""Clues that are kept of one incident."""

_EACH = 6
"""Of one kind."""
_RANK = {kind: place for place, kind in enumerate(ClueKind)}


def ranked(clues: Iterable[Clue]) -> tuple[Clue, ...]:
    """The nearest first, of those the likelier kind, then the newest; a few of each kind."""
    order = sorted(clues, key=lambda one: (one.distance, _RANK[one.kind], -(one.share or 0.0), -one.at.timestamp()))
    kept: list[Clue] = []
    for one in order:
        if sum(each.kind is one.kind for each in kept) < _EACH:
            kept.append(one)
    return tuple(kept[:MOST])
