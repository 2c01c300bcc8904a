"""``tidegate history``: a metric's sparkline and table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from observer.accuracy import in_words
from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import Format, opened, say, say_json
from observer.errors import UnknownName
from observer.history import SeriesKey
from observer.metrics import metric as described_metric
from observer.project import Project
from observer.quantities import quantity, span
from observer.store import observations
from observer.store import series as series_store
from orchestration.assets import Asset
from orchestration.database import reading
from orchestration.model import VersionStatus

_BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPoint:
    """One line of the table; the band is the one stored with the verdict, None where nothing judged it."""

    at: datetime
    partition: str | None
    value: float | None
    lower: float | None
    upper: float | None
    status: str
    accuracy: str  # "of a 1 % sample"; nothing of what is exact


def show_history(
    asset: str, metric: str, column: str | None, last: int, project: Path | None, env: str | None, output: Format
) -> ExitCode:
    """Print the last points of a series, oldest first."""
    catalogued = described_metric(metric, column=column)
    work = opened(project, env)
    points = _points(work, work.graph.asset(asset), SeriesKey(metric, column))[-last:]
    if output is Format.JSON:
        say_json(points)
        return ExitCode.OK
    if not points:
        say(f"{catalogued.label(column)} of {asset} was never measured; materialize it: tidegate run {asset}")
        return ExitCode.OK
    say(f"{catalogued.label(column)} of {asset}  {sparkline([p.value for p in points])}")
    for point in points:
        when = point.partition or f"{point.at:%Y-%m-%d %H:%M:%S}"
        expected = (
            ""
            if point.lower is None and point.upper is None
            else f"expected {span(point.lower, point.upper, catalogued.unit)}"
        )
        notes = "; ".join(note for note in (expected, point.accuracy) if note)
        say(f"{when:<20} {quantity(point.value, catalogued.unit):>14}  {point.status:<9} {notes}".rstrip())
    return ExitCode.OK


def _points(work: Project, asset: Asset, key: SeriesKey) -> list[HistoryPoint]:
    page = work.reads().asset(asset.key)
    watched = (
        next((m for m in page.monitors if (m.metric, m.column) == (key.metric, key.column)), None) if page else None
    )
    if watched is not None:
        return [
            HistoryPoint(
                at=p.at, partition=p.partition, value=p.value, lower=p.lower, upper=p.upper,
                status="held" if p.excluded else (p.status.value if p.status else "measured"), accuracy=p.accuracy,
            )
            for p in watched.points
        ]  # fmt: skip
    with reading(work.engine) as connection:
        measured = series_store.measured(connection, asset.key)
        if key not in measured and measured:
            names = [k.metric if k.column is None else f"{k.metric} --column {k.column}" for k in measured]
            asked = key.metric if key.column is None else f"{key.metric} --column {key.column}"
            raise UnknownName("measured metric", asked, names, where=asset.key)
        timed = asset.partitions is not None and asset.partitions.has_time
        stored = observations.load(connection, asset.key, {key}, partitioned=timed)[key]
    return [
        HistoryPoint(
            at=p.at, partition=p.partition, value=p.value, lower=None, upper=None,
            status="held" if p.status is VersionStatus.HELD else "measured", accuracy=in_words(p.accuracy),
        )
        for p in stored
    ]  # fmt: skip


def sparkline(values: list[float | None]) -> str:
    """A line of bars, a blank where a value is missing.

    >>> sparkline([0, 1, None, 2])
    '▁▄ █'
    """
    known = [value for value in values if value is not None]
    if not known:
        return ""
    low, wide = min(known), (max(known) - min(known)) or 1.0
    return "".join(" " if v is None else _BARS[min(7, int((v - low) / wide * 7.999))] for v in values)
