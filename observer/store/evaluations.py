"""Evaluations: appended with the verdict, never changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from detectors.model import Detection, DetectionStatus, Direction
from observer.model import Evaluation, EvaluationStatus, FailingRows, Severity, SubjectKind
from observer.store.tables import evaluations
from orchestration.bulk import Bulk
from orchestration.model import AssetKey


def save(connection: Connection, judged: Iterable[tuple[Sequence[Evaluation], int, datetime]]) -> None:
    """Append the evaluations of some versions, each with its ``versions.seq`` and data time."""
    rows = [_row(e, version_seq, data_at) for evaluated, version_seq, data_at in judged for e in evaluated]
    _ADD.run(connection, rows)


_ADD = Bulk(insert(evaluations))


def _row(evaluation: Evaluation, version_seq: int, data_at: datetime) -> dict[str, Any]:
    row: dict[str, Any] = {
        "asset": evaluation.asset, "partition": evaluation.partition or "",
        "materialization_id": evaluation.materialization_id, "version_seq": version_seq, "data_at": data_at,
        "kind": evaluation.kind.value, "subject": evaluation.subject, "severity": evaluation.severity.value,
        "status": evaluation.status.value, "sentence": evaluation.sentence, "evaluated_at": evaluation.evaluated_at,
        "observed": evaluation.observed, "evidence": dict(evaluation.evidence), "muted": evaluation.muted or None,
        "sample": None if evaluation.sample is None else asdict(evaluation.sample),
    }  # fmt: skip
    found = evaluation.detection
    if found is None:
        return row | _NO_DETECTION
    for name in _NUMBERS:
        row[name] = getattr(found, name)
    row["detection_status"], row["direction"] = found.status.value, found.direction.value
    return row


_NUMBERS = (
    "score", "p_value", "min_p_value", "alpha", "lower", "expected", "upper", "detector",
    "trained_from", "trained_to", "n_train", "runs_needed",
)  # fmt: skip
_NO_DETECTION = dict.fromkeys((*_NUMBERS, "detection_status", "direction"))


def evaluation(row: Any) -> Evaluation:
    """The record that a row of the table holds."""
    detection = None
    if row.detection_status is not None:
        detection = Detection(
            status=DetectionStatus(row.detection_status), direction=Direction(row.direction),
            **{name: getattr(row, name) for name in _NUMBERS},
        )  # fmt: skip
    return Evaluation(
        asset=AssetKey(row.asset), partition=row.partition or None, materialization_id=row.materialization_id,
        kind=SubjectKind(row.kind), subject=row.subject, severity=Severity(row.severity),
        status=EvaluationStatus(row.status), sentence=row.sentence, evaluated_at=row.evaluated_at,
        observed=row.observed, detection=detection, evidence=row.evidence, muted=row.muted or "",
        sample=_sample(row.sample),
    )  # fmt: skip


def _sample(kept: Any) -> FailingRows | None:
    return None if kept is None else FailingRows(tuple(kept["columns"]), tuple(map(tuple, kept["rows"])))
