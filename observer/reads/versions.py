"""The versions of an asset, newest first, why each is held or out, and what changed with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from observer.model import EvaluationStatus, Severity
from observer.policy import PROPOSED
from observer.reads.ledger import Gate
from observer.reads.model import VersionRow
from observer.reads.states import why
from observer.reads.verdicts import Verdicts
from observer.schema_changes import of_event
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
    said = told(connection, asset)
    return tuple(_row(row, said, reasons, verdicts) for row in found)


_DONE = {
    EventKind.VERSION_RELEASED: "released",
    EventKind.VERSION_ROLLED_BACK: "rolled back",
    EventKind.VERSION_DISCARDED: "discarded",
    EventKind.GATE_OVERRIDDEN: "let through",
}
_TOLD = (*_DONE, EventKind.SCHEMA_CHANGED, EventKind.VERSION_CHECKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the log tells of versions in words: what people did last with each, and what changed of its schema."""

    done: Mapping[str, str]
    changed: Mapping[str, str]
    proposed: frozenset[str] = frozenset()  # nothing held them any more when their checks were last run

    def of(self, version: str, *, is_held: bool = False) -> str:
        """What people did or could do, or else what changed; nothing of most versions."""
        proposed = "nothing holds it any more, proposed for release" if is_held and version in self.proposed else ""
        return self.done.get(version) or proposed or self.changed.get(version, "")


def told(connection: Connection, asset: AssetKey) -> Told:
    """What the log tells of the versions of an asset: one statement."""
    rows = connection.execute(
        select(events.c.kind, events.c.detail)
        .where(
            events.c.asset == asset, events.c.kind.in_((*_DONE, EventKind.SCHEMA_CHANGED, EventKind.VERSION_CHECKED))
        )
        .order_by(events.c.id)
    )
    done: dict[str, str] = {}
    changes: dict[str, list[str]] = {}
    checked: dict[str, str] = {}
    for kind, detail in rows:
        if kind == EventKind.SCHEMA_CHANGED:
            changes.setdefault(detail["version"], []).append(of_event(detail).change.sentence())
        elif kind == EventKind.VERSION_CHECKED:
            checked[detail["version"]] = detail["outcome"]
        else:
            done[detail["version"]] = f"{_DONE[EventKind(kind)]} by {detail['by']}: {detail['reason']}"
    return Told(
        done=done, changed={version: f"schema changed: {'; '.join(all_)}" for version, all_ in changes.items()},
        proposed=frozenset(version for version, outcome in checked.items() if outcome == PROPOSED),
    )  # fmt: skip


def _row(row: Any, said: Told, reasons: dict[str, str], verdicts: Verdicts) -> VersionRow:
    is_held = row.status == VersionStatus.HELD
    told, held = said.of(row.id, is_held=is_held), reasons.get(row.id) or _held_for(row, verdicts)
    sentence = said.done.get(row.id) or held or told
    if is_held and held and row.id in said.proposed:
        sentence = f"{told}; it was held: {held}"
    return VersionRow(
        id=row.id, partition=row.partition or None, status=row.status, materialized_at=row.materialized_at,
        rows=row.rows, bytes=row.bytes, duration_s=row.duration_s, run_id=row.run_id,
        sentence=sentence,
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
