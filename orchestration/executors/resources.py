"""Resource tags: what an executor's workers offer, and how much of it is in use."""

from __future__ import annotations

from collections.abc import Mapping

from orchestration.executors.base import Limits


class Resources:
    """Counts what tasks take of what is offered. Not thread-safe."""

    def __init__(self, offered: Mapping[str, float] | None = None) -> None:
        self._offered = dict(offered or {})
        self._free = dict(self._offered)

    def lacking(self, limits: Limits) -> str | None:
        """Why no worker here can ever do a task; None: one can."""
        return lacking(limits, [self._offered], "this executor") if limits.resources else None

    def take(self, limits: Limits) -> bool:
        """Reserve what a task needs; False, and nothing is reserved, while others use it."""
        if any(self._free.get(tag, 0.0) < amount for tag, amount in limits.resources):
            return False
        for tag, amount in limits.resources:
            self._free[tag] -= amount
        return True

    def give_back(self, limits: Limits) -> None:
        for tag, amount in limits.resources:
            self._free[tag] += amount


def lacking(limits: Limits, workers: list[dict[str, float]], who: str) -> str | None:
    """Why none of ``workers`` can do a task, with the tags that there are; None: one can."""
    if any(all(offered.get(tag, 0.0) >= amount for tag, amount in limits.resources) for offered in workers):
        return None
    needed = ", ".join(f"{tag} = {amount:g}" for tag, amount in limits.resources)
    known = sorted({f"{tag} = {amount:g}" for offered in workers for tag, amount in offered.items()})
    there = f"the workers there offer {', '.join(known)}" if known else "no worker there offers any resource"
    return f"it needs the resources {needed} and no worker of {who} has them ({there}); start one that does"
