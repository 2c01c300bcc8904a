"""Who gets how much of an operator's budget of false alarms. Pure: no database, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from observer.detection import detectors_of
from observer.metrics import SCHEMA
from observer.model import Severity
from observer.monitors import Monitor, column_of
from orchestration.assets import Asset
from orchestration.model import AssetKey

if TYPE_CHECKING:
    from detectors.budget import Allotment


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharer:
    """A monitor that takes part, and how often it judges, in all series together.

    Parameters
    ----------
    runs_per_week: > 0.
    alarms, confirmed: how many alarms people have said something of, and how many of them were right.
    """

    asset: AssetKey
    monitor: Monitor
    runs_per_week: float
    alarms: int = 0
    confirmed: int = 0


@dataclass(frozen=True, slots=True)
class Budget:
    """An environment's budget as its monitors share it."""

    false_alarms_per_week: float
    allotments: Mapping[tuple[AssetKey, str], Allotment]

    def allotment(self, asset: AssetKey, monitor: Monitor) -> Allotment | None:
        """What a monitor has, one of a segment as the monitor that watches each; None where it takes no part."""
        found = self.allotments.get((asset, monitor.id))
        if found is None and monitor.segment is not None:
            found = self.allotments.get((asset, replace(monitor, segment=column_of(monitor.segment)).id))
        return found

    def alpha(self, asset: AssetKey, monitor: Monitor) -> float:
        """The share of good points that a monitor may flag, 0..1."""
        found = self.allotment(asset, monitor)
        return monitor.false_alarms if found is None else found.alpha

    def applied(self, asset: AssetKey, monitor: Monitor) -> Monitor:
        """The monitor with the alpha that it has."""
        return replace(monitor, alpha=self.alpha(asset, monitor))


def takes_part(monitor: Monitor, asset: Asset) -> bool:
    """Whether it alarms by chance at all: a schema is compared, and a bound that was given knows no chance."""
    if monitor.metric == SCHEMA:
        return False
    return monitor.detector is None or detectors_of(monitor, asset)[0][0].needs_history


def share(sharers: tuple[Sharer, ...], false_alarms_per_week: float) -> Budget:
    """Share a budget out: see :func:`detectors.budget.allot`.

    A declared alpha is the most that its monitor gets. One of severity ``error`` stops others' work, and gets no more
    than without a budget; one that warns may see more, as long as there is something left.
    """
    from detectors.budget import MOST, Watcher, allot

    watchers = [
        Watcher(
            runs_per_week=one.runs_per_week, holds=one.monitor.severity is Severity.ERROR, alarms=one.alarms,
            confirmed=one.confirmed, most=min(MOST, _most(one.monitor) or MOST),
        )
        for one in sharers
    ]  # fmt: skip
    found = allot(watchers, false_alarms_per_week)
    keys = ((one.asset, one.monitor.id) for one in sharers)
    return Budget(false_alarms_per_week, dict(zip(keys, found, strict=True)))


def _most(monitor: Monitor) -> float | None:
    return monitor.false_alarms if monitor.alpha is not None or monitor.severity is Severity.ERROR else None
