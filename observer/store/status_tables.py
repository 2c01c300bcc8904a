"""How each asset is, a projection of the log, and how far that has been brought; in the observer's metadata."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, String, Table, Text

from orchestration.tables import Instant, metadata

asset_status = Table(
    "asset_status",
    metadata,
    Column("asset", Text, primary_key=True),
    Column("definition", String(16), nullable=False),  # a hash of what the rest depends on in the project's files
    Column("state", String(16), nullable=False),  # where no gate concerns it, and until the next of these instants
    Column("since", Instant),
    Column("fails_at", Instant),
    Column("warns_at", Instant),
    Column("late_at", Instant),
    Column("facts", Text, nullable=False),  # see observer.reads.packed
)

status_cursor = Table(
    "status_cursor",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("at", BigInteger, nullable=False),  # the rows say what the events up to this id have made
    Column("revision", BigInteger, nullable=False),  # grows with each write: who has read an older one writes nothing
)
