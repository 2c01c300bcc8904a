"""What the queue of runs takes: one request to run something, with the identity of what made it due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from orchestration.model import AssetKey


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """One request for one run.

    ``due_key`` is the stable identity of one due time or trigger, e.g. "cron:flights:2013-02-08T06:00:00Z": the
    queue takes each key once for ever. ``partitions`` are keys or ranges, "FIRST..LAST"; None: each asset's newest.
    ``upstream``: what the assets read is made with them where it has to be. The greater ``priority`` goes first.
    ``force``: the assets are made again whatever their state.
    """

    due_key: str
    assets: tuple[AssetKey, ...]
    partitions: tuple[str, ...] | None
    reason: str
    asked_by: str
    due_at: datetime | None = None
    upstream: bool = True
    priority: int = 0
    force: bool = False
