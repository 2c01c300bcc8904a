"""An audit as it may be kept and shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from observer.model import Audit, CheckOutcome, Column, FailingRows, Observation, Schema
from orchestration.model import Scalar


def without_secrets(audit: Audit, redact: Callable[[str], str]) -> Audit:
    """The audit with texts that may be kept and shown: no secret, and nothing that a database refuses."""
    if not (audit.outcomes or audit.schema or audit.distributions or any(one.reason for one in audit.observations)):
        return audit  # it holds no text

    def clean(text: str) -> str:
        return redact(text).replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()

    def outcome(one: CheckOutcome) -> CheckOutcome:
        evidence: dict[str, Scalar] = {
            clean(name): clean(value) if isinstance(value, str) else value for name, value in one.evidence.items()
        }
        return replace(one, message=clean(one.message), evidence=evidence, sample=one.sample and rows(one.sample))

    def rows(sample: FailingRows) -> FailingRows:
        return FailingRows(
            tuple(map(clean, sample.columns)),
            tuple(tuple(clean(cell) if isinstance(cell, str) else cell for cell in row) for row in sample.rows),
        )

    def observation(one: Observation) -> Observation:
        return one if one.reason is None else replace(one, reason=clean(one.reason))

    def column(one: Column) -> Column:
        return one if one.comment is None else replace(one, comment=clean(one.comment))

    outcomes = tuple(outcome(one) for one in audit.outcomes)
    observations = tuple(observation(one) for one in audit.observations)
    spread = tuple(
        replace(one, top=tuple((clean(value), count) for value, count in one.top)) if one.top else one
        for one in audit.distributions
    )
    schema = None if audit.schema is None else Schema(tuple(column(one) for one in audit.schema.columns))
    cleaned = replace(audit, outcomes=outcomes, observations=observations, distributions=spread, schema=schema)
    return audit if cleaned == audit else cleaned
