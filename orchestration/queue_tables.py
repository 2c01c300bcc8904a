"""The tables of the queue of runs and of who leads: beside the log, in the same database and history."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from orchestration.tables import Instant, Serial, metadata

run_queue = Table(
    "run_queue",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("id", String(40), nullable=False, unique=True),  # the id of its run, too
    Column("environment", String(80), nullable=False),
    Column("due_key", Text, nullable=False),
    Column("assets", JSON, nullable=False),
    Column("partitions", JSON(none_as_null=True)),
    Column("upstream", Boolean, nullable=False),
    Column("force", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("due_at", Instant),
    Column("priority", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("not_before", Instant),
    Column("attempts", Integer, nullable=False),
    Column("deaths", Integer, nullable=False),  # of processes that held it
    Column("token", BigInteger, nullable=False),
    Column("holder", Text),
    Column("held_until", Instant),
    Column("cancel_by", Text),
    Column("cancel_reason", Text),
    Column("note", Text, nullable=False),  # why it was refused or given up
    Column("ended_at", Instant),
    Index(None, "environment", "due_key", unique=True),
    Index(None, "status", "environment"),
)

run_attempts = Table(
    "run_attempts",
    metadata,
    Column("run_id", String(40), ForeignKey("run_queue.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("began_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("ended", Text),  # how, in words
)

leaders = Table(
    "leaders",
    metadata,
    Column("name", String(120), primary_key=True),
    Column("token", BigInteger, nullable=False),
    Column("holder", Text, nullable=False),
    Column("held_until", Instant, nullable=False),
)
