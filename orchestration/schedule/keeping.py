"""What is kept of schedules besides a tick's own: pauses, events from outside, and what was decided last."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from orchestration.model import AssetKey
from orchestration.schedule.state import Decision, Outcome, Pause
from orchestration.schedule.tables import decisions, schedules, signals


def pause(connection: Connection, asset: AssetKey, given: Pause) -> None:
    """Keep the scheduler from following the schedule of an asset; a later pause takes the place."""
    paused = {"paused_by": given.by, "paused_reason": given.reason, "paused_at": given.at}
    statement = _insert(connection, schedules).values(asset=asset, marks={}, said={}, **paused)
    connection.execute(statement.on_conflict_do_update(index_elements=["asset"], set_=paused))


def resume(connection: Connection, asset: AssetKey) -> bool:
    """Let it be followed again; whether it was paused."""
    here = (schedules.c.asset == asset) & schedules.c.paused_at.is_not(None)
    nothing = {"paused_by": None, "paused_reason": None, "paused_at": None}
    return bool(connection.execute(update(schedules).where(here).values(nothing)).rowcount)


def tell(connection: Connection, name: str, event_id: str, by: str, at: datetime) -> bool:
    """Take an event from outside in; whether its id is new."""
    statement = _insert(connection, signals).values(id=event_id, name=name, at=at, by=by)
    taken = connection.execute(statement.on_conflict_do_nothing(index_elements=["id"]).returning(signals.c.seq))
    return taken.one_or_none() is not None


def latest_decisions(connection: Connection) -> dict[AssetKey, Decision]:
    """The last decision on each asset."""
    newest = select(func.max(decisions.c.id)).group_by(decisions.c.asset)
    rows = connection.execute(select(decisions).where(decisions.c.id.in_(newest)))
    return {AssetKey(row.asset): _decision(row) for row in rows}


def decisions_of(connection: Connection, asset: AssetKey, limit: int) -> tuple[Decision, ...]:
    """The last decisions on one asset, the newest first."""
    c = decisions.c
    rows = connection.execute(select(decisions).where(c.asset == asset).order_by(c.id.desc()).limit(limit))
    return tuple(_decision(row) for row in rows)


def _decision(row: Any) -> Decision:
    return Decision(
        asset=AssetKey(row.asset), at=row.at, outcome=Outcome(row.outcome), reason=row.reason, due_key=row.due_key,
        due_at=row.due_at, about=row.about,
    )  # fmt: skip


def _insert(connection: Connection, table: Any) -> Any:
    return {"sqlite": sqlite, "postgresql": postgresql}[connection.dialect.name].insert(table)
