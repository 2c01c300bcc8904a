"""Incidents that were resolved long ago go, with their turns, their clues and the messages about them.

One stays while somebody may still ask for it: a message about it waits or was given up, a channel or the freshness of
an asset names it, somebody has said something of a version that it is about, or one of these is held or is among the
newest of its asset.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, exists, func, or_, select

from observer.model import IncidentStatus
from observer.store.channel_tables import channel_health, channel_states
from observer.store.freshness import freshness
from observer.store.incident_tables import incident_clues, incident_turns
from observer.store.incidents import alone
from observer.store.old_versions import first_of_newest
from observer.store.tables import feedback, incident_versions, incidents, outbox
from orchestration.model import AssetKey, VersionStatus
from orchestration.tables import versions

_NAMED_BY = (channel_health, channel_states, freshness)
_ROWS = (incident_turns, incident_clues, incident_versions, outbox)


def resolved_before(connection: Connection, before: datetime, after: int, limit: int) -> list[int]:
    """The next incidents, the oldest first, that were resolved before an instant.

    Never the newest of all, whose number no other may get.
    """
    c, newest = incidents.c, select(func.max(incidents.c.id)).scalar_subquery()
    asked = select(c.id).where(c.id > after, _is_over(before), c.id < newest).order_by(c.id).limit(limit)
    return list(connection.execute(asked).scalars())


def looked_at(connection: Connection, numbers: Collection[int], newest: int) -> set[int]:
    """Those of some incidents that are about one of the ``newest`` versions of an asset."""
    rows = connection.execute(
        select(incident_versions.c.incident_id, versions.c.asset, func.max(versions.c.seq).label("last"))
        .join(versions, versions.c.id == incident_versions.c.materialization_id)
        .where(incident_versions.c.incident_id.in_(numbers))
        .group_by(incident_versions.c.incident_id, versions.c.asset)
    ).all()
    first = {asset: first_of_newest(connection, AssetKey(asset), newest) for asset in {row.asset for row in rows}}
    return {row.incident_id for row in rows if row.last >= first[row.asset]}


def remove(connection: Connection, numbers: Collection[int], before: datetime) -> int:
    """Remove those of some incidents that nothing names any more; returns how many there were."""
    alone(connection)  # nobody takes one up again meanwhile
    asked = select(incidents.c.id).where(incidents.c.id.in_(numbers), _is_over(before), ~or_(*_needs))
    gone = list(connection.execute(asked).scalars())
    if gone:
        for table in _ROWS:
            connection.execute(delete(table).where(table.c.incident_id.in_(gone)))
        connection.execute(delete(incidents).where(incidents.c.id.in_(gone)))
    return len(gone)


def _is_over(before: datetime) -> ColumnElement[bool]:
    return (incidents.c.status == IncidentStatus.RESOLVED.value) & (incidents.c.resolved_at < before)


def _needed() -> list[ColumnElement[bool]]:
    mine, other = outbox.alias("mine"), outbox.alias("other")
    about = mine.c.incident_id == incidents.c.id
    is_left = mine.c.delivered_at.is_(None) & mine.c.folded_into.is_(None)
    waits_within = (other.c.id == mine.c.folded_into) & other.c.delivered_at.is_(None)
    holds = (other.c.folded_into == mine.c.id) & (other.c.incident_id != mine.c.incident_id)
    concerned = incident_versions.c.incident_id == incidents.c.id
    one, said = incident_versions.c, feedback.c
    waits = versions.c.status.in_((VersionStatus.HELD, VersionStatus.PUBLISHING))
    return [
        exists().where(about, is_left),
        exists().where(about, or_(waits_within, holds)),
        *(exists().where(table.c.incident_id == incidents.c.id) for table in _NAMED_BY),
        exists().where(concerned, said.asset == one.asset, said.materialization_id == one.materialization_id),
        exists().where(concerned, versions.c.id == one.materialization_id, waits),
    ]


_needs = _needed()
