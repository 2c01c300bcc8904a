"""One monitor over a stretch of time: its points as they were judged, and all that explains them.

What explains is read part by part, each in a view of its own: one that can't be told says why and the rest stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection, func, select

from observer.assets import quality_of
from observer.data_time import part_of
from observer.declaration import declaration
from observer.detection import points_of
from observer.errors import UnknownName
from observer.feedback import marks_of
from observer.history import SeriesKey, StoredPoint
from observer.metrics import ARRIVAL, CATEGORIES, DISTRIBUTION, SCHEMA, Order
from observer.metrics import metric as described
from observer.model import EvaluationStatus, Feedback, Severity, SubjectKind
from observer.monitors import Monitor
from observer.project import Project
from observer.reads import decomposed, precision, verdicts
from observer.reads.compared import SPREADS, comparison
from observer.reads.decomposed import Decomposed
from observer.reads.happenings import happenings
from observer.reads.instants import timezone_of
from observer.reads.model import Comparison, SeriesPoint
from observer.reads.monitor_model import MonitorPage, Stretch, Unread
from observer.reads.monitors import series_of
from observer.store import feedback as feedback_store
from observer.store import series as series_store
from observer.store.observations import of_series
from observer.store.tables import evaluations, observations
from orchestration.assets import Asset
from orchestration.database import reading
from orchestration.errors import PartitionError, TidegateError
from orchestration.tables import versions

MOST = 20_000
"""Points that are read of a stretch, the newest: more than two years of hours."""

USUAL = 400
"""Points that are shown where nobody asks for a time."""

_WEEK = timedelta(days=7)
_ALARMS = (EvaluationStatus.WARNED, EvaluationStatus.FAILED)
_UNJUDGED = (EvaluationStatus.LEARNING, EvaluationStatus.UNKNOWN, EvaluationStatus.SKIPPED, None)
_NAME = re.compile(r"(?P<metric>[^(\[]+)(?:\((?P<column>.*?)\))?(?:\[(?P<segment>.*)\])?\Z", re.DOTALL)
_EARLIEST, _LATEST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)

Told = TypeVar("Told")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which monitor, which part of the partition keys, and what time (both ends included)."""

    asset: Asset
    monitor: Monitor
    declared: bool
    part: str
    since: datetime | None
    until: datetime | None

    @property
    def timed(self) -> bool:
        return self.asset.partitions is not None and self.asset.partitions.has_time

    @property
    def by_clock(self) -> bool:
        """Whether its points are ordered by when they were made."""
        return not self.timed or described(self.monitor.metric, column=self.monitor.column).order is Order.WALL_CLOCK


def monitor_page(
    project: Project, key: str, name: str, *, part: str = "", since: datetime | None, until: datetime | None
) -> MonitorPage | None:
    """The page of a monitor; None where the asset has, and had, no such monitor of a number."""
    asset, now = project.graph.asset(key), project.clock.now()
    with reading(project.engine) as connection:
        found = named(connection, asset, name)
        if found is None:
            return None
        asked = Asked(
            asset=asset, monitor=found[0], declared=found[1], part=part, since=since and since.astimezone(UTC),
            until=until and until.astimezone(UTC),
        )  # fmt: skip
        words = feedback_store.all_of(connection, asset.key)
        page = _page(connection, project, asked, words, now)
    shown = page.stretch
    return replace(
        page,
        happenings=_told(project, lambda c: happenings(c, asset, part, words, since=shown.since, until=shown.until)),
        precision=_told(project, lambda c: precision.of_monitor(c, asset.key, name)),
        compared=_told(project, lambda c: _compared(c, asked, words)),
        decomposed=_told(project, lambda c: _decomposed(c, asked, now)),
    )  # fmt: skip


def named(connection: Connection, asset: Asset, name: str) -> tuple[Monitor, bool] | None:
    """The monitor of numbers of that name, and whether the project still has it; None: it never judged anything."""
    for monitor in quality_of(asset).watched:
        if monitor.metric == SCHEMA or not monitor.covers(name):
            continue
        each = monitor.of_each(series_store.measured(connection, asset.key))
        if (found := next((one for one in each if one.id == name), None)) is not None:
            return found, True
    c = evaluations.c
    said = connection.execute(
        select(c.severity)
        .where(c.asset == asset.key, c.subject == name, c.kind == SubjectKind.MONITOR.value, c.subject != SCHEMA)
        .order_by(c.data_at.desc())
        .limit(1)
    ).scalar_one_or_none()
    parsed = _NAME.match(name)
    if said is None or parsed is None or parsed["metric"] == ARRIVAL:
        return None
    gone = Monitor(
        metric=parsed["metric"], column=parsed["column"], segment=parsed["segment"], severity=Severity(said)
    )  # fmt: skip
    return gone, False


def _page(
    connection: Connection, project: Project, asked: Asked, words: tuple[Feedback, ...], now: datetime
) -> MonitorPage:
    asset, monitor = asked.asset, asked.monitor
    numbers = series_store.known_series(connection, asset.key, asked.part)
    number = numbers.get(monitor.key)
    stored, before = _stored(connection, asked, number)
    until = asked.until or _LATEST
    since = asked.since or (stored[0].at if len(stored) >= USUAL else _EARLIEST)
    said = tuple(
        verdict
        for verdict in verdicts.of_subject(
            connection, asset.key, monitor.id, since=since, until=until, by_clock=asked.by_clock
        )
        if _is_of(asked, verdict.evaluation.partition)
    )
    marks = marks_of(words)
    series = series_of(monitor, asked.part, stored, said, marks, timed=asked.timed)
    beside = monitor.metric in SPREADS
    earlier = series_of(monitor, asked.part, before, (), marks, timed=asked.timed).points if before else ()
    judged = [point for point in series.points if point.status not in _UNJUDGED]
    return MonitorPage(
        at=now, project=project.config.root.name, environment=project.config.name,
        timezone=timezone_of(project.graph), asset=asset.key, declared=asked.declared,
        declaration=declaration(monitor) if asked.declared else "", by_clock=asked.by_clock,
        parts=series_store.parts(connection, asset.key, None if beside else monitor.key),
        stretch=_stretch(connection, asked, number, series.points),
        series=series, made=_made(connection, asked, stored, series.points), week_before=earlier,
        alarms=sum(point.status in _ALARMS for point in judged), judged=len(judged),
        unknown=tuple(
            point for point in series.points if point.value is None or point.status is EvaluationStatus.UNKNOWN
        ),
        happenings=Unread(why=""), precision=None, compared=None, decomposed=None,
    )  # fmt: skip


def _stored(
    connection: Connection, asked: Asked, number: int | None
) -> tuple[tuple[StoredPoint, ...], tuple[StoredPoint, ...]]:
    """The points of the time that is asked for, and those of the week before them."""
    if number is None:
        return (), ()

    def load(before: datetime, limit: int) -> tuple[StoredPoint, ...]:
        loaded = of_series(
            connection, {number: asked.monitor.key}, before=before, partitioned=asked.timed, limit=limit
        )  # fmt: skip
        return tuple(points_of(asked.monitor, asked.asset, {asked.monitor.key: loaded[number]}))

    found = load((asked.until or _LATEST) + timedelta(microseconds=1), USUAL if asked.since is None else MOST)
    inside = tuple(point for point in found if asked.since is None or point.at >= asked.since)
    if not inside:
        return (), ()
    week_ago = inside[0].at - _WEEK
    return inside, tuple(point for point in load(inside[0].at, USUAL) if point.at >= week_ago)


def _stretch(connection: Connection, asked: Asked, number: int | None, points: tuple[SeriesPoint, ...]) -> Stretch:
    first, last, many = _extent(connection, number)
    shown = [point.at for point in points]
    return Stretch(
        since=asked.since or min(shown, default=_EARLIEST), until=asked.until or max(shown, default=_LATEST),
        first=min([*shown[:1], *([first] if first else [])], default=None),
        last=max([*shown[-1:], *([last] if last else [])], default=None), points=max(many, len(shown)),
    )  # fmt: skip


def _extent(connection: Connection, number: int | None) -> tuple[datetime | None, datetime | None, int]:
    at = observations.c.ordered_at
    where = observations.c.series_id == (number or 0)
    first, last, many = connection.execute(select(func.min(at), func.max(at), func.count()).where(where)).one()
    return first, last, many


def _is_of(asked: Asked, partition: str | None) -> bool:
    try:
        return part_of(asked.asset, partition) == asked.part
    except PartitionError:  # of a partition that the asset no longer has
        return False


def _made(
    connection: Connection, asked: Asked, stored: tuple[StoredPoint, ...], points: tuple[SeriesPoint, ...]
) -> tuple[datetime | None, ...]:
    """When each point was measured."""
    if asked.by_clock or not stored:
        return tuple(point.at for point in points)
    seqs = [point.version_seq for point in stored]
    c = versions.c
    rows = connection.execute(
        select(c.seq, c.materialized_at).where(c.asset == asked.asset.key, c.seq.between(min(seqs), max(seqs)))
    )
    made = {row.seq: row.materialized_at for row in rows}
    by_instant = {point.at: made.get(point.version_seq) for point in stored}
    return tuple(by_instant.get(point.at) for point in points)


def _told(project: Project, ask: Callable[[Connection], Told]) -> Told | Unread:
    """One part of the page, or why it can't be told."""
    try:
        with reading(project.engine) as connection:
            return ask(connection)
    except (TidegateError, ArithmeticError, ValueError) as error:
        return Unread(why=str(error) or type(error).__name__)


def _compared(connection: Connection, asked: Asked, words: tuple[Feedback, ...]) -> Comparison | None:
    """How the values of its column were spread, before and now; None of what has no column, or isn't kept."""
    marks, column = marks_of(words), asked.monitor.column
    if column is None:
        return None
    if asked.monitor.metric in SPREADS:
        return comparison(connection, asked.asset, asked.monitor, marks, asked.part)
    for metric in (DISTRIBUTION, CATEGORIES):
        monitor = Monitor(metric=metric, column=column)
        found = comparison(connection, asked.asset, monitor, marks, asked.part)
        if found is not None and (found.now or found.shares):
            return found
    return None


def _decomposed(connection: Connection, asked: Asked, now: datetime) -> Decomposed | None:
    """None of what is told of versions and stored nowhere."""
    monitor = asked.monitor
    if monitor.metric == ARRIVAL:
        return None
    key = SeriesKey(monitor.metric, monitor.column, monitor.segment)
    try:
        found = decomposed.of_series(connection, asked.asset, key, now)
    except UnknownName:
        return None
    return next((one for one in found if one.part == asked.part), None)
