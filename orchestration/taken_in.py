"""Logging versions that others have made and published: nothing of ours is in storage, so the verdict is all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from orchestration import log
from orchestration.gate import Recorder, Ruling
from orchestration.io.base import OBSERVED
from orchestration.log import NewVersion
from orchestration.model import Address, GateDecision, GateOutcome, Materialization, VersionStatus
from orchestration.tables import versions


@dataclass(frozen=True, slots=True)
class Known:
    """A version that is in the log already."""

    address: Address
    status: VersionStatus


def known_among(connection: Connection, ids: Collection[str]) -> dict[str, Known]:
    """The versions of these ids that are in the log already."""
    columns = (versions.c.id, versions.c.asset, versions.c.partition, versions.c.status)
    rows = connection.execute(select(*columns).where(versions.c.id.in_(sorted(ids)))) if ids else ()
    return {row.id: Known(Address(row.asset, row.partition or None), VersionStatus(row.status)) for row in rows}


def log_taken_in(connection: Connection, judged: Sequence[tuple[Materialization, Ruling]], at: datetime) -> None:
    """Log versions with what the gate said of them: those that it lets through are what readers see from now on."""
    new = [
        NewVersion(made=made, status=_status(ruling.decision), format=OBSERVED, inputs=()) for made, ruling in judged
    ]
    logged = log.add_versions(connection, new)
    decisions: dict[str, list[GateDecision]] = {}
    recorders: dict[Recorder, list[tuple[Ruling, int]]] = {}
    for (made, ruling), version in zip(judged, logged, strict=True):
        decisions.setdefault(made.run_id, []).append(ruling.decision)
        recorders.setdefault(ruling.record, []).append((ruling, version.seq))
    log.save_decisions(connection, decisions)
    for record, rulings in recorders.items():
        record(connection, rulings)
    held = [version for version in logged if version.status is VersionStatus.HELD]
    published = [version for version in logged if version.status is not VersionStatus.HELD]
    if held:
        log.hold(connection, held, at)
    if published:
        log.publish(connection, published, at)


def _status(decision: GateDecision) -> VersionStatus:
    return VersionStatus.HELD if decision.outcome is GateOutcome.HELD else VersionStatus.PUBLISHING
