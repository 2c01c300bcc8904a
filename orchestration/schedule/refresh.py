"""What a stale asset needs: exactly the upstream that it can't be fresh without."""

from __future__ import annotations

from datetime import datetime

from orchestration.assets import Asset
from orchestration.freshness import FreshnessPolicy
from orchestration.graph import Graph
from orchestration.model import AssetKey
from orchestration.schedule.base import Occasion
from orchestration.schedule.seen import complete, data_until, is_source
from orchestration.schedule.state import ScheduleState

STALE = "stale"
"""The name under which it is kept how far an asset was refreshed."""


def refresh_due(
    asset: Asset, policy: FreshnessPolicy, state: ScheduleState, now: datetime, done: str | None
) -> Occasion | None:
    """Why an asset has to be made anew for the sake of its freshness; None: it needn't be.

    ``done`` is the key of the occasion that was acted on last.
    """
    until = data_until(asset, state)
    if until is None:  # never made: nothing grows stale, and what makes it first is its schedule or a person
        return None
    at = policy.refreshes_at(until, now)
    if at is None or done == (key := f"{STALE}@{at:%Y-%m-%dT%H:%M:%SZ}"):
        return None
    status = "stale" if now > policy.fails_at(until) else "about to be stale"
    says = f"{status}: its data reaches until {until:%Y-%m-%d %H:%M} UTC, allowed: {policy.allowed()}"
    partitions = complete(asset.partitions, state.keys_of, now)
    return Occasion(key=key, says=says, at=at, partitions=partitions)


def needed(graph: Graph, asset: Asset, state: ScheduleState, now: datetime) -> tuple[AssetKey, ...]:
    """The assets above one that must be made again for it to be fresh, upstream first.

    They are those that read nothing and have no partitions, so that nothing says whether they have changed but making
    them; one with a schedule or a policy of its own is left to that, unless it is stale itself. What lies between runs
    where what it reads has changed, as in any run, and sources are observed by each.
    """
    policy = asset.freshness
    found = []
    for key in graph.ancestors([asset.key]):
        above = graph.asset(key)
        if is_source(above) or above.partitions is not None or graph.upstream(key):
            continue
        own = above.freshness or (None if above.schedule is not None else policy)
        if own is None:
            continue
        until = data_until(above, state)
        if until is None or own.refreshes_at(until, now) is not None:
            found.append(key)
    return tuple(sorted(found))
