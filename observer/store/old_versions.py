"""Versions that can't be put back any more: what was said of them goes, and their records.

One stays as it is while readers have it, while it is held or waits to be published, and while its data is in storage.
So does one of the newest of its asset, and one that the gate, an incident, or a person's word on it names.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, delete, exists, func, or_, select

from observer.store import distributions, sketches
from observer.store.tables import evaluations, feedback, incident_versions, observations, schemas, series
from orchestration.io.base import ELSEWHERE, OBSERVED
from orchestration.model import AssetKey, VersionStatus
from orchestration.tables import gates, steps, versions

_place = versions.c.seq + 0  # or else all versions are walked through in their order for the few of an asset
_EARLIER = (VersionStatus.SUPERSEDED, VersionStatus.ROLLED_BACK, VersionStatus.DISCARDED)


class OldVersion(NamedTuple):
    """A version that nothing can put back; ``seq`` is its place among all, by which pages of them follow each other."""

    seq: int
    id: str
    partition: str
    materialized_at: datetime


def first_of_newest(connection: Connection, asset: AssetKey, newest: int) -> int:
    """The place of the first of the ``newest`` versions of an asset; of fewer, that before all of them."""
    wanted = select(versions.c.seq).where(versions.c.asset == asset).order_by(_place.desc())
    found: int | None = connection.execute(wanted.offset(newest - 1).limit(1)).scalar_one_or_none()
    return 0 if found is None else found


def first_seen(connection: Connection, asset: AssetKey) -> int:
    """The place of the first version of an asset that readers saw: before it there was nothing to compare with."""
    seen = versions.c.status.in_((VersionStatus.PUBLISHED, VersionStatus.SUPERSEDED))
    first = select(func.min(_place)).where(versions.c.asset == asset, seen)
    return connection.execute(first).scalar_one() or 0


def judged_before(
    connection: Connection, asset: AssetKey, before: datetime, between: tuple[int, int], limit: int
) -> Sequence[OldVersion]:
    """The next such versions of an asset, the oldest first, that have evaluations from before an instant.

    Parameters
    ----------
    between: the places between which they lie, neither of them included.
    """
    said = _said_before(before) & (evaluations.c.materialization_id == versions.c.id)
    return _found(connection, _old(asset, between).where(exists().where(said)).limit(limit))


def remove_evaluations(connection: Connection, old: Collection[OldVersion], before: datetime) -> int:
    """Remove what was said of some versions before an instant; returns how much it was."""
    theirs = evaluations.c.materialization_id.in_([one.id for one in old])
    return connection.execute(delete(evaluations).where(theirs, _said_before(before))).rowcount


def _said_before(before: datetime) -> ColumnElement[bool]:
    """Never the newest evaluation of all, whose number no other may get."""
    newest = select(func.max(evaluations.c.id)).scalar_subquery()
    return (evaluations.c.evaluated_at < before) & (evaluations.c.id < newest)


def made_before(
    connection: Connection, asset: AssetKey, before: datetime, between: tuple[int, int], limit: int
) -> Sequence[OldVersion]:
    """The next such versions of an asset, the oldest first, that were made before an instant and of no step."""
    made = (steps.c.run_id == versions.c.run_id) & (steps.c.materialization_id == versions.c.id)
    wanted = _old(asset, between).where(versions.c.materialized_at < before, ~exists().where(made))
    return _found(connection, wanted.limit(limit))


def has_points(connection: Connection, asset: AssetKey, one: OldVersion, ats: Collection[datetime]) -> bool:
    """Whether something that was measured of a version is there; ``ats``: the instants that it can be ordered by."""
    numbers = select(series.c.id).where(series.c.asset == asset)
    wanted = select(observations.c.version_seq).where(
        observations.c.series_id.in_(numbers), observations.c.ordered_at.in_(ats), observations.c.version_seq == one.seq
    )
    return connection.execute(wanted.limit(1)).first() is not None


def remove(connection: Connection, asset: AssetKey, old: Collection[OldVersion]) -> int:
    """Remove the records of some versions with all that is kept of them; returns how many they were."""
    ids, seqs = [one.id for one in old], [one.seq for one in old]
    newest = select(func.max(evaluations.c.id)).scalar_subquery()
    theirs = evaluations.c.materialization_id.in_(ids)
    connection.execute(delete(evaluations).where(theirs, evaluations.c.id < newest))
    connection.execute(delete(schemas).where(schemas.c.asset == asset, schemas.c.version_seq.in_(seqs)))
    for kept in (distributions, sketches):
        kept.forget(connection, seqs)
    return connection.execute(delete(versions).where(versions.c.id.in_(ids))).rowcount


def _found(connection: Connection, wanted: Select[Any]) -> Sequence[OldVersion]:
    return [OldVersion(*row) for row in connection.execute(wanted)]


_published = versions.alias("published")
_is_gone = or_(versions.c.removed_at.is_not(None), versions.c.format.in_((OBSERVED, ELSEWHERE)))
_has_successor = exists().where(
    _published.c.asset == versions.c.asset, _published.c.partition == versions.c.partition,
    _published.c.status == VersionStatus.PUBLISHED, _published.c.seq > versions.c.seq,
)  # fmt: skip
_is_named = or_(
    *(
        exists().where(
            table.c.asset == versions.c.asset, table.c.partition == versions.c.partition,
            table.c.materialization_id == versions.c.id,
        )
        for table in (gates, feedback, incident_versions)
    )
)  # fmt: skip


def _old(asset: AssetKey, between: tuple[int, int]) -> Select[Any]:
    c, (after, until) = versions.c, between
    return (
        select(c.seq, c.id, c.partition, c.materialized_at)
        .where(c.asset == asset, c.status.in_(_EARLIER), c.seq > after, c.seq < until)
        .where(_is_gone, _has_successor, ~_is_named)
        .order_by(_place)
    )
