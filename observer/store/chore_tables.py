"""When what one process does for all was last begun: in the observer's metadata."""

from __future__ import annotations

from sqlalchemy import Column, String, Table

from orchestration.tables import Instant, metadata

chores = Table(
    "chores",
    metadata,
    Column("name", String(120), primary_key=True),
    Column("begun_at", Instant, nullable=False),  # wall clock
)
