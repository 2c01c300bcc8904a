"""How channels fare: in the observer's metadata."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Integer, Table, Text, false

from orchestration.tables import Instant, metadata

channel_health = Table(
    "channel_health",
    metadata,
    Column("environment", Text, primary_key=True),
    Column("channel", Text, primary_key=True),  # its name in the environment
    Column("tokens", Float),  # messages that it may say at once, when they were last counted; null: not limited yet
    Column("counted_at", Instant),
    Column("paused_until", Instant),  # its receiver wants to be left alone
    Column("failures", Integer, nullable=False, server_default="0"),  # since the last delivery
    Column("failing_since", Instant),
    Column("gave_up", Boolean, nullable=False, server_default=false()),  # a message, since the last delivery
    Column("last_error", Text),
    Column("incident_id", BigInteger, ForeignKey("incidents.id")),  # that was opened of it
)

channel_states = Table(  # of releases that speak 0025 at most, which may go on beside this one
    "channel_states",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("tokens", Float),
    Column("counted_at", Instant),
    Column("paused_until", Instant),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("failing_since", Instant),
    Column("gave_up", Boolean, nullable=False, server_default=false()),
    Column("last_error", Text),
    Column("incident_id", BigInteger, ForeignKey("incidents.id")),
)
