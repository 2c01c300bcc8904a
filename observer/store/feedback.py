"""Feedback: what people said of versions, appended and never changed; undoing is said too."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select

from observer.feedback import NO_MARKS, Marks, in_force, marks_of
from observer.model import Every, Feedback, FeedbackKind
from observer.store.tables import feedback
from orchestration.among import Among
from orchestration.model import AssetKey
from orchestration.question import Question


def add(connection: Connection, given: Feedback) -> int:
    """Append it, whatever its id is; returns the id."""
    row = {
        "asset": given.asset, "partition": given.partition or "", "materialization_id": given.materialization_id,
        "version_seq": given.version_seq, "subject": given.subject,
        "kind": None if given.kind is None else given.kind.value, "data_at": given.data_at, "made_at": given.made_at,
        "at": given.at, "by": given.by, "reason": given.reason, "undoes": given.undoes,
        "every": None if given.every is None else given.every.value,
        "day": None if given.day is None else given.day.isoformat(),
    }  # fmt: skip
    number: int = connection.execute(insert(feedback).values(row).returning(feedback.c.id)).scalar_one()
    return number


def all_of(connection: Connection, asset: AssetKey) -> tuple[Feedback, ...]:
    """Everything that was ever said of an asset, oldest first."""
    return tuple(_feedback(row) for row in connection.execute(_ALL, {"b_asset": asset}))


def marks(connection: Connection, asset: AssetKey) -> Marks:
    """What counts of it."""
    rows = connection.execute(_ALL, {"b_asset": asset}).all()
    return marks_of(map(_feedback, rows)) if rows else NO_MARKS


def marks_of_each(connection: Connection, assets: Collection[AssetKey]) -> dict[AssetKey, Marks]:
    """What counts of what was said of several assets, in one statement; an entry for each."""
    given: dict[AssetKey, list[Feedback]] = {asset: [] for asset in assets}
    for row in _OF_EACH.ask(connection, {"b_assets": list(given)}) if given else ():
        given[AssetKey(row.asset)].append(_feedback(row))
    return {asset: marks_of(there) if there else NO_MARKS for asset, there in given.items()}


def records(connection: Connection, before: datetime) -> Mapping[tuple[AssetKey, str], tuple[int, int]]:
    """Of each monitor that something was said of before an instant: on how many alarms, and how many were right."""
    rows = connection.execute(select(feedback).where(feedback.c.at < before).order_by(feedback.c.id))
    by_asset: dict[AssetKey, list[Feedback]] = {}
    for row in rows:
        by_asset.setdefault(AssetKey(row.asset), []).append(_feedback(row))
    found: dict[tuple[AssetKey, str], tuple[int, int]] = {}
    for asset, given in by_asset.items():
        for one in in_force(given):
            if one.subject:
                alarms, right = found.get((asset, one.subject), (0, 0))
                found[asset, one.subject] = alarms + 1, right + (one.kind is FeedbackKind.BAD_DATA)
    return found


# Built once, because each step asks them.
_ALL = select(feedback).where(feedback.c.asset == bindparam("b_asset")).order_by(feedback.c.id)
_OF_EACH = Question(select(feedback).where(Among(feedback.c.asset, "b_assets")).order_by(feedback.c.id))


def _feedback(row: Any) -> Feedback:
    return Feedback(
        id=row.id, asset=AssetKey(row.asset), partition=row.partition or None,
        materialization_id=row.materialization_id, version_seq=row.version_seq, subject=row.subject,
        kind=None if row.kind is None else FeedbackKind(row.kind), data_at=row.data_at, made_at=row.made_at, at=row.at,
        by=row.by, reason=row.reason, undoes=row.undoes, every=None if row.every is None else Every(row.every),
        day=None if row.day is None else date.fromisoformat(row.day),
    )  # fmt: skip
