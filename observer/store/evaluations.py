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
    """The record that a row holds which begins with the columns of the table: pages read them by the thousand."""
    (
        _, asset, partition, materialization_id, _, _, kind, subject, severity, status, sentence, evaluated_at,
        observed, detection_status, score, p_value, min_p_value, alpha, lower, expected, upper, direction, detector,
        trained_from, trained_to, n_train, runs_needed, evidence, muted, sample,
    ) = row[:_WIDTH]  # fmt: skip
    detection = None
    if detection_status is not None:
        detection = Detection(
            status=_FOUND[detection_status], score=score, p_value=p_value, lower=lower, expected=expected, upper=upper,
            direction=_DIRECTIONS[direction], detector=detector, trained_from=trained_from, trained_to=trained_to,
            n_train=n_train, runs_needed=runs_needed, min_p_value=min_p_value, alpha=alpha,
        )  # fmt: skip
    return Evaluation(
        asset=asset, partition=partition or None, materialization_id=materialization_id, kind=_KINDS[kind],
        subject=subject, severity=_SEVERITIES[severity], status=_STATUSES[status], sentence=sentence,
        evaluated_at=evaluated_at, observed=observed, detection=detection, evidence=evidence, muted=muted or "",
        sample=None if sample is None else _sample(sample),
    )  # fmt: skip


_WIDTH = len(evaluations.c)
_FOUND, _DIRECTIONS = {each.value: each for each in DetectionStatus}, {each.value: each for each in Direction}
_KINDS, _SEVERITIES = {each.value: each for each in SubjectKind}, {each.value: each for each in Severity}
_STATUSES = {each.value: each for each in EvaluationStatus}


def _sample(kept: Any) -> FailingRows:
    return FailingRows(tuple(kept["columns"]), tuple(map(tuple, kept["rows"])))
