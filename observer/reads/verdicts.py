"""The stored verdicts on one asset: read once, for its monitors, its checks and its versions; or of one monitor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, case, func, select

from observer.model import Evaluation, IncidentStatus
from observer.store.evaluations import evaluation
from observer.store.tables import evaluations, incident_versions, incidents
from orchestration.model import AssetKey, VersionStatus
from orchestration.tables import versions

_VERSIONS = 400  # of one asset, the newest
_NOT_TAKEN_UP = (IncidentStatus.OPEN, IncidentStatus.MUTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The newest evaluation of one subject on one version."""

    evaluation: Evaluation
    version_seq: int
    version_status: VersionStatus
    run_id: str
    data_at: datetime
    materialized_at: datetime
    taken_up: bool  # somebody has taken up the incidents that the version is of, or they are over


@dataclass(frozen=True, slots=True)
class Verdicts:
    """By subject, in the order of data time and then of versions."""

    by_subject: Mapping[str, tuple[Verdict, ...]]

    def of(self, subject: str) -> tuple[Verdict, ...]:
        return self.by_subject.get(subject, ())

    def on(self, version_seq: int) -> tuple[Verdict, ...]:
        return tuple(v for found in self.by_subject.values() for v in found if v.version_seq == version_seq)


def load(connection: Connection, asset: AssetKey) -> Verdicts:
    """What was said of the newest versions of an asset: one statement."""
    recent = select(versions.c.seq).where(versions.c.asset == asset).order_by(versions.c.seq.desc()).limit(_VERSIONS)
    first = select(func.min(recent.subquery().c.seq)).scalar_subquery()
    rows = connection.execute(_said_of(asset).where(evaluations.c.version_seq >= first))
    newest: dict[str, dict[int, Any]] = {}
    for row in rows.all():  # what was said later of the same version takes its place
        newest.setdefault(row.subject, {})[row.version_seq] = row
    return Verdicts({subject: tuple(_verdict(row) for row in found.values()) for subject, found in newest.items()})


def of_subject(
    connection: Connection, asset: AssetKey, subject: str, *, since: datetime, until: datetime, by_clock: bool
) -> tuple[Verdict, ...]:
    """What was said by one monitor of the versions of a time, both ends of it included: one statement.

    ``by_clock``: the time is when versions were made, else when their data is of.
    """
    ordered = versions.c.materialized_at if by_clock else evaluations.c.data_at
    rows = connection.execute(_said_of(asset).where(evaluations.c.subject == subject, ordered.between(since, until)))
    return tuple(_verdict(row) for row in {row.version_seq: row for row in rows.all()}.values())


def _said_of(asset: AssetKey) -> Select[Any]:
    """What was said of the versions of an asset, in the order of data time and then of versions."""
    of = incident_versions.c
    left = case((incidents.c.status.in_([status.value for status in _NOT_TAKEN_UP]), 1), else_=0)
    concerned = (
        select(of.materialization_id, func.max(left).label("left"))
        .join(incidents, incidents.c.id == of.incident_id)
        .where(of.asset == asset)
        .group_by(of.materialization_id)
        .subquery()
    )
    made = (versions.c.status.label("version_status"), versions.c.run_id, versions.c.materialized_at)
    return (
        select(evaluations, *made, (concerned.c.left == 0).label("taken_up"))
        .join(versions, versions.c.seq == evaluations.c.version_seq)
        .outerjoin(concerned, concerned.c.materialization_id == evaluations.c.materialization_id)
        .where(evaluations.c.asset == asset)
        .order_by(evaluations.c.data_at, evaluations.c.version_seq, evaluations.c.id)
    )


def _verdict(row: Any) -> Verdict:
    return Verdict(
        evaluation=evaluation(row), version_seq=row.version_seq, version_status=_STATUSES[row.version_status],
        run_id=row.run_id, data_at=row.data_at, materialized_at=row.materialized_at,
        taken_up=bool(row.taken_up),
    )  # fmt: skip


_STATUSES = {each.value: each for each in VersionStatus}
