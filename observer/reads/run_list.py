"""Runs as a list: from the queue what waits, from the log what began, and how each ended."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping, Sequence, Set
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, func, select

from observer.project import Project
from observer.reads.instants import timezone_of
from observer.reads.run_model import OPEN, OVER, Cursor, RunLine, RunsPage, RunsWanted
from observer.reads.runs import in_order, later
from orchestration.among import Among
from orchestration.queue_tables import run_queue
from orchestration.tables import runs, steps

_MOST_OPEN = 200
_START: Cursor = (2**62, 2**62)
_NEVER_BEGAN = ("refused", "cancelled", "failed")  # as the queue alone may have ended a run
_q = run_queue.c


def runs_page(
    connection: Connection, project: Project, wanted: RunsWanted, keys: Collection[str] | None, now: datetime
) -> RunsPage:
    """A fixed number of statements, whatever the number of runs; ``keys`` are the assets of the selection."""
    keys = None if keys is None else frozenset(keys)
    cursor = wanted.before or _START
    going = _open(connection, project, keys, wanted)
    ended, more = _ended(connection, project, keys, wanted, cursor, {line.id for line in going})
    return RunsPage(
        at=now, project=project.config.root.name, environment=project.config.name,
        timezone=timezone_of(project.graph), wanted=wanted, open=going if wanted.before is None else (), ended=ended,
        counts=_counts(connection, project), more=more,
    )  # fmt: skip


def _counts(connection: Connection, project: Project) -> tuple[tuple[str, int], ...]:
    """How many runs there are of each status, as they are listed."""
    counted = dict.fromkeys((*OPEN, *OVER), 0)
    for status, number in connection.execute(select(runs.c.status, func.count()).group_by(runs.c.status)):
        counted[status] = counted.get(status, 0) + number
    alone = select(_q.status, func.count()).where(_here(project), ~_begun()).group_by(_q.status)
    for status, number in connection.execute(alone.where(_q.status.in_((*OPEN, *_NEVER_BEGAN)))):
        counted[status] += number
    return tuple(counted.items())


def _open(connection: Connection, project: Project, keys: Set[str] | None, wanted: RunsWanted) -> tuple[RunLine, ...]:
    asked = connection.execute(
        select(run_queue).where(_here(project), _q.status.in_(OPEN))
        .order_by((_q.status == "running").desc(), _q.priority.desc(), _q.seq).limit(_MOST_OPEN)
    ).all()  # fmt: skip
    ids = [row.id for row in asked]
    running = (runs.c.status == "running") | runs.c.id.in_(ids)
    begun = connection.execute(select(runs).where(running).order_by(runs.c.seq).limit(_MOST_OPEN)).all()
    known = {row.id for row in begun}
    lines = [
        *_lines(connection, begun, {row.id: row for row in asked}),
        *(_waiting(row) for row in asked if row.id not in known),
    ]
    about = {row.id: set(row.assets) for row in asked}
    made = _assets(connection, known) if keys is not None else {}
    return tuple(
        line for line in sorted(lines, key=lambda line: line.status != "running")
        if _fits(line, wanted) and (keys is None or keys & (about.get(line.id, set()) | made.get(line.id, set())))
    )  # fmt: skip


def _ended(
    connection: Connection, project: Project, keys: Set[str] | None, wanted: RunsWanted, cursor: Cursor,
    going: Collection[str],
) -> tuple[tuple[RunLine, ...], Cursor | None]:  # fmt: skip
    names = {"b_assets": sorted(keys)} if keys is not None else {}
    found = connection.execute(_ended_runs(wanted, cursor, going, keys is not None), names).all()
    alone = _never_begun(connection, project, keys, wanted, cursor)
    rows = heapq.merge(
        ((row.started_at, "run", row) for row in found), ((row.asked_at, "request", row) for row in alone),
        key=lambda each: each[0], reverse=True,
    )  # fmt: skip
    shown = list(rows)[: wanted.limit + 1]
    more: Cursor | None = None
    if len(shown) > wanted.limit:
        shown.pop()
        last = {kind: row.seq for _, kind, row in shown}
        more = (last.get("run", cursor[0]), last.get("request", cursor[1]))
    begun = [row for _, kind, row in shown if kind == "run"]
    queued = {row.id: row for row in _of(connection, [row.id for row in begun])}
    lines = {line.id: line for line in _lines(connection, begun, queued)}
    return tuple(lines[row.id] if kind == "run" else _waiting(row) for _, kind, row in shown), more


def _ended_runs(wanted: RunsWanted, cursor: Cursor, going: Collection[str], narrowed: bool) -> Any:
    c = runs.c
    asked = select(runs).where(c.status != "running", c.seq < cursor[0], c.id.not_in(going))
    if wanted.statuses:
        asked = asked.where(c.status.in_(wanted.statuses))
    if wanted.since is not None:
        asked = asked.where(c.started_at >= wanted.since)
    if wanted.until is not None:
        asked = asked.where(c.started_at < wanted.until)
    if narrowed:
        asked = asked.where(exists().where(steps.c.run_id == c.id, Among(steps.c.asset, "b_assets")))
    return asked.order_by(c.seq.desc()).limit(wanted.limit + 1)


def _never_begun(
    connection: Connection, project: Project, keys: Set[str] | None, wanted: RunsWanted, cursor: Cursor
) -> Sequence[Any]:
    """Requests that ended before a run began: refused, cancelled while they waited, or given up."""
    statuses = [status for status in _NEVER_BEGAN if not wanted.statuses or status in wanted.statuses]
    asked = select(run_queue).where(_here(project), _q.status.in_(statuses), ~_begun()).order_by(_q.seq.desc())
    if wanted.since is not None:
        asked = asked.where(_q.asked_at >= wanted.since)
    if wanted.until is not None:
        asked = asked.where(_q.asked_at < wanted.until)
    found: list[Any] = []
    seq, batch = cursor[1], wanted.limit + 1
    while len(found) < batch:  # assets are told apart here: few requests end like this
        rows = connection.execute(asked.where(_q.seq < seq).limit(batch)).all()
        found += [row for row in rows if keys is None or not keys.isdisjoint(row.assets)]
        if len(rows) < batch:
            break
        seq = rows[-1].seq
    return found


def _here(project: Project) -> ColumnElement[bool]:
    return _q.environment == project.config.name


def _begun() -> ColumnElement[bool]:
    return exists().where(runs.c.id == _q.id)


def _of(connection: Connection, ids: Sequence[str]) -> Sequence[Any]:
    return connection.execute(select(run_queue).where(Among(_q.id, "b_ids")), {"b_ids": ids}).all() if ids else ()


def _assets(connection: Connection, ids: Collection[str]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    asked = select(steps.c.run_id, steps.c.asset).where(Among(steps.c.run_id, "b_ids")).distinct()
    for run_id, asset in connection.execute(asked, {"b_ids": sorted(ids)}):
        found.setdefault(run_id, set()).add(asset)
    return found


_COUNTED = (
    select(
        steps.c.run_id, steps.c.status, func.count().label("number"),
        func.max(steps.c.offset_s + steps.c.duration_s).label("until_s"),
    )
    .where(Among(steps.c.run_id, "b_ids"))
    .group_by(steps.c.run_id, steps.c.status)
)  # fmt: skip
_ASSETS = (
    select(steps.c.run_id, func.count(steps.c.asset.distinct()).label("assets"))
    .where(Among(steps.c.run_id, "b_ids")).group_by(steps.c.run_id)
)  # fmt: skip


def _lines(connection: Connection, rows: Sequence[Any], queued: Mapping[str, Any]) -> list[RunLine]:
    """Runs that the log knows, each with what the queue knows of it."""
    if not rows:
        return []
    ids = {"b_ids": [row.id for row in rows]}
    counts: dict[str, dict[str, int]] = {}
    until: dict[str, float | None] = {}
    for row in connection.execute(_COUNTED, ids):
        counts.setdefault(row.run_id, {})[row.status] = row.number
        until[row.run_id] = later(until.get(row.run_id), row.until_s)
    assets: dict[str, int] = {row.run_id: row.assets for row in connection.execute(_ASSETS, ids)}
    return [
        _line(row, queued.get(row.id), counts.get(row.id, {}), until.get(row.id), assets.get(row.id, 0))
        for row in rows
    ]  # fmt: skip


def _line(run: Any, asked: Any, counts: Mapping[str, int], until_s: float | None, assets: int) -> RunLine:
    goes_on = asked is not None and asked.status in OPEN
    took = None
    if run.ended_at is not None and not goes_on:  # the data's clock may stand still: what the steps took is measured
        took = until_s if until_s is not None else (run.ended_at - run.started_at).total_seconds()
    return RunLine(
        id=run.id, status=asked.status if goes_on else run.status, selection=run.selection, partitions=run.partitions,
        reason=run.trigger if asked is None else asked.reason, asked_by=None if asked is None else asked.asked_by,
        asked_at=None if asked is None else asked.asked_at, due_at=None if asked is None else asked.due_at,
        started_at=run.started_at, ended_at=None if goes_on else run.ended_at, duration_s=took, assets=assets,
        counts=in_order(counts), attempts=0 if asked is None else asked.attempts,
        note="" if asked is None else asked.note,
    )  # fmt: skip


def _waiting(asked: Any) -> RunLine:
    """A run that only the queue knows."""
    return RunLine(
        id=asked.id, status=asked.status, selection=", ".join(asked.assets),
        partitions=", ".join(asked.partitions or ()), reason=asked.reason, asked_by=asked.asked_by,
        asked_at=asked.asked_at, due_at=asked.due_at, started_at=None, ended_at=asked.ended_at, duration_s=None,
        assets=len(asked.assets), counts=(), attempts=asked.attempts, note=asked.note,
    )  # fmt: skip


def _fits(line: RunLine, wanted: RunsWanted) -> bool:
    return (
        (not wanted.statuses or line.status in wanted.statuses)
        and (wanted.since is None or line.at >= wanted.since)
        and (wanted.until is None or line.at < wanted.until)
    )
