"""What happened to runs, steps, versions and gates: the closed set of events of the append-only log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from orchestration.model import Address, Scalar


class EventKind(StrEnum):
    RUN_ASKED = "run.asked"
    RUN_STARTED = "run.started"
    RUN_CANCEL_ASKED = "run.cancel_asked"
    RUN_ENDED = "run.ended"
    STEP_ENDED = "step.ended"
    STEP_LEFT_OUT = "step.left_out"
    VERSION_JUDGED = "version.judged"
    VERSION_PUBLISHED = "version.published"
    VERSION_HELD = "version.held"
    VERSION_CHECKED = "version.checked"
    VERSION_MEASURED = "version.measured"
    VERSION_RELEASED = "version.released"
    VERSION_ROLLED_BACK = "version.rolled_back"
    VERSION_DISCARDED = "version.discarded"
    VERSIONS_REMOVED = "versions.removed"
    GATE_OVERRIDDEN = "gate.overridden"
    HOLD_OVERRIDDEN = "hold.overridden"
    CHECK_MUTED = "check.muted"
    CHECK_UNMUTED = "check.unmuted"
    SCHEMA_CHANGED = "schema.changed"
    SOURCE_OBSERVED = "source.observed"
    EXTERNAL_STARTED = "external.started"
    EXTERNAL_FAILED = "external.failed"
    FEEDBACK_GIVEN = "feedback.given"
    FEEDBACK_TAKEN_BACK = "feedback.taken_back"
    SCHEDULE_PAUSED = "schedule.paused"
    SCHEDULE_RESUMED = "schedule.resumed"
    INCIDENT_CHANGED = "incident.changed"


PASSING = (
    EventKind.RUN_ASKED, EventKind.RUN_STARTED, EventKind.RUN_CANCEL_ASKED, EventKind.RUN_ENDED, EventKind.STEP_ENDED,
    EventKind.VERSION_JUDGED, EventKind.VERSION_MEASURED, EventKind.VERSION_HELD, EventKind.EXTERNAL_STARTED,
    EventKind.EXTERNAL_FAILED, EventKind.INCIDENT_CHANGED,
)  # fmt: skip
"""What only those read who follow the log: what came of it is in tables of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One fact; ``detail`` holds what the kind needs and nothing secret."""

    at: datetime
    kind: EventKind
    run_id: str | None = None
    address: Address | None = None
    detail: Mapping[str, Scalar] = field(default_factory=dict)
