"""What happens to incidents, what changed around them, and maintenance windows.

Revision ID: 0014
Revises: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def _new() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("resolved_as", sa.String(16)),
        sa.Column("until", sa.BigInteger()),
        sa.Column("assigned", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("passes", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("reopened", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("revision", sa.Integer(), nullable=False, server_default="0"),
    )


def upgrade() -> None:
    for added in _new():
        op.add_column("incidents", added)
    op.create_index(op.f("ix_incidents_status"), "incidents", ["status"])
    op.add_column("incident_versions", sa.Column("asset", sa.Text(), nullable=False, server_default=""))
    op.add_column("incident_versions", sa.Column("severity", sa.String(16), nullable=False, server_default="error"))
    for column in ("asset", "severity"):
        op.execute(
            f"UPDATE incident_versions SET {column} = "
            f"(SELECT incidents.{column} FROM incidents WHERE incidents.id = incident_versions.incident_id)"
        )
    op.create_index(op.f("ix_incident_versions_asset_partition"), "incident_versions", ["asset", "partition"])
    _create_turns()
    _tell_what_happened()
    _create_clues()
    _create_maintenance()


def _create_turns() -> None:
    op.create_table(
        "incident_turns",
        sa.Column("incident_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("found", sa.JSON()),
        sa.Column("first_partition", sa.Text()),
        sa.Column("last_partition", sa.Text()),
        sa.Column("until", sa.BigInteger()),
        sa.Column("assigned", sa.JSON()),
        sa.Column("resolved_as", sa.String(16)),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_incident_turns_incident_id")),
        sa.PrimaryKeyConstraint("incident_id", "number", name=op.f("pk_incident_turns")),
    )


_INCIDENTS = sa.table(
    "incidents",
    *(sa.column(name, sa.JSON()) for name in ("subjects", "affected")),
    *(
        sa.column(name)
        for name in (
            "id", "asset", "first_partition", "last_partition", "severity", "status", "sentence", "opened_at",
            "resolved_at", "resolution", "resolved_as", "revision",
        )
    ),
)  # fmt: skip
_TURNS = sa.table(
    "incident_turns",
    sa.column("found", sa.JSON()),
    *(
        sa.column(name)
        for name in (
            "incident_id", "number", "kind", "at", "by", "reason", "first_partition", "last_partition", "resolved_as",
        )
    ),
)  # fmt: skip


def _tell_what_happened() -> None:
    """Each incident that is there was opened, and perhaps resolved: what is known of its past becomes its turns."""
    connection = op.get_bind()
    for row in connection.execute(sa.select(_INCIDENTS)).all():
        found = {
            "asset": row.asset, "partition": row.last_partition, "severity": row.severity, "sentence": row.sentence,
            "subjects": row.subjects, "affected": row.affected,
        }  # fmt: skip
        turn = {
            "incident_id": row.id, "number": 1, "kind": "opened", "at": row.opened_at, "by": "gate", "reason": "",
            "found": found, "first_partition": row.first_partition, "last_partition": row.last_partition,
            "resolved_as": None,
        }  # fmt: skip
        connection.execute(_TURNS.insert().values(turn))
        if row.status == "resolved":
            how = "released" if (row.resolution or "").startswith("released by ") else "passed"
            ended = {
                "number": 2, "kind": "resolved", "at": row.resolved_at, "reason": row.resolution or "", "found": None,
                "first_partition": None, "last_partition": None, "resolved_as": how,
            }  # fmt: skip
            connection.execute(_TURNS.insert().values({**turn, **ended}))
            connection.execute(sa.update(_INCIDENTS).where(_INCIDENTS.c.id == row.id).values(resolved_as=how))
    revision = sa.case((_INCIDENTS.c.status == "resolved", 2), else_=1)
    connection.execute(sa.update(_INCIDENTS).values(revision=revision))


def _create_clues() -> None:
    op.create_table(
        "incident_clues",
        sa.Column("incident_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("partition", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("distance", sa.Integer(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("share", sa.Float()),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_incident_clues_incident_id")),
        sa.PrimaryKeyConstraint("incident_id", "number", name=op.f("pk_incident_clues")),
    )


def _create_maintenance() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "maintenance",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("selection", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger()),
        sa.Column("cron", sa.Text()),
        sa.Column("timezone", sa.Text()),
        sa.Column("length_s", sa.Float()),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("ended_by", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_maintenance")),
    )


def downgrade() -> None:
    for table in ("maintenance", "incident_clues", "incident_turns"):
        op.drop_table(table)
    op.drop_index(op.f("ix_incident_versions_asset_partition"), table_name="incident_versions")
    op.drop_column("incident_versions", "severity")
    op.drop_column("incident_versions", "asset")
    op.drop_index(op.f("ix_incidents_status"), table_name="incidents")
    for added in reversed(_new()):
        op.drop_column("incidents", added.name)
