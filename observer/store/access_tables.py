"""The tables of who may ask, and of what was asked to be changed."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, Text

from orchestration.tables import Instant, Serial, metadata

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("assets", JSON(none_as_null=True)),  # selections; null: all
    Column("digest", String(64), nullable=False),  # SHA-256 of its secret part, which is drawn, not chosen
    Column("made_at", Instant, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", String(64), primary_key=True),  # of the cookie
    Column("token_id", String(16), ForeignKey("tokens.id")),  # null: TIDEGATE_TOKEN, whose digest is beside
    Column("token_digest", String(64)),
    Column("made_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index(None, "expires_at"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),  # wall clock
    Column("token_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("method", String(16), nullable=False),
    Column("path", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("address", Text, nullable=False),
    Column("about", Text),  # what was sent, where the path doesn't say it
    Index(None, "at"),
)
