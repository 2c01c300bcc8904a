"""How fresh each asset with a policy was when that last changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Column, Connection, String, Table, Text, delete, insert, select

from orchestration.freshness import FreshnessStatus
from orchestration.model import AssetKey
from orchestration.question import Question
from orchestration.tables import Instant, metadata

freshness = Table(
    "freshness",
    metadata,
    Column("asset", Text, primary_key=True),
    Column("status", String(16), nullable=False),
    Column("sentence", Text, nullable=False),
    Column("data_until", Instant),
    Column("since", Instant, nullable=False),  # when the status became what it is
    Column("incident_id", BigInteger),  # that it opened, while it lasts
)


_ALL = Question(select(freshness))


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshnessEvaluation:
    """How fresh an asset is by its policy, since when, and the incident that this opened."""

    asset: AssetKey
    status: FreshnessStatus
    sentence: str
    data_until: datetime | None
    since: datetime
    incident_id: int | None = None


def load_all(connection: Connection) -> dict[AssetKey, FreshnessEvaluation]:
    """The newest evaluation of each asset."""
    return {
        AssetKey(row.asset): FreshnessEvaluation(
            asset=AssetKey(row.asset), status=FreshnessStatus(row.status), sentence=row.sentence,
            data_until=row.data_until, since=row.since, incident_id=row.incident_id,
        )
        for row in _ALL.ask(connection, {})
    }  # fmt: skip


def save(connection: Connection, found: FreshnessEvaluation) -> None:
    """Store an evaluation in place of the one before."""
    forget(connection, found.asset)
    connection.execute(
        insert(freshness).values(
            asset=found.asset, status=found.status.value, sentence=found.sentence, data_until=found.data_until,
            since=found.since, incident_id=found.incident_id,
        )
    )  # fmt: skip


def forget(connection: Connection, asset: AssetKey) -> None:
    """Forget the evaluation of an asset that has no policy any more."""
    connection.execute(delete(freshness).where(freshness.c.asset == asset))
