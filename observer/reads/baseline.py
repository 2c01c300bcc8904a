"""What there was to compare with when an incident was opened."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, exists, select

from observer.gathering import SEEN
from observer.model import Incident
from observer.reads.incident_model import Baseline
from observer.store.tables import incident_versions
from orchestration.tables import versions


def baseline_columns(incident: Incident) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Whether a version brought the incident about, and whether a good one was there before it: part of a question."""
    before = (versions.c.asset == incident.asset, versions.c.materialized_at <= incident.opened_at)
    concerned = select(incident_versions.c.materialization_id).where(incident_versions.c.incident_id == incident.id)
    brought = exists().where(*before, versions.c.id.in_(concerned.correlate(None)))
    good = exists().where(*before, versions.c.id.not_in(concerned.correlate(None)), versions.c.status.in_(SEEN))
    return brought.label("by_version"), good.label("had_good")


def baseline_of(row: Any) -> Baseline:
    """What those columns of a row say."""
    if not row.by_version:
        return Baseline.NO_VERSION
    return Baseline.GOOD if row.had_good else Baseline.NONE
