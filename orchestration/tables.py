"""The tables of the log: facts are appended to ``events``, the others are projections of them.

``partition`` is ``""`` for an asset without partitions, so that unique keys hold on every engine. Instants
are aware UTC (:class:`Instant`), which SQLite keeps as microseconds since 1970.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    false,
    text,
)
from sqlalchemy.types import TypeDecorator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant kept as microseconds since 1970: the same order and precision on every engine."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        return (value - EPOCH) // _MICROSECOND

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[int | None], datetime | None]:
        return _instant


@lru_cache(maxsize=10_000)
def _instant(value: int | None) -> datetime | None:
    """Kept, since the rows of a page name few instants many times."""
    return None if value is None else EPOCH + timedelta(microseconds=value)


Serial = BigInteger().with_variant(Integer, "sqlite")
"""A growing integer key; SQLite counts only INTEGER primary keys."""

runs = Table(
    "runs",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("id", String(40), nullable=False, unique=True),
    Column("selection", Text, nullable=False),
    Column("partitions", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("trigger", String(40), nullable=False),
    Column("environment", String(80), nullable=False),
    Column("holder", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("fail_fast", Boolean, nullable=False, default=False, server_default=false()),
    Column("resumes", String(40)),
    Column("cancel_asked_at", Instant),
    Column("cancel_by", Text),
    Column("cancel_reason", Text),
    Index(None, "status"),
    Index(None, "resumes"),
)

steps = Table(
    "steps",
    metadata,
    Column("run_id", String(40), ForeignKey("runs.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("asset", Text, nullable=False),
    Column("partition", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("note", Text, nullable=False, default=""),
    Column("started_at", Instant),
    Column("ended_at", Instant),
    Column("offset_s", Float),
    Column("duration_s", Float),
    Column("execute_s", Float),
    Column("gate_s", Float),
    Column("materialization_id", String(40)),
    Column("blocked_by", Text),
    Column("error", Text),
    Column("forced", Boolean, nullable=False, default=False, server_default=false()),
    Index(None, "asset", "partition"),
)

versions = Table(
    "versions",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("id", String(40), nullable=False, unique=True),
    Column("asset", Text, nullable=False),
    Column("partition", Text, nullable=False),
    Column("run_id", String(40), nullable=False),
    Column("status", String(16), nullable=False),
    Column("materialized_at", Instant, nullable=False),
    Column("data_version", String(80), nullable=False),
    Column("code_version", String(80), nullable=False),
    Column("fingerprint", String(80), nullable=False),
    Column("duration_s", Float, nullable=False),
    Column("rows", BigInteger),
    Column("bytes", BigInteger),
    Column("format", String(16), nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("inputs", JSON, nullable=False),
    Column("released", Boolean, nullable=False, default=False),
    Column("removed_at", Instant),  # when its data was let go
    Index(None, "asset", "partition", "status"),
    Index(  # what readers have of each asset, without the table
        "ix_versions_published",
        "asset",
        "partition",
        "materialized_at",
        sqlite_where=text("status = 'published'"),
        postgresql_where=text("status = 'published'"),
    ),
)
_is_kept = versions.c.removed_at.is_(None)
Index("ix_versions_kept", versions.c.asset, versions.c.partition, sqlite_where=_is_kept, postgresql_where=_is_kept)

_is_whole = text("partition = ''")
for _of, _newest in ((versions, versions.c.seq), (steps, steps.c.ended_at)):  # of an asset without partitions
    Index(f"ix_{_of.name}_whole", _of.c.asset, _newest, sqlite_where=_is_whole, postgresql_where=_is_whole)

gates = Table(
    "gates",
    metadata,
    Column("asset", Text, primary_key=True),
    Column("partition", Text, primary_key=True),
    Column("materialization_id", String(40), nullable=False),
    Column("outcome", String(24), nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("holds", JSON, nullable=False),
    Column("unknown", Boolean, nullable=False, default=False),
    Column("overridden", JSON, nullable=False, server_default="[]"),
    Column("columns", JSON(none_as_null=True)),  # that faults lie in; null: any
    Column("decided_at", Instant, nullable=False),
    Column("by", Text, nullable=False),
    Column("expires_at", Instant),
    Index(None, "outcome"),
)

leases = Table(
    "leases",
    metadata,
    Column("asset", Text, primary_key=True),
    Column("partition", Text, primary_key=True),
    Column("token", BigInteger, nullable=False),
    Column("run_id", String(40), nullable=False),
    Column("holder", Text, nullable=False),
    Column("held", Boolean, nullable=False),
    Column("acquired_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

partition_keys = Table(
    "partition_keys",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("set", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("added_at", Instant, nullable=False),
    Index(None, "set", "key", unique=True),
)

EXTERNAL = "('external.started', 'external.failed')"
events = Table(
    "events",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("run_id", String(40)),
    Column("asset", Text),
    Column("partition", Text),
    Column("detail", JSON, nullable=False),
    Index(None, "asset", "id"),
    Index(  # runs of others, which come event by event
        "ix_events_external",
        "run_id",
        sqlite_where=text(f"kind IN {EXTERNAL}"),
        postgresql_where=text(f"kind IN {EXTERNAL}"),
    ),
)
