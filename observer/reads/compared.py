"""How the values of a column have moved: each version beside those before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from observer.assets import quality_of
from observer.detection import slot_of
from observer.effects import SpreadTrail
from observer.feedback import Marks
from observer.history import SeriesKey, StoredPoint
from observer.kept import Kept
from observer.metrics import CATEGORIES, DISTRIBUTION
from observer.model import Distribution, Effect
from observer.monitors import Monitor
from observer.reads.model import Comparison
from observer.store import feedback as feedback_store
from observer.store import observations
from observer.store import series as series_store
from observer.store.observations import WINDOW
from observer.trails import Trails
from orchestration.assets import Asset

if TYPE_CHECKING:
    from detectors.shift import Sample

SPREADS = frozenset({DISTRIBUTION, CATEGORIES})
"""The metrics that compare how values are spread."""

_ROWS = SeriesKey("row_count")
_MOST = 12  # categories


def shifts(connection: Connection, asset: Asset, column: str, *, categories: bool) -> Mapping[int, Effect]:
    """How far each version was from those before it, by ``versions.seq``, whether or not a monitor asks for it."""
    plain = Monitor(metric=CATEGORIES if categories else DISTRIBUTION, column=column)
    monitor = next((one for one in quality_of(asset).monitors if one.id == plain.id), plain)
    marks, found = feedback_store.marks(connection, asset.key), dict[int, Effect]()
    for part in series_store.parts(connection, asset.key, _ROWS):
        versions, kept = _versions(connection, asset, part)
        if versions:
            told = Trails().follow(asset, monitor, versions, kept, marks, at=versions[-1].at, part=part)
            found |= {point.version_seq: effect for point, effect in zip(told.points, told.effects, strict=True)}
    return found


def comparison(connection: Connection, asset: Asset, monitor: Monitor, marks: Marks, part: str) -> Comparison | None:
    """The newest version of a part beside what it is compared with; None where there is nothing to compare."""
    versions, kept = _versions(connection, asset, part)
    if not versions:
        return None
    newest = versions[-1]
    trail = Trails().follow(asset, monitor, versions[:-1], kept, marks, at=newest.at).trail
    (seen,) = kept.versions(monitor, [newest])
    assert isinstance(trail, SpreadTrail)
    assert seen is None or isinstance(seen, Distribution)
    slot = slot_of(asset, newest.at)
    beside, effect = trail.beside(seen, slot), trail.effect(seen, slot)
    if beside is None:
        return None
    before, now = beside
    return Comparison(
        at=newest.at, partition=newest.partition, shift=effect.value, words=effect.words,
        before=tuple(float(value) for value in before.points), now=tuple(float(value) for value in now.points),
        shares=_shares(before, now),
    )  # fmt: skip


def _versions(connection: Connection, asset: Asset, part: str) -> tuple[Sequence[StoredPoint], Kept]:
    known = series_store.known_series(connection, asset.key, part)
    timed = asset.partitions is not None and asset.partitions.has_time
    rows = observations.load(
        connection, asset.key, {_ROWS}, partitioned=timed, part=part, known=known, limit=WINDOW
    )  # fmt: skip
    return rows[_ROWS], Kept(connection, known)


def _shares(before: Sample, now: Sample) -> tuple[tuple[str, float, float], ...]:
    shares = {
        name: (before.counts.get(name, 0.0) / before.values, now.counts.get(name, 0.0) / now.values)
        for name in {*before.counts, *now.counts}
    }
    ordered = sorted(shares, key=lambda name: (-max(shares[name]), name))[:_MOST]
    return tuple((name, *shares[name]) for name in ordered)
