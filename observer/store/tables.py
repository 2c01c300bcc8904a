"""The observer's tables, in the same database and the same metadata as the log's.

Observations are narrow and keyed by integers: ``series`` names what a number is, ``observations`` holds it, in the
order in which it is read, so that one tree serves key and history. ``version_seq`` is ``versions.seq`` of the log.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from orchestration.tables import Instant, Serial, metadata

series = Table(
    "series",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("asset", Text, nullable=False),
    Column("column", Text, nullable=False),  # "" for the whole table
    Column("metric", Text, nullable=False),  # of the catalogue, or any name of the user's own
    Column("part", Text, nullable=False),  # the part of the partition key that isn't time; "" where there is none
    Column("segment", Text, nullable=False),  # "" for all rows
    Index(None, "asset", "column", "metric", "part", "segment", unique=True),
)

observations = Table(
    "observations",
    metadata,
    Column("series_id", BigInteger, primary_key=True),  # no foreign key: checking it costs more than the point
    Column("ordered_at", Instant, primary_key=True),  # start of the partition, or when it was materialized
    Column("version_seq", BigInteger, primary_key=True),
    Column("value", Float),
    Column("reason", Text),
    Column("accuracy", String(16)),  # "a0.033": rms relative error; "s0.05": rate of the sample; null: exact
    sqlite_with_rowid=False,
)

distributions = Table(
    "distributions",
    metadata,
    Column("version_seq", BigInteger, primary_key=True),
    Column("column", Text, primary_key=True),
    Column("seen", JSON, nullable=False),  # values, rate, and points or top and other
    sqlite_with_rowid=False,
)

sketches = Table(
    "sketches",
    metadata,
    Column("version_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("packed", LargeBinary, nullable=False),  # of all its columns; see observer.collectors.sketches
)

rollups = Table(
    "rollups",
    metadata,
    Column("series_id", BigInteger, primary_key=True),
    Column("day", Instant, primary_key=True),  # its first instant in UTC
    Column("points", Integer, nullable=False),  # of versions that are gone, all of them
    Column("measured", Integer, nullable=False),  # those of them that have a value
    Column("total", Float),
    Column("least", Float),
    Column("most", Float),
    sqlite_with_rowid=False,
)

rolled_up = Table(
    "rolled_up",
    metadata,
    Column("asset", Text, primary_key=True),
    Column("at", Instant, nullable=False),  # when its points were last looked through
)

schemas = Table(
    "schemas",
    metadata,
    Column("asset", Text, primary_key=True),
    Column("version_seq", BigInteger, primary_key=True),
    Column("data_at", Instant, nullable=False),
    Column("columns", JSON, nullable=False),  # [[name, type], ...] or [[name, type, nullable, comment], ...]
)

evaluations = Table(
    "evaluations",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("asset", Text, nullable=False),
    Column("partition", Text, nullable=False),
    Column("materialization_id", String(40), nullable=False),
    Column("version_seq", BigInteger, nullable=False),
    Column("data_at", Instant, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("subject", Text, nullable=False),
    Column("severity", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("sentence", Text, nullable=False),
    Column("evaluated_at", Instant, nullable=False),
    Column("observed", Float),
    Column("detection_status", String(16)),
    Column("score", Float),
    Column("p_value", Float),
    Column("min_p_value", Float),
    Column("alpha", Float),
    Column("lower", Float),
    Column("expected", Float),
    Column("upper", Float),
    Column("direction", String(8)),
    Column("detector", String(80)),
    Column("trained_from", Float),
    Column("trained_to", Float),
    Column("n_train", Integer),
    Column("runs_needed", Integer),
    Column("evidence", JSON, nullable=False),
    Column("muted", Text),  # until when, by whom and why
    Column("sample", JSON(none_as_null=True)),  # of rows that break a check: {"columns": [...], "rows": [[...], ...]}
    Index(None, "asset", "subject", "data_at"),
    Index(None, "materialization_id"),
)


def _excuses(name: str) -> Table:
    return Table(
        name,
        metadata,
        Column("asset", Text, primary_key=True),
        Column("partition", Text, primary_key=True),  # "" for all of them
        Column("subject", Text, primary_key=True),
        Column("until", Instant, nullable=False),
        Column("by", Text, nullable=False),
        Column("reason", Text, nullable=False),
    )


overrides, mutes = _excuses("overrides"), _excuses("mutes")

feedback = Table(
    "feedback",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("asset", Text, nullable=False),
    Column("partition", Text, nullable=False),  # "" where there is none
    Column("materialization_id", String(40), nullable=False),
    Column("version_seq", BigInteger, nullable=False),
    Column("subject", Text, nullable=False),  # a monitor; "" for all of the asset's
    Column("kind", String(16)),  # None: it only undoes
    Column("data_at", Instant, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("at", Instant, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("undoes", BigInteger),
    Column("every", String(16)),
    Column("day", String(10)),
    Index(None, "asset"),
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("asset", Text, nullable=False),
    Column("first_partition", Text, nullable=False),
    Column("last_partition", Text, nullable=False),
    Column("severity", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("sentence", Text, nullable=False),
    Column("subjects", JSON, nullable=False),
    Column("affected", JSON, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("resolved_at", Instant),
    Column("resolution", Text),
    Column("resolved_as", String(16)),
    Column("until", Instant),
    Column("assigned", JSON, nullable=False, server_default="[]"),
    Column("passes", Integer, nullable=False, server_default="0"),
    Column("reopened", Integer, nullable=False, server_default="0"),
    Column("revision", Integer, nullable=False, server_default="0"),  # its newest turn
    Index(None, "asset", "status"),
    Index(None, "status"),
)

incident_versions = Table(
    "incident_versions",
    metadata,
    Column("incident_id", BigInteger, ForeignKey("incidents.id"), primary_key=True),
    Column("materialization_id", String(40), primary_key=True),
    Column("asset", Text, nullable=False, server_default=""),  # the incident's, or one downstream that follows from it
    Column("partition", Text, nullable=False),
    Column("severity", String(16), nullable=False, server_default="error"),  # warn: readers have it
    Column("settled", Boolean, nullable=False, default=False),  # released, replaced, discarded or passed since
    Index(None, "asset", "partition"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("incident_id", BigInteger, ForeignKey("incidents.id"), nullable=False),
    Column("event", String(40), nullable=False),
    Column("channel", Text, nullable=False),  # the channel's name in the environment, never its address
    Column("payload", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_attempt_at", Instant),  # wall clock; None once delivered or given up
    Column("delivered_at", Instant),
    Column("claimed_until", Instant),  # a sender holds it until then
    Column("last_error", Text),
    Column("environment", Text),  # whose channel it is; null: of whichever has one of that name
    Column("folded_into", String(40)),  # the message that says this one with others, and whose fate it shares
    Index(None, "folded_into"),
    Index(None, "next_attempt_at"),
    Index(None, "incident_id"),
)
_is_undelivered = outbox.c.delivered_at.is_(None) & outbox.c.folded_into.is_(None)
Index(  # what waits or was given up, without all that was ever said
    "ix_outbox_undelivered",
    outbox.c.next_attempt_at,
    sqlite_where=_is_undelivered,
    postgresql_where=_is_undelivered,
)
