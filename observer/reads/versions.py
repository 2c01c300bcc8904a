"""The versions of an asset, newest first, and why each is held or out."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from observer.model import EvaluationStatus, Severity
from observer.reads.ledger import Gate
from observer.reads.model import VersionRow
from observer.reads.states import why
from observer.reads.verdicts import Verdicts
from orchestration.events import EventKind
from orchestration.model import AssetKey, VersionStatus
from orchestration.tables import events, versions

_MOST = 60


def newest(
    connection: Connection, asset: AssetKey, gates: tuple[Gate, ...], verdicts: Verdicts
) -> tuple[VersionRow, ...]:
    """The last versions: two statements. ``gates`` are the decisions on the asset that keep something back."""
    reasons = {gate.materialization_id: why(gate) for gate in gates if gate.reasons}
    found = connection.execute(
        select(versions).where(versions.c.asset == asset).order_by(versions.c.seq.desc()).limit(_MOST)
    ).all()
    said = sentences(connection, asset)
    return tuple(_row(row, said, reasons, verdicts) for row in found)


_DONE = {
    EventKind.VERSION_RELEASED: "released",
    EventKind.VERSION_ROLLED_BACK: "rolled back",
    EventKind.VERSION_DISCARDED: "discarded",
    EventKind.GATE_OVERRIDDEN: "let through",
}


def sentences(connection: Connection, asset: AssetKey) -> dict[str, str]:
    """What people did last with versions of an asset, and why, by version."""
    rows = connection.execute(
        select(events.c.kind, events.c.detail)
        .where(events.c.asset == asset, events.c.kind.in_(_DONE))
        .order_by(events.c.id)
    )
    return {
        str(row.detail["version"]): f"{_DONE[EventKind(row.kind)]} by {row.detail['by']}: {row.detail['reason']}"
        for row in rows
    }


def _row(row: Any, done: dict[str, str], reasons: dict[str, str], verdicts: Verdicts) -> VersionRow:
    return VersionRow(
        id=row.id, partition=row.partition or None, status=row.status, materialized_at=row.materialized_at,
        rows=row.rows, bytes=row.bytes, duration_s=row.duration_s, run_id=row.run_id,
        sentence=done.get(row.id) or reasons.get(row.id) or _held_for(row, verdicts),
    )  # fmt: skip


def _held_for(row: Any, verdicts: Verdicts) -> str:
    """Why a version was held that another one has taken the place of since."""
    if row.status not in (VersionStatus.HELD, VersionStatus.DISCARDED):
        return ""
    bad = (EvaluationStatus.FAILED, EvaluationStatus.UNKNOWN)
    return next(
        (
            v.evaluation.sentence
            for v in verdicts.on(row.seq)
            if v.evaluation.severity is Severity.ERROR and v.evaluation.status in bad
        ),
        "",
    )
