"""The tables of schedules: how far each was followed, what was decided, what was told from outside."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Index, String, Table, Text

from orchestration.tables import Instant, Serial, metadata

schedules = Table(
    "schedules",
    metadata,
    Column("asset", Text, primary_key=True),
    Column("marks", JSON, nullable=False),  # by trigger, how far it has got
    Column("said", JSON, nullable=False),  # outcome and reason of the last decision, by what it is about
    Column("paused_by", Text),
    Column("paused_reason", Text),
    Column("paused_at", Instant),
)

schedule_cursor = Table(
    "schedule_cursor",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("publication", BigInteger, nullable=False),  # events.id up to which publications were taken in
    Column("signal", BigInteger, nullable=False),  # signals.seq up to which they were taken in
    Column("taken", JSON, nullable=False),  # of the last few numbers of events, those that were taken in
    Column("heard", JSON, nullable=False),  # as much of signals
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("asset", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("about", String(16), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("due_key", Text),
    Column("due_at", Instant),
    Index(None, "asset", "id"),
    Index(None, "at"),
)

signals = Table(
    "signals",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),  # the teller's own, so that telling twice tells once
    Column("name", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("by", Text, nullable=False),
    Index(None, "at"),
)
