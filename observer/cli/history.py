"""``tidegate history``: a metric's sparkline and table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from observer.accuracy import in_words
from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import Format, opened, say, say_json
from observer.errors import CheckError, UnknownName
from observer.history import SeriesKey
from observer.metrics import SCHEMA
from observer.metrics import metric as described_metric
from observer.model import Distribution
from observer.monitors import Monitor
from observer.project import Project
from observer.quantities import count, number, quantity, span
from observer.reads.distribution import timeline
from observer.reads.model import SeriesPoint
from observer.reads.schema import schema_timeline
from observer.store import distributions, observations, rollups
from observer.store import series as series_store
from orchestration.assets import Asset
from orchestration.database import reading
from orchestration.model import VersionStatus

_DISTRIBUTION = "distribution"
_SHOWN = 5
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
    reason: str | None  # why there is no value


def show_history(
    asset: str, metric: str, column: str | None, segment: str | None, daily: bool, last: int,
    project: Path | None, env: str | None, output: Format,
) -> ExitCode:  # fmt: skip
    """Print the last points of a series, or its last days, oldest first."""
    work = opened(project, env)
    found = work.graph.asset(asset)
    if metric == _DISTRIBUTION:
        return _show_distribution(work, found, column, last, output)
    catalogued, key = described_metric(metric, column=column), SeriesKey(metric, column, segment)
    if metric == SCHEMA:
        return _show_schema(work, found, last, output)
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
        notes = "; ".join(note for note in (expected, point.accuracy, point.reason) if note)
        say(f"{when:<20} {quantity(point.value, catalogued.unit):>14}  {point.status:<9} {notes}".rstrip())
    return ExitCode.OK


def _show_days(work: Project, asset: Asset, key: SeriesKey, last: int, output: Format) -> ExitCode:
    catalogued = described_metric(key.metric, column=key.column)
    with reading(work.engine) as connection:
        _check_measured(connection, asset, key)
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


def _show_schema(work: Project, asset: Asset, last: int, output: Format) -> ExitCode:
    with reading(work.engine) as connection:
        found = schema_timeline(connection, asset.key, last)
    if output is Format.JSON:
        say_json(found)
        return ExitCode.OK
    if not found:
        say(f"Schema of {asset.key} was never seen; materialize it: tidegate run {asset.key}")
    for point in found:
        when = point.partition or f"{point.at:%Y-%m-%d %H:%M:%S}"
        say(f"{when:<20} {'held' if point.held else '':<5}{point.sentence()}")
    return ExitCode.OK


def _show_distribution(work: Project, asset: Asset, column: str | None, last: int, output: Format) -> ExitCode:
    if column is None:
        where = f"tidegate history {asset.key} distribution --column C"
        raise CheckError(f"a distribution is one of a column; write: {where}")
    with reading(work.engine) as connection:
        found = timeline(connection, asset.key, column, last)
        kept = () if found else distributions.columns(connection, asset.key)
    if kept:
        raise UnknownName("column with a distribution", column, kept, where=asset.key)
    if output is Format.JSON:
        say_json(found)
        return ExitCode.OK
    if not found:
        say(f"no distribution of {asset.key} was kept; see profile=ob.ProfilePolicy(distributions=True)")
    for point in found:
        when = point.partition or f"{point.at:%Y-%m-%d %H:%M:%S}"
        say(f"{when:<20} {'held' if point.held else '':<5}{_spread(point.distribution)}".rstrip())
    return ExitCode.OK


def _spread(found: Distribution) -> str:
    """Seven points of a number, or the most frequent values with their shares."""
    of = f"of {count(found.values, 'value')}"
    if found.rate < 1:
        of += f" in a {quantity(found.rate, 'rate')} sample"
    if found.points:
        ranks = (0, 1 / 16, 1 / 4, 1 / 2, 3 / 4, 15 / 16, 1)
        return f"{' · '.join(number(found.points[round(rank * (len(found.points) - 1))]) for rank in ranks)}  {of}"
    if not found.values:
        return "no values"
    shares = [f"{value} {quantity(n / found.values, 'rate')}" for value, n in found.top[:_SHOWN]]
    rest = found.values - sum(n for _, n in found.top[:_SHOWN])
    others = [f"others {quantity(rest / found.values, 'rate')}"] if rest else []
    return f"{', '.join([*shares, *others])}  {of}"


def _of(key: SeriesKey) -> str:
    return "" if key.segment is None else f" where {key.segment}"


def _check_measured(connection: Connection, asset: Asset, key: SeriesKey) -> None:
    """Raises UnknownName for a series that isn't there, where the asset has others."""
    measured = series_store.measured(connection, asset.key)
    if key not in measured and measured:
        raise UnknownName("measured metric", _typed(key), [_typed(one) for one in measured], where=asset.key)


def _typed(key: SeriesKey) -> str:
    column = "" if key.column is None else f" --column {key.column}"
    segment = "" if key.segment is None else f" --segment {key.segment}"
    return f"{key.metric}{column}{segment}"


def _points(work: Project, asset: Asset, key: SeriesKey) -> list[HistoryPoint]:
    page = work.reads().asset(asset.key)
    watched = (
        next(
            (m for m in page.monitors if m.id == Monitor(metric=key.metric, column=key.column, segment=key.segment).id),
            None,
        )
        if page
        else None
    )
    if watched is not None:
        return [
            HistoryPoint(
                at=p.at, partition=p.partition, value=p.value, lower=p.lower, upper=p.upper,
                status=_status(p), accuracy=p.accuracy,
                reason=p.sentence if p.value is None else None,
            )
            for p in watched.points
        ]  # fmt: skip
    with reading(work.engine) as connection:
        _check_measured(connection, asset, key)
        timed = asset.partitions is not None and asset.partitions.has_time
        stored = observations.load(connection, asset.key, {key}, partitioned=timed)[key]
        why = observations.reasons(connection, asset.key, key)
    return [
        HistoryPoint(
            at=p.at, partition=p.partition, value=p.value, lower=None, upper=None,
            status="held" if p.status is VersionStatus.HELD else "measured", accuracy=in_words(p.accuracy),
            reason=why.get(p.version_seq),
        )
        for p in stored
    ]  # fmt: skip


def _status(point: SeriesPoint) -> str:
    """What a person said of it, before what became of it."""
    if point.mark is not None:
        return point.mark.value
    if point.held:
        return "held"
    return point.status.value if point.status else "measured"


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
