"""Incidents as people read them: with whom they concern, what readers still have, who was told, and a sparkline."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Integer, Text, and_, case, column, func, literal, select, values

from observer.alerts.owners import owners_of
from observer.alerts.routing import channel_in
from observer.model import Incident, IncidentStatus, Notification, Severity
from observer.project import Project
from observer.quantities import count
from observer.reads.instants import Sentence, full, moment
from observer.reads.ledger import Version
from observer.reads.model import IncidentRow
from observer.store.incidents import incident
from observer.store.outbox import by_incident
from observer.store.tables import evaluations, incidents
from orchestration.among import Among
from orchestration.errors import PartitionError
from orchestration.model import AssetKey
from orchestration.tables import Instant

_SPARKLINE = 30  # points
_VERDICTS = 4 * _SPARKLINE  # that are looked at for them: of some points there are several
_WORST = 20  # open incidents that Now lists
_EARLIEST = datetime(1, 1, 2, tzinfo=UTC)


def open_ones(connection: Connection) -> tuple[tuple[Incident, ...], int]:
    """The worst incidents that are not resolved, and how many there are in all: one statement."""
    rows = connection.execute(
        select(incidents, func.count().over().label("number"))
        .where(incidents.c.status != IncidentStatus.RESOLVED)
        .order_by(
            case((incidents.c.severity == Severity.ERROR, 0), else_=1),
            func.json_array_length(incidents.c.affected).desc(), incidents.c.opened_at.desc(), incidents.c.id.desc(),
        )
        .limit(_WORST)
    ).all()  # fmt: skip
    return tuple(incident(row) for row in rows), rows[0].number if rows else 0


def chosen(
    connection: Connection,
    statuses: Collection[IncidentStatus],
    asset: str | None,
    assets: Collection[str] | None,
    opened: tuple[datetime, datetime] | None,
    before: int | None,
    limit: int,
) -> tuple[Incident, ...]:
    """Incidents in one of some statuses (none: any), of an asset or some, opened between two instants; newest first."""
    question = select(incidents).order_by(incidents.c.id.desc()).limit(limit)
    if statuses:
        question = question.where(incidents.c.status.in_([status.value for status in statuses]))
    if asset is not None:
        question = question.where(incidents.c.asset == asset)
    names: dict[str, list[str]] = {}
    if assets is not None:
        question, names = question.where(Among(incidents.c.asset, "b_assets")), {"b_assets": sorted(assets)}
    if opened is not None:
        question = question.where(incidents.c.opened_at >= opened[0], incidents.c.opened_at < opened[1])
    if before is not None:
        question = question.where(incidents.c.id < before)
    return tuple(incident(row) for row in connection.execute(question, names))


def by_status(connection: Connection) -> dict[IncidentStatus, int]:
    """How many incidents there are in each status, zero included."""
    rows = connection.execute(select(incidents.c.status, func.count()).group_by(incidents.c.status))
    found = {row[0]: row[1] for row in rows}
    return {status: found.get(status.value, 0) for status in IncidentStatus}


def of_asset(connection: Connection, asset: AssetKey, limit: int) -> tuple[Incident, ...]:
    """The incidents of an asset: open ones first, then the last resolved."""
    resolved = case((incidents.c.status == IncidentStatus.RESOLVED, 1), else_=0)
    rows = connection.execute(
        select(incidents).where(incidents.c.asset == asset).order_by(resolved, incidents.c.id.desc()).limit(limit)
    )
    return tuple(incident(row) for row in rows)


def rows(
    connection: Connection,
    project: Project,
    found: Sequence[Incident],
    readers: Mapping[AssetKey, Version],
    zone: ZoneInfo,
) -> tuple[IncidentRow, ...]:
    """The rows of ``found``, worst first: by severity, then how many are affected, then the newest.

    Two statements. ``readers`` has the newest version that readers have of each asset.
    """
    told = by_incident(connection, [each.id for each in found])
    lines = _sparklines(connection, project, found)
    wall = project.clock.wall()
    made = [
        IncidentRow(
            id=each.id, asset=each.asset, partition=each.last_partition, severity=each.severity, status=each.status,
            sentence=each.sentence, subjects=each.subjects, affected=each.affected,
            owners=owners_of(project.graph, each),
            opened_at=each.opened_at, last_good=_last_good(readers.get(each.asset), zone),
            last_good_at=readers[each.asset].materialized_at if each.asset in readers else None,
            delivered=_delivered(told.get(each.id, ())),
            sparkline=lines.get(each.id, ()), notified=notified(told.get(each.id, ()), wall, zone),
            resolved_at=each.resolved_at, resolved_as=each.resolved_as, resolution=each.resolution, until=each.until,
            revision=each.revision, in_project=each.asset in project.graph, of_channel=channel_in(each) is not None,
        )
        for each in found
    ]  # fmt: skip
    return tuple(sorted(made, key=_badness))


def _badness(row: IncidentRow) -> tuple[bool, bool, int, float]:
    return (
        row.status is IncidentStatus.RESOLVED,
        row.severity is not Severity.ERROR,
        -len(row.affected),
        -row.opened_at.timestamp(),
    )


def _last_good(version: Version | None, zone: ZoneInfo) -> str | None:
    if version is None:
        return None
    return version.address.partition or full(version.materialized_at, zone)


def notified(messages: Sequence[Notification], wall: datetime, zone: ZoneInfo) -> str:
    """Who was told, by channel: ``ops delivered 06:00``.

    ``wall`` is the real time, in which messages are delivered whatever clock the data runs on.
    """
    by_channel: dict[str, list[Notification]] = {}
    for message in messages:
        by_channel.setdefault(message.channel, []).append(message)
    if not by_channel:
        return "no channel wants it"
    return Sentence.joined("; ", (_channel(name, each, wall, zone) for name, each in by_channel.items()))


def _delivered(messages: Sequence[Notification]) -> tuple[datetime, ...]:
    """When each channel was told last, as ``notified`` says it."""
    last: dict[str, datetime] = {}
    for each in messages:
        if each.delivered_at is not None:
            last[each.channel] = max(each.delivered_at, last.get(each.channel, each.delivered_at))
    return tuple(last.values())


def _channel(name: str, messages: Sequence[Notification], wall: datetime, zone: ZoneInfo) -> str:
    left = [m for m in messages if m.delivered_at is None]
    if not left:
        last = max(m.delivered_at for m in messages if m.delivered_at is not None)
        return Sentence.of(f"{name} delivered ", moment(last, wall, zone))
    waits = [m for m in left if m.next_attempt_at is not None]
    error = next((m.last_error for m in reversed(left) if m.last_error), None)
    tries = max(m.attempts for m in left)
    if waits:
        said = f"{count(len(waits), 'message')} {'waits' if len(waits) == 1 else 'wait'}"
        said += f", tried {count(tries, 'time')}" if tries else ""
    else:
        said = f"given up after {count(tries, 'try', 'tries')}"
    return f"{name}: {said}: {error}" if error else f"{name}: {said}"


def _sparklines(
    connection: Connection, project: Project, found: Sequence[Incident]
) -> dict[int, tuple[float | None, ...]]:
    """What the check or monitor that opened each incident saw, oldest first, up to the bad point."""
    asked = [(n.id, n.asset, n.subjects[0], _bad_at(project, n)) for n in found if n.subjects]
    if not asked:
        return {}
    wanted = (
        values(
            column("id", Integer),
            column("asset", Text),
            column("subject", Text),
            column("until", Instant),
            name="wanted",
        )
        .data(asked)
        .cte()
    )
    earliest = (
        select(evaluations.c.data_at)
        .where(
            evaluations.c.asset == wanted.c.asset, evaluations.c.subject == wanted.c.subject,
            evaluations.c.data_at <= wanted.c.until,
        )
        .order_by(evaluations.c.data_at.desc()).limit(1).offset(_VERDICTS).correlate(wanted).scalar_subquery()
    )  # fmt: skip
    newest = evaluations.c.version_seq.desc(), evaluations.c.id.desc()
    once = func.row_number().over(partition_by=(wanted.c.id, evaluations.c.data_at), order_by=newest)
    place = func.dense_rank().over(partition_by=wanted.c.id, order_by=evaluations.c.data_at.desc())
    ranked = (
        select(
            wanted.c.id, evaluations.c.data_at, evaluations.c.observed,
            once.label("once"), place.label("place"),
        )
        .select_from(evaluations)
        .join(
            wanted,
            and_(
                evaluations.c.asset == wanted.c.asset,
                evaluations.c.subject == wanted.c.subject,
                evaluations.c.data_at <= wanted.c.until,
                evaluations.c.data_at >= func.coalesce(earliest, literal(_EARLIEST, Instant)),
            ),
        )
        .subquery()
    )  # fmt: skip
    points = connection.execute(
        select(ranked.c.id, ranked.c.observed)
        .where(ranked.c.once == 1, ranked.c.place <= _SPARKLINE)
        .order_by(ranked.c.data_at)
    )
    lines: dict[int, list[float | None]] = {}
    for point in points:
        lines.setdefault(point.id, []).append(point.observed)
    return {number: tuple(line) for number, line in lines.items()}


def _bad_at(project: Project, found: Incident) -> datetime:
    """Where the bad version stands in its series."""
    partitions = project.graph.asset(found.asset).partitions if found.asset in project.graph else None
    if partitions is None or found.last_partition is None:
        return found.updated_at
    try:
        interval = partitions.interval(found.last_partition)
        return found.updated_at if interval is None else interval.start
    except PartitionError:  # the asset is cut otherwise since
        return found.updated_at
