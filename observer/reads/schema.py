"""How the columns of an asset have changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, Text, cast, func, or_, select

from observer.model import Schema
from observer.reads.newest import LIVE
from observer.reads.schema_turn import SchemaTurn
from observer.schema_changes import JudgedChange, SchemaChange, of_event, schema_changes, worst_of
from observer.store.schemas import schema_of
from observer.store.tables import schemas
from orchestration.events import EventKind
from orchestration.model import AssetKey, PartitionKey, VersionStatus
from orchestration.tables import events, versions

_LOOKED_AT = 2_000  # versions with other columns than the one before, the newest
_GONE = tuple(status for status in VersionStatus if status not in (*LIVE, VersionStatus.SUPERSEDED))


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaPoint:
    """A version whose columns differ from those before it, or the first one, which has no ``changes``."""

    at: datetime  # data time
    partition: PartitionKey
    version: str
    run_id: str
    held: bool
    columns: Schema
    changes: tuple[SchemaChange, ...]
    severity: str | None = None  # of the worst one, by the policy of then: "ignore", "warn" or "error"; None: unknown

    def sentence(self) -> str:
        """What happened, in words."""
        if not self.changes:
            return f"first seen: {', '.join(f'{c.name} {c.type}' for c in self.columns.columns)}"
        return "; ".join(change.sentence() for change in self.changes)


def schema_timeline(connection: Connection, asset: AssetKey, last: int) -> tuple[SchemaPoint, ...]:
    """The newest ``last`` changes, oldest first, in data time: two statements.

    As in the gate, a held version is compared with what readers saw and is compared with nothing later. Of versions
    with the same columns, however many they are, the database gives the first.
    """
    rows = connection.execute(_turned(asset)).all()
    found = _changed(rows, _severities(connection, asset))
    return tuple(found[1:] if len(rows) > _LOOKED_AT else found)[-last:]


def _turned(asset: AssetKey) -> Select[Any]:
    """The versions whose columns aren't those of the one before them, and all around held ones, the oldest first.

    Those that don't count and those that are held are looked up, for they are few: to read each version beside its
    columns PostgreSQL goes through all that there are.
    """
    order = (schemas.c.data_at, schemas.c.version_seq)
    columns = cast(schemas.c.columns, Text)
    every = (
        select(
            schemas.c.data_at, schemas.c.version_seq, schemas.c.columns, columns.label("here"),
            func.lag(columns).over(order_by=order).label("there"),
            func.lag(schemas.c.version_seq).over(order_by=order).label("before"),
        )
        .where(schemas.c.asset == asset, schemas.c.version_seq.not_in(_versions(asset, _GONE)))
        .subquery()
    )  # fmt: skip
    held = _versions(asset, (VersionStatus.HELD,))
    turned = or_(
        every.c.there.is_(None), every.c.there != every.c.here, every.c.version_seq.in_(held), every.c.before.in_(held),
    )  # fmt: skip
    newest = select(every).where(turned).order_by(every.c.data_at.desc(), every.c.version_seq.desc())
    found = newest.limit(_LOOKED_AT + 1).subquery()  # few enough to be looked up one by one
    return (
        select(found, versions.c.id, versions.c.partition, versions.c.run_id, versions.c.status)
        .join(versions, versions.c.seq == found.c.version_seq)
        .order_by(found.c.data_at, found.c.version_seq)
    )


def _versions(asset: AssetKey, statuses: Collection[VersionStatus]) -> Select[Any]:
    return select(versions.c.seq).where(versions.c.asset == asset, versions.c.status.in_(statuses))


def _severities(connection: Connection, asset: AssetKey) -> Mapping[str, str]:
    """How bad the changes of versions were, by the events that logged them."""
    found: dict[str, list[JudgedChange]] = {}
    logged = select(events.c.detail).where(events.c.asset == asset, events.c.kind == EventKind.SCHEMA_CHANGED)
    for (detail,) in connection.execute(logged.order_by(events.c.id.desc()).limit(_LOOKED_AT)):
        found.setdefault(detail["version"], []).append(of_event(detail))
    return {version: worst_of(changes) for version, changes in found.items()}


def _changed(rows: Any, severities: Mapping[str, str]) -> Sequence[SchemaPoint]:
    found: list[SchemaPoint] = []
    seen: object = None
    before: Schema | None = None
    for row in rows:
        held = row.status == VersionStatus.HELD
        if row.columns == seen:
            continue
        now = schema_of(row.columns)
        changes = () if before is None else schema_changes(before, now)
        if before is None or changes:
            found.append(
                SchemaPoint(
                    at=row.data_at, partition=row.partition or None, version=row.id, run_id=row.run_id, held=held,
                    columns=now, changes=changes, severity=severities.get(row.id),
                )
            )  # fmt: skip
        if not held:
            before, seen = now, row.columns
    return found


def turns(points: Iterable[SchemaPoint]) -> tuple[SchemaTurn, ...]:
    """Each change in words, in the order of the points."""
    return tuple(
        SchemaTurn(
            at=point.at, partition=point.partition, version=point.version, run_id=point.run_id, held=point.held,
            severity=point.severity, columns=len(point.columns.columns),
            changes=tuple((change.kind.value, change.sentence()) for change in point.changes),
            is_first=not point.changes,
        )
        for point in points
    )  # fmt: skip
