"""One tick: read, decide, and record what was decided in the transaction that asks for the runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert
from sqlalchemy.dialects import postgresql, sqlite

from orchestration.graph import Graph
from orchestration.model import AssetKey
from orchestration.run_request import RunRequest
from orchestration.schedule.arrivals import Arrival, look
from orchestration.schedule.base import Mark, Sighting
from orchestration.schedule.due import Due, due
from orchestration.schedule.reading import CURSOR
from orchestration.schedule.state import Cursor, Decision, Followed, ScheduleState
from orchestration.schedule.tables import decisions, schedule_cursor, schedules, signals

KEPT = timedelta(days=30)
"""How long decisions and events from outside stay."""
_NOT_YET = Followed()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """What one tick decided; nothing of it counts before :func:`record` has written it."""

    requests: tuple[RunRequest, ...]
    decisions: tuple[Decision, ...]
    at: datetime
    before: Cursor | None
    cursor: Cursor
    followed: Mapping[AssetKey, Followed]  # of those that got further


def sightings(graph: Graph, redact: Callable[[str], str]) -> dict[str, Sighting]:
    """Look at each place outside that a schedule names, once; before the transaction, since places can be slow."""
    places = {
        trigger.name: trigger
        for asset in graph
        if asset.schedule is not None
        for trigger in asset.schedule.triggers
        if isinstance(trigger, Arrival)
    }
    return {name: look(place, redact) for name, place in places.items()}


def decide(graph: Graph, state: ScheduleState, now: datetime, pools: Mapping[str, int]) -> Tick:
    """What is due at ``now``, pure; see :func:`orchestration.schedule.due.due`."""
    found = due(graph, state, now, pools)
    return Tick(
        requests=found.requests, decisions=found.decisions, at=now, before=state.cursor, cursor=state.until,
        followed=_further(state, found),
    )  # fmt: skip


def _further(state: ScheduleState, found: Due) -> dict[AssetKey, Followed]:
    said: dict[AssetKey, dict[str, tuple[str, str]]] = {}
    for one in found.decisions:
        said.setdefault(one.asset, {})[one.about] = (one.outcome.value, one.reason)
    further: dict[AssetKey, Followed] = {}
    for key in (*found.marks, *(key for key in said if key not in found.marks)):
        before = state.followed.get(key, _NOT_YET)
        marks: Mapping[str, Mark] = found.marks.get(key, before.marks)
        further[key] = Followed(marks=marks, pause=before.pause, said={**before.said, **said.get(key, {})})
    return further


def record(connection: Connection, tick: Tick) -> None:
    """Write what a tick decided; call it in the transaction that puts its requests into the queue."""
    if tick.cursor != tick.before:
        _keep(connection, schedule_cursor, [{"name": CURSOR, **_positions(tick.cursor)}], "name")
    rows = [
        {"asset": key, "marks": dict(one.marks), "said": {about: list(said) for about, said in one.said.items()}}
        for key, one in tick.followed.items()
    ]
    _keep(connection, schedules, rows, "asset")
    if tick.decisions:
        connection.execute(insert(decisions), [_row(one) for one in tick.decisions])
        connection.execute(delete(decisions).where(decisions.c.at < tick.at - KEPT))
        connection.execute(delete(signals).where(signals.c.at < tick.at - KEPT, signals.c.seq <= tick.cursor.signal))


def _positions(cursor: Cursor) -> dict[str, object]:
    return {
        "publication": cursor.publication, "signal": cursor.signal, "taken": list(cursor.taken),
        "heard": list(cursor.heard),
    }  # fmt: skip


def _keep(connection: Connection, table: Any, rows: Iterable[Mapping[str, Any]], key: str) -> None:
    """Insert rows, or change those that are there."""
    given = list(rows)
    if not given:
        return
    statement = {"sqlite": sqlite, "postgresql": postgresql}[connection.dialect.name].insert(table)
    changed = {name: statement.excluded[name] for name in given[0] if name != key}
    connection.execute(statement.on_conflict_do_update(index_elements=[key], set_=changed), given)


def _row(one: Decision) -> dict[str, Any]:
    return {
        "asset": one.asset, "at": one.at, "about": one.about, "outcome": one.outcome.value, "reason": one.reason,
        "due_key": one.due_key, "due_at": one.due_at,
    }  # fmt: skip
