"""How far the data of sources reaches: by the age that was last measured of each."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, func, select

from observer.metrics import AGE
from observer.store.tables import observations, series
from orchestration.model import AssetKey


def last_changes(connection: Connection) -> dict[AssetKey, datetime | None]:
    """When the data of each asset whose age is measured was last changed; None: the last look couldn't tell."""
    s, o = series.c, observations.c
    aged = select(s.id).where(s.metric == AGE, s.column == "", s.segment == "", s.part == "")
    newest = (
        select(o.series_id, func.max(o.ordered_at).label("at"))
        .where(o.series_id.in_(aged))
        .group_by(o.series_id)
        .subquery()
    )
    rows = connection.execute(
        select(s.asset, o.ordered_at, o.value)
        .join(series, s.id == o.series_id)
        .join(newest, and_(newest.c.series_id == o.series_id, newest.c.at == o.ordered_at))
        .order_by(o.version_seq)
    )
    return {
        AssetKey(row.asset): None if row.value is None else row.ordered_at - timedelta(seconds=row.value)
        for row in rows
    }  # fmt: skip
