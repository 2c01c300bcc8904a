"""The columns of versions: written in the caller's transaction, read as they stood before a version."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Text, cast, func, insert, or_, select

from observer.model import Column, Schema
from observer.store.tables import schemas
from orchestration.bulk import Bulk
from orchestration.model import AssetKey, VersionStatus
from orchestration.tables import versions

_ADD = Bulk(insert(schemas))


def save(connection: Connection, seen: Iterable[tuple[AssetKey, int, Schema, datetime]]) -> None:
    """Store the columns of some versions, each with its ``versions.seq`` and data time."""
    rows = [
        {
            "asset": asset, "version_seq": version_seq, "data_at": data_at,
            "columns": [_written(column) for column in schema.columns],
        }
        for asset, version_seq, schema, data_at in seen
    ]  # fmt: skip
    _ADD.run(connection, rows)


def before(connection: Connection, asset: AssetKey, at: datetime | None) -> Schema | None:
    """The columns of the newest version that readers see, of a partition before ``at``."""
    where = [
        schemas.c.asset == asset,
        versions.c.status.in_((VersionStatus.PUBLISHED, VersionStatus.PUBLISHING, VersionStatus.SUPERSEDED)),
    ]
    if at is not None:
        where.append(schemas.c.data_at < at)
    row = connection.execute(
        select(schemas.c.columns)
        .join(versions, versions.c.seq == schemas.c.version_seq)
        .where(*where)
        .order_by(schemas.c.data_at.desc(), schemas.c.version_seq.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else schema_of(row.columns)


def turning(connection: Connection, asset: AssetKey) -> set[int]:
    """The versions, by ``versions.seq``, whose columns aren't those of the one before them; they tell the timeline."""
    columns = cast(schemas.c.columns, Text)
    dropped = select(versions.c.seq).where(
        versions.c.asset == asset, versions.c.status.in_((VersionStatus.DISCARDED, VersionStatus.ROLLED_BACK))
    )
    every = (
        select(
            schemas.c.version_seq, columns.label("here"),
            func.lag(columns).over(order_by=(schemas.c.data_at, schemas.c.version_seq)).label("there"),
        )
        .where(schemas.c.asset == asset, schemas.c.version_seq.not_in(dropped))
        .subquery()
    )  # fmt: skip
    turned = select(every.c.version_seq).where(or_(every.c.there.is_(None), every.c.there != every.c.here))
    return set(connection.execute(turned).scalars())


def _written(column: Column) -> list[str | bool | None]:
    """Name and type, whether it may be null, and its comment; without what isn't known at the end."""
    said: list[str | bool | None] = [column.name, column.type, column.nullable, column.comment]
    while said[-1] is None:
        said.pop()
    return said


def schema_of(columns: Iterable[Sequence[Any]]) -> Schema:
    """The columns of a row of the table."""
    return Schema(tuple(Column(*column) for column in columns))
