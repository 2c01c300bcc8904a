"""A stored series as level, season and remainder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from observer.detection import by_wall_clock, cadence, history_of
from observer.feedback import Marks
from observer.history import SeriesKey, StoredPoint
from observer.metrics import metric as described
from observer.monitors import Monitor
from observer.store import feedback as feedback_store
from observer.store import observations
from observer.store import series as series_store
from orchestration.assets import Asset


@dataclass(frozen=True, slots=True, kw_only=True)
class DecomposedPoint:
    """``value = level + season + remainder`` in the metric's unit; value and remainder are None where it is missing."""

    at: datetime
    partition: str | None
    value: float | None
    level: float
    season: float
    remainder: float | None
    excluded: bool  # from what is learned, as held ones are


@dataclass(frozen=True, slots=True, kw_only=True)
class Decomposed:
    """A series, or one part of one, oldest point first; none where there is too little of it to tell its level."""

    title: str  # "Rows of flights"
    part: str  # of the partition key, what isn't time; "" where keys have none
    unit: str
    periods: tuple[int, ...]  # lengths of its seasons in points
    strength: float | None  # of what the level leaves, how much is season: 0..1
    points: tuple[DecomposedPoint, ...]


def of_series(connection: Connection, asset: Asset, key: SeriesKey, now: datetime) -> tuple[Decomposed, ...]:
    """Each part of a series; see ``StoredReads.decomposed``."""
    catalogued = described(key.metric, column=key.column)
    series_store.ensure_measured(connection, asset.key, key)
    marks = feedback_store.marks(connection, asset.key)
    timed = asset.partitions is not None and asset.partitions.has_time
    rows = SeriesKey("row_count", None, key.segment)
    found = []
    for part in series_store.parts(connection, asset.key, key):
        stored = observations.load(connection, asset.key, {key, rows}, partitioned=timed, part=part)
        title = f"{catalogued.label(key.column)} of {asset.key}"
        found.append(_decomposed(asset, key, title, catalogued.unit, part, stored[key], stored[rows], marks, now))
    return tuple(found)


def _decomposed(
    asset: Asset,
    key: SeriesKey,
    title: str,
    unit: str,
    part: str,
    points: Sequence[StoredPoint],
    rows: Sequence[StoredPoint],
    marks: Marks,
    now: datetime,
) -> Decomposed:
    from detectors.decomposition import decompose

    monitor = Monitor(metric=key.metric, column=key.column, segment=key.segment)
    history = history_of(monitor, asset, points, rows, now, marks)
    known, _ = marks.known(monitor.id, points, by_clock=by_wall_clock(monitor))
    found = decompose(history, cadence(monitor, asset, history))
    if found is None:
        return Decomposed(title=title, part=part, unit=unit, periods=(), strength=None, points=())
    parts = zip(known, found.level, found.season, found.remainder, history.excluded, strict=True)
    return Decomposed(
        title=title, part=part, unit=unit, periods=found.periods, strength=found.strength,
        points=tuple(
            DecomposedPoint(
                at=p.at, partition=p.partition, value=p.value, level=float(level), season=float(season),
                remainder=None if remainder != remainder else float(remainder), excluded=bool(out),
            )
            for p, level, season, remainder, out in parts
        ),
    )  # fmt: skip
