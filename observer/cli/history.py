"""``tidegate history``: a metric's sparkline and table, or what a check has said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from observer.accuracy import in_words
from observer.cli.check_history import is_check, show_check
from observer.cli.decomposed import show_decomposed
from observer.cli.exit_codes import ExitCode
from observer.cli.sparkline import sparkline
from observer.cli.speaking import Format, opened, say, say_json
from observer.cli.timeline import show_distribution, show_schema
from observer.cli.windows import show_windows
from observer.errors import CheckError
from observer.history import SeriesKey
from observer.metrics import SCHEMA
from observer.metrics import metric as described_metric
from observer.monitors import Monitor
from observer.project import Project
from observer.quantities import count, quantity, span
from observer.reads.model import AssetPage, SeriesPoint
from observer.store import observations, rollups
from observer.store import series as series_store
from orchestration.assets import Asset
from orchestration.database import reading
from orchestration.model import VersionStatus

_DISTRIBUTION = "distribution"


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
    reason: str | None  # why there is no value
    said: str  # who said what of it, and why; "" where nobody did
    muted: str = ""  # until when its monitor was muted then, by whom and why; "" if it wasn't


def show_history(
    asset: str, metric: str, column: str | None, segment: str | None, daily: bool, over: str | None, decompose: bool,
    last: int, project: Path | None, env: str | None, output: Format,
) -> ExitCode:  # fmt: skip
    """Print the last points of a series, or its last days or windows, oldest first."""
    work = opened(project, env)
    found = work.graph.asset(asset)
    if daily + (over is not None) + decompose > 1:
        raise CheckError("--daily, --over and --decompose are ways of looking; write one of them, such as --over day")
    if over is not None:
        return show_windows(work, found.key, SeriesKey(metric, column, segment), over, last, output)
    if metric == _DISTRIBUTION:
        return show_distribution(work, found, column, last, output)
    if column is None and segment is None and is_check(work, found.key, metric):
        return show_check(work, found, metric, last, output)
    catalogued, key = described_metric(metric, column=column), SeriesKey(metric, column, segment)
    if metric == SCHEMA:
        return show_schema(work, found, last, output)
    if decompose:
        return show_decomposed(work, found.key, key, last, output)
    if daily:
        return _show_days(work, found, key, last, output)
    points = _points(work, found, key)[-last:]
    if output is Format.JSON:
        say_json(points)
        return ExitCode.OK
    if not points:
        say(f"{catalogued.label(column)} of {asset} was never measured; materialize it: tidegate run {asset}")
        return ExitCode.OK
    say(f"{catalogued.label(column)}{_of(key)} of {asset}  {sparkline([p.value for p in points])}")
    for point in points:
        when = point.partition or f"{point.at:%Y-%m-%d %H:%M:%S}"
        expected = (
            ""
            if point.lower is None and point.upper is None
            else f"expected {span(point.lower, point.upper, catalogued.unit)}"
        )
        muted = "" if point.muted in (point.reason or "") else point.muted
        notes = "; ".join(note for note in (expected, point.accuracy, point.reason, muted, point.said) if note)
        say(f"{when:<20} {quantity(point.value, catalogued.unit):>14}  {point.status:<9} {notes}".rstrip())
    return ExitCode.OK


def _show_days(work: Project, asset: Asset, key: SeriesKey, last: int, output: Format) -> ExitCode:
    catalogued = described_metric(key.metric, column=key.column)
    with reading(work.engine) as connection:
        series_store.ensure_measured(connection, asset.key, key)
        found = rollups.days(connection, asset.key, key)[-last:]
    if output is Format.JSON:
        say_json(found)
        return ExitCode.OK
    said = f"{catalogued.label(key.column)}{_of(key)} of {asset.key} by day"
    say(f"{said}  {sparkline([one.mean for one in found])}")
    for one in found:
        mean, between = quantity(one.mean, catalogued.unit), span(one.least, one.most, catalogued.unit)
        say(f"{one.day:%Y-%m-%d} {mean:>14}  {between:<20} {count(one.points, 'point')}".rstrip())
    return ExitCode.OK


def _of(key: SeriesKey) -> str:
    return "" if key.segment is None else f" where {key.segment}"


def _points(work: Project, asset: Asset, key: SeriesKey) -> list[HistoryPoint]:
    page, named = work.reads().asset(asset.key), Monitor(metric=key.metric, column=key.column, segment=key.segment).id
    watched = [m for m in page.monitors if m.id == named] if page else []
    if page is not None and watched:
        return [
            HistoryPoint(
                at=p.at, partition=p.partition, value=p.value, lower=p.lower, upper=p.upper,
                status=_status(p), accuracy=p.accuracy,
                reason=p.sentence if p.value is None else None, said=_word(page, named, p),
                muted=p.muted,
            )
            for p in sorted((p for m in watched for p in m.points), key=lambda p: (p.at, p.partition or ""))
        ]  # fmt: skip
    with reading(work.engine) as connection:
        series_store.ensure_measured(connection, asset.key, key)
        timed = asset.partitions is not None and asset.partitions.has_time
        stored = [
            point
            for part in series_store.parts(connection, asset.key, key)
            for point in observations.load(connection, asset.key, {key}, partitioned=timed, part=part)[key]
        ]
        why = observations.reasons(connection, asset.key, key)
    return [
        HistoryPoint(
            at=p.at, partition=p.partition, value=p.value, lower=None, upper=None,
            status="held" if p.status is VersionStatus.HELD else "measured", accuracy=in_words(p.accuracy),
            reason=why.get(p.version_seq), said="",
        )
        for p in sorted(stored, key=lambda point: (point.at, point.version_seq))
    ]  # fmt: skip


def _word(page: AssetPage, monitor: str, point: SeriesPoint) -> str:
    """The newest word on a point that counts; one on the monitor before one on all."""
    here = [
        one
        for one in page.said
        if one.counts
        and one.subject in (monitor, "")
        and (one.data_at == point.at if point.partition is None else one.partition == point.partition)
    ]
    found = max(here, key=lambda one: (one.subject == monitor, one.number), default=None)
    return "" if found is None else f"{found.said} by {found.by} on {found.at:%Y-%m-%d}: {found.reason}"


def _status(point: SeriesPoint) -> str:
    """What a person said of it, before what became of it."""
    if point.mark is not None:
        return point.mark.value
    if point.held:
        return "held"
    return point.status.value if point.status else "measured"
