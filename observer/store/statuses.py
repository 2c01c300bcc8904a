"""The rows of ``asset_status``: one an asset, true of every event up to a cursor.

What has happened since is found here too, so that a reader works it out again for those assets alone: a row that is
behind costs time, and never a wrong answer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, bindparam, delete, func, insert, or_, select, union, update
from sqlalchemy.dialects import postgresql, sqlite

from observer.store.status_tables import asset_status, status_cursor
from orchestration.among import Among
from orchestration.bulk import Bulk
from orchestration.events import EventKind
from orchestration.model import AssetKey, StepStatus
from orchestration.tables import events, steps

_NAME = "assets"
_DIALECTS = {"sqlite": sqlite, "postgresql": postgresql}
_c, _s = status_cursor.c, asset_status.c


@dataclass(frozen=True, slots=True)
class StatusRow:
    """One row without its facts, in the order of the table's columns."""

    asset: AssetKey
    definition: str
    state: str
    since: datetime | None
    fails_at: datetime | None
    warns_at: datetime | None
    late_at: datetime | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the rows were brought, how often they were written, and how far the log goes."""

    at: int
    revision: int
    newest: int


_AT, _REVISION = (select(column).where(_c.name == _NAME).scalar_subquery() for column in (_c.at, _c.revision))
_PROGRESS = select(
    *(func.coalesce(one, 0) for one in (_AT, _REVISION, select(func.max(events.c.id)).scalar_subquery()))
)


def progress(connection: Connection) -> Progress:
    """How far the rows were brought."""
    row = connection.execute(_PROGRESS).one()
    return Progress(row[0], row[1], row[2])


_ROWS = select(_s.asset, _s.definition, _s.state, _s.since, _s.fails_at, _s.warns_at, _s.late_at)


def rows(connection: Connection) -> dict[AssetKey, StatusRow]:
    """Every row, without its facts."""
    return {row[0]: StatusRow(*row) for row in connection.execute(_ROWS)}


_latest: WeakKeyDictionary[Engine, tuple[Progress, Mapping[AssetKey, StatusRow]]] = WeakKeyDictionary()


def rows_of(connection: Connection, seen: Progress) -> Mapping[AssetKey, StatusRow]:
    """Every row as it was when ``seen`` was so; kept in the process and read again only where one was written since."""
    at, kept = _latest.get(connection.engine, (None, {}))
    if at is None or (at.at, at.revision) != (seen.at, seen.revision):
        kept = rows(connection)
        _latest[connection.engine] = seen, kept
    return kept


_FACTS = select(_s.asset, _s.facts).where(Among(_s.asset, "b_assets"))


def facts(connection: Connection, assets: Collection[AssetKey]) -> dict[AssetKey, str]:
    """The facts of some assets, as they were packed; one statement, none where none is asked for."""
    if not assets:
        return {}
    return {row[0]: row[1] for row in connection.execute(_FACTS, {"b_assets": sorted(assets)})}


def _touched() -> object:
    late = events.c.id > bindparam("b_at")
    own = select(events.c.asset).where(late, events.c.asset.is_not(None))
    again = (events.c.kind == EventKind.RUN_STARTED.value) & events.c.detail["again"].as_boolean().is_(True)
    broken_off = (events.c.kind == EventKind.RUN_ENDED.value) & (steps.c.status == StepStatus.INTERRUPTED.value)
    of_runs = (
        select(steps.c.asset)
        .join(events, events.c.run_id == steps.c.run_id)
        .where(late, events.c.asset.is_(None), or_(again, broken_off))
    )
    return union(own, of_runs)


_TOUCHED = _touched()


def touched(connection: Connection, at: int) -> set[AssetKey]:
    """The assets to which something has happened after the event ``at``.

    Each fact of an asset is written with an event that names it; a run that goes on anew, or is broken off, changes
    its steps and is named alone.
    """
    return {AssetKey(row[0]) for row in connection.execute(_TOUCHED, {"b_at": at})}  # type: ignore[call-overload]  # a Bulk


def _put(dialect: object) -> Bulk:
    statement = dialect.insert(asset_status)  # type: ignore[attr-defined]  # of either engine
    new = {column.name: statement.excluded[column.name] for column in _s if column.name != "asset"}
    return Bulk(statement.on_conflict_do_update(index_elements=["asset"], set_=new))


_FIRST = {name: each.insert(status_cursor).on_conflict_do_nothing() for name, each in _DIALECTS.items()}
_PUT = {name: _put(each) for name, each in _DIALECTS.items()}


def save(
    connection: Connection, made: Sequence[tuple[StatusRow, str]], seen: Progress, at: int, *,
    gone: Collection[AssetKey] = (),
) -> bool:  # fmt: skip
    """Write rows that were worked out when ``seen`` was so, and that events up to ``at`` are in all of them now.

    The rows of ``gone`` are removed: nobody has worked them out.
    False, and nothing is written, where another process has written meanwhile: its rows may be newer.
    """
    if seen.revision == 0:
        first = _FIRST[connection.dialect.name].values(name=_NAME, at=at, revision=1).returning(_c.name)
        moved = connection.execute(first).one_or_none() is not None
    else:
        here = update(status_cursor).where(_c.name == _NAME, _c.revision == seen.revision)
        moved = connection.execute(here.values(at=at, revision=seen.revision + 1)).rowcount == 1
    if not moved:
        return False
    if gone:
        connection.execute(delete(asset_status).where(Among(_s.asset, "b_gone")), {"b_gone": sorted(gone)})
    _PUT[connection.dialect.name].run(
        connection,
        [
            {
                "asset": row.asset, "definition": row.definition, "state": row.state, "since": row.since,
                "fails_at": row.fails_at, "warns_at": row.warns_at, "late_at": row.late_at, "facts": packed,
            }
            for row, packed in made
        ],
    )  # fmt: skip
    return True


def forget(connection: Connection) -> None:
    """Remove every row, so that all are worked out again."""
    connection.execute(delete(asset_status))
    connection.execute(update(status_cursor).where(_c.name == _NAME).values(at=0, revision=_c.revision + 1))


def go_on_after(connection: Connection, revision: int) -> None:
    """Let the rows be of a later revision than any that was there before others took their place.

    What a process has kept, or worked out, of those that were there then counts for none of these.
    """
    if not revision:
        return
    found = connection.execute(select(_c.revision).where(_c.name == _NAME)).scalar_one_or_none()
    if found is None:
        connection.execute(insert(status_cursor).values(name=_NAME, at=0, revision=revision + 1))
        return
    later = max(revision, found) + 1
    connection.execute(update(status_cursor).where(_c.name == _NAME).values(revision=later))
