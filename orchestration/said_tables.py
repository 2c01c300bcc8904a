"""The tables of what steps said, and of where their time went besides; both go with their run."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from orchestration.tables import Instant, Serial, metadata

LEVEL = 16
"""Characters of a level's name that are kept beside the lines."""

step_logs = Table(
    "step_logs",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("run_id", String(40), ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("asset", Text, nullable=False),
    Column("partition", Text, nullable=False),
    Column("number", Integer, nullable=False),  # of the try, over all processes that walked the run
    Column("begun_at", Instant),
    Column("lines", JSON, nullable=False),  # [offset_s, level, source, text], oldest first
    Column("count", Integer, nullable=False),  # of lines that are kept
    Column("left_out", Integer, nullable=False),  # that came before them
    Column("worst", String(LEVEL), nullable=False),
    Column("unknown", Text, nullable=False),
    Column("ended", Boolean, nullable=False),
    UniqueConstraint("run_id", "asset", "partition", "number"),
    Index(None, "asset", "partition"),
)

step_spans = Table(
    "step_spans",
    metadata,
    Column("run_id", String(40), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("number", Integer, primary_key=True),  # of the try that it belongs to
    Column("start_s", Float, nullable=False),  # since the run began
    Column("length_s", Float, nullable=False),
    Column("said", Text, nullable=False),
)
