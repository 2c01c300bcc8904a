"""The state of all schedules, read in a number of questions that doesn't depend on how many there are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, literal_column, select

from orchestration.events import EventKind
from orchestration.model import Address, AssetKey, GateOutcome, PartitionKey, RunStatus, StepStatus, VersionStatus
from orchestration.partition_keys import all_keys
from orchestration.question import Question
from orchestration.queue import RequestStatus
from orchestration.queue_tables import run_queue
from orchestration.schedule.base import Publication, Sighting, Signal
from orchestration.schedule.state import Busy, Cursor, Followed, Held, Newest, Pause, ScheduleState
from orchestration.schedule.tables import schedule_cursor, schedules, signals
from orchestration.tables import events, gates, runs, steps, versions

CURSOR = "tick"
_AGAIN = 500
"""Numbers before the last one that are looked at again."""
_MOST = 10_000
"""Publications and signals that one tick takes in; the next goes on with the rest."""


def read_state(
    connection: Connection,
    now: datetime,
    environment: str,
    *,
    ages_from: Mapping[AssetKey, datetime | None] | None = None,
    sightings: Mapping[str, Sighting] | None = None,
) -> ScheduleState:
    """Everything that a tick decides from; call it in one transaction.

    Parameters
    ----------
    environment:
        Whose queue of runs is looked at.
    ages_from:
        How far the data of assets reaches that don't tell it by themselves.
    sightings:
        By trigger, what a look outside found.
    """
    cursor = _cursor(connection)
    publications, published, taken = _publications(connection, cursor)
    told, signal, heard = _signals(connection, cursor)
    return ScheduleState(
        cursor=cursor, until=Cursor(published, signal, taken, heard), followed=read_followed(connection),
        newest=read_newest(connection), ages_from=ages_from or {}, held=_held(connection, now),
        busy=_busy(connection, environment), publications=publications, signals=told, sightings=sightings or {},
        keys=all_keys(connection),
    )  # fmt: skip


def read_followed(connection: Connection) -> dict[AssetKey, Followed]:
    """How far each schedule was followed."""
    return {AssetKey(row.asset): _followed(row) for row in _FOLLOWED.ask(connection, {})}


def read_newest(connection: Connection) -> dict[AssetKey, Newest]:
    """What readers have of each asset."""
    return {
        AssetKey(row.asset): Newest(partition=row.partition or None, made_at=row.made_at)
        for row in _NEWEST.ask(connection, {})
    }


def _cursor(connection: Connection) -> Cursor | None:
    row = connection.execute(select(schedule_cursor).where(schedule_cursor.c.name == CURSOR)).one_or_none()
    return None if row is None else Cursor(row.publication, row.signal, tuple(row.taken), tuple(row.heard))


def _publications(
    connection: Connection, cursor: Cursor | None
) -> tuple[tuple[Publication, ...], int, tuple[int, ...]]:
    """What was published since, with other data than before; up to where, and what was seen of the last numbers."""
    if cursor is None:
        newest = connection.execute(select(func.coalesce(func.max(events.c.id), 0))).scalar_one()
        rows = connection.execute(_PUBLISHED, {"since": newest - _AGAIN}).all()
        return (), newest, tuple(row.id for row in rows)
    rows = connection.execute(_PUBLISHED, {"since": cursor.publication - _AGAIN}).all()
    newest, known = rows[-1].id if rows else cursor.publication, set(cursor.taken)
    newest = max(newest, cursor.publication)
    found = (
        Publication(id=row.id, address=Address(AssetKey(row.asset), row.partition or None))
        for row in rows
        if row.id not in known and (row.data_version is None or row.data_version != row.before)
    )
    return tuple(found), newest, tuple(row.id for row in rows if row.id > newest - _AGAIN)


def _signals(connection: Connection, cursor: Cursor | None) -> tuple[tuple[Signal, ...], int, tuple[int, ...]]:
    c = signals.c
    last = (
        connection.execute(select(func.coalesce(func.max(c.seq), 0))).scalar_one() if cursor is None else cursor.signal
    )
    asked = select(c.seq, c.name, c.id).where(c.seq > last - _AGAIN).order_by(c.seq).limit(_MOST)
    rows = connection.execute(asked).all()
    if cursor is None:
        return (), last, tuple(row.seq for row in rows)
    known, newest = set(cursor.heard), max([last, *(row.seq for row in rows)])
    found = tuple(Signal(seq=row.seq, name=row.name, id=row.id) for row in rows if row.seq not in known)
    return found, newest, tuple(row.seq for row in rows if row.seq > newest - _AGAIN)


def _held(connection: Connection, now: datetime) -> Held:
    found: dict[AssetKey, dict[PartitionKey, tuple[str, ...]]] = {}
    c = gates.c
    shut = (GateOutcome.HELD.value, GateOutcome.OPEN_BY_OVERRIDE.value)
    for row in connection.execute(
        select(c.asset, c.partition, c.outcome, c.columns, c.expires_at).where(c.outcome.in_(shut))
    ):
        if row.outcome == GateOutcome.HELD or row.expires_at is None or row.expires_at <= now:
            found.setdefault(AssetKey(row.asset), {})[row.partition or None] = tuple(row.columns or ())
    return found


def _busy(connection: Connection, environment: str) -> dict[AssetKey, Busy]:
    """Of each asset, the runs of it that wait in the queue or go on, by whomever they were asked for."""
    found: dict[AssetKey, Busy] = {}
    for row in connection.execute(_RUNNING):
        found[AssetKey(row.asset)] = Busy(requests=0, says=f"run {row.run_id} has it under way")
    c = run_queue.c
    open_ones = (RequestStatus.QUEUED.value, RequestStatus.RUNNING.value)
    for row in connection.execute(
        select(c.id, c.assets).where(c.environment == environment, c.status.in_(open_ones)).order_by(c.seq)
    ):
        for key in row.assets:
            before = found.get(key, Busy(requests=0, says=f"run {row.id} of it waits in the queue or has begun"))
            found[key] = Busy(requests=before.requests + 1, says=before.says)
    return found


def _followed(row: Any) -> Followed:
    pause = None
    if row.paused_at is not None:
        pause = Pause(by=row.paused_by, reason=row.paused_reason, at=row.paused_at)
    return Followed(marks=row.marks, pause=pause, said={about: (said[0], said[1]) for about, said in row.said.items()})


def _before() -> Any:
    """The data of the version that readers had before one."""
    earlier = versions.alias()
    seen = (VersionStatus.PUBLISHED.value, VersionStatus.SUPERSEDED.value)
    return (
        select(earlier.c.data_version)
        .where(
            earlier.c.asset == versions.c.asset, earlier.c.partition == versions.c.partition,
            earlier.c.status.in_(seen), earlier.c.seq < versions.c.seq,
        )
        .order_by(earlier.c.seq.desc())
        .limit(1)
        .scalar_subquery()
    )  # fmt: skip


_PUBLISHED = (
    select(events.c.id, events.c.asset, events.c.partition, versions.c.data_version, _before().label("before"))
    .outerjoin(versions, versions.c.id == events.c.detail["version"].as_string())
    .where(
        events.c.id > bindparam("since"),
        events.c.kind.in_((EventKind.VERSION_PUBLISHED.value, EventKind.VERSION_ROLLED_BACK.value)),
    )
    .order_by(events.c.id)
    .limit(_MOST)
)
_FOLLOWED = Question(select(schedules))
_NEWEST = Question(
    select(
        versions.c.asset, func.max(versions.c.partition).label("partition"),
        func.max(versions.c.materialized_at).label("made_at"),
    )
    .where(versions.c.status == literal_column("'published'"))  # so that the index of these alone answers
    .group_by(versions.c.asset)
)  # fmt: skip
_RUNNING = (
    select(steps.c.asset, func.max(steps.c.run_id).label("run_id"))
    .join(runs, runs.c.id == steps.c.run_id)
    .where(
        runs.c.status == RunStatus.RUNNING.value,
        steps.c.status.in_((StepStatus.PLANNED.value, StepStatus.RUNNING.value)),
    )
    .group_by(steps.c.asset)
)
