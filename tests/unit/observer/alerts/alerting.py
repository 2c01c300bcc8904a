"""What is said of one incident, event by event, and the golden files of how."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from observer.alerts.payload import Alert
from observer.model import IncidentStatus, Resolution
from tests.support.repository import ROOT

GOLDEN = ROOT / "tests" / "golden" / "alerts"
AT = datetime(2013, 2, 9, 6, 0, tzinfo=UTC)


def assert_golden(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), "set UPDATE_GOLDEN=1 where the change is meant"


def resolved(alert: Alert) -> Alert:
    incident = replace(
        alert.incident,
        status=IncidentStatus.RESOLVED,
        resolved_at=AT + timedelta(hours=5),
        resolution="released by ops: a blizzard",
        resolved_as=Resolution.RELEASED,
    )
    return replace(alert, event="incident.resolved", at=AT + timedelta(hours=5), incident=incident, gate=None)


def worse(alert: Alert) -> Alert:
    incident = replace(alert.incident, assigned=("ana@example.com",), revision=3)
    return replace(alert, event="incident.worse", incident=incident, owners=incident.assigned)


MADE: dict[str, Callable[[Alert], Alert]] = {
    "opened": lambda alert: replace(
        alert, owners=("ops@example.com",),
        suspects=("weather_raw 2013-02-08: 12 rows, 72 rows are usual", "flights 2013-02-08: its code changed"),
    ),
    "resolved": resolved,
    "worse": worse,
    "reopened": lambda alert: replace(alert, event="incident.reopened"),
    "reminder": lambda alert: replace(alert, event="incident.reminder", at=AT + timedelta(days=1)),
}  # fmt: skip
