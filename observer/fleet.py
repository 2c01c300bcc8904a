"""The monitors of a project as one fleet, which shares a budget of false alarms day by day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from threading import Lock

from sqlalchemy import Connection, Engine

from observer.assets import quality_of
from observer.budget import Budget, Sharer, share, takes_part
from observer.monitors import Monitor
from observer.pace import Made, day_of, made_lately, runs_per_week
from observer.store import feedback as feedback_store
from observer.store import series as series_store
from orchestration.assets import Asset
from orchestration.database import reading
from orchestration.graph import Graph
from orchestration.model import AssetKey


class Fleet:
    """Shares the budget out once a day, by what was made and said before it: whoever judges on a day, judges alike.

    Safe in several threads. ``false_alarms_per_week`` is None where there is no budget.
    """

    def __init__(self, graph: Graph, engine: Engine, false_alarms_per_week: float | None) -> None:
        self._graph, self._engine, self._allowed = graph, engine, false_alarms_per_week
        self._lock = Lock()
        self._shared: tuple[object, Budget] | None = None

    def budget(self, now: datetime) -> Budget | None:
        """The budget as it is shared on the day of ``now``; None where there is none."""
        if self._allowed is None:
            return None
        day = day_of(now)
        with self._lock:
            if self._shared is None or self._shared[0] != day:
                watched = {asset.key: quality_of(asset).watched for asset in self._graph}
                with reading(self._engine) as connection:
                    self._shared = day, budget_of(connection, self._graph, watched, self._allowed, now)
            return self._shared[1]


def budget_of(
    connection: Connection,
    graph: Graph,
    watched: Mapping[AssetKey, tuple[Monitor, ...]],
    false_alarms_per_week: float,
    now: datetime,
) -> Budget:
    """The budget as some monitors of a project's assets share it on the day of ``now``."""
    return share(sharers_of(connection, graph, watched, now), false_alarms_per_week)


def sharers_of(
    connection: Connection, assets: Iterable[Asset], watched: Mapping[AssetKey, tuple[Monitor, ...]], now: datetime
) -> tuple[Sharer, ...]:
    """Those of some monitors that alarm by chance, and how often they judge as of the day of ``now``."""
    made, records = made_lately(connection, now), feedback_store.records(connection, day_of(now))
    return tuple(
        _known(sharer, records)
        for asset in assets
        for sharer in _sharers(connection, asset, watched.get(asset.key, ()), made.get(asset.key), now)
    )


def _known(sharer: Sharer, records: Mapping[tuple[AssetKey, str], tuple[int, int]]) -> Sharer:
    """With what people have said of its alarms, in all segments."""
    mine = [
        record for (asset, name), record in records.items() if asset == sharer.asset and sharer.monitor.covers(name)
    ]
    alarms, right = (sum(each) for each in zip(*mine, strict=True)) if mine else (0, 0)
    return replace(sharer, alarms=alarms, confirmed=right)


def _sharers(
    connection: Connection, asset: Asset, monitors: tuple[Monitor, ...], made: Made | None, now: datetime
) -> Iterator[Sharer]:
    runs = runs_per_week(asset, made, now) * (made.parts if made else 1)
    segmented = any(monitor.segment is not None for monitor in monitors)
    there = series_store.measured(connection, asset.key) if segmented else ()
    for monitor in monitors:
        if takes_part(monitor, asset):
            series = max(1, len(monitor.of_each(there)))
            yield Sharer(asset=asset.key, monitor=monitor, runs_per_week=runs * series)
