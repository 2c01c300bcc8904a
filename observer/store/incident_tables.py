"""What happened to incidents, what changed around them, and when nobody is to be told: in the observer's metadata."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Float, ForeignKey, Integer, String, Table, Text

from orchestration.tables import Instant, Serial, metadata

incident_turns = Table(
    "incident_turns",
    metadata,
    Column("incident_id", BigInteger, ForeignKey("incidents.id"), primary_key=True),
    Column("number", Integer, primary_key=True),  # 1, 2, 3 ...: the incident's revision after it
    Column("kind", String(16), nullable=False),
    Column("at", Instant, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("found", JSON(none_as_null=True)),  # what was wrong, of a version that opened it or joined it
    Column("first_partition", Text),
    Column("last_partition", Text),
    Column("until", Instant),
    Column("assigned", JSON(none_as_null=True)),
    Column("resolved_as", String(16)),
)

incident_clues = Table(
    "incident_clues",
    metadata,
    Column("incident_id", BigInteger, ForeignKey("incidents.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("asset", Text, nullable=False),
    Column("partition", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("distance", Integer, nullable=False),  # steps upstream; 0: the asset itself
    Column("sentence", Text, nullable=False),
    Column("share", Float),  # of the change, that a segment carries
)

maintenance = Table(
    "maintenance",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("selection", Text, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant),  # of one window; null: of a cron expression
    Column("cron", Text),
    Column("timezone", Text),
    Column("length_s", Float),  # of each window of a cron expression
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("ended_at", Instant),  # by a person, before its time
    Column("ended_by", Text),
)
