import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from observer.alerts.notify import Event, hearing, notifications
from observer.alerts.payload import Alert, body, incident_url, paragraph
from observer.alerts.webhook import WebhookChannel
from observer.alerts.when import parse_when
from observer.model import Incident, IncidentStatus, Resolution, Severity
from orchestration.model import AssetKey, GateDecision, GateOutcome

GOLDEN = Path(__file__).parents[3] / "golden" / "alerts"
AT = datetime(2013, 2, 9, 6, 0, tzinfo=UTC)


@pytest.fixture
def opened(incident: Incident) -> Alert:
    gate = GateDecision(
        asset=incident.asset,
        partition="2013-02-08",
        materialization_id="m-38",
        outcome=GateOutcome.HELD,
        reasons=(incident.sentence,),
        holds=("null_rate(dep_time)",),
        decided_at=AT,
        by="policy",
    )
    return Alert(
        event="incident.opened",
        at=AT,
        incident=incident,
        gate=gate,
        last_good="2013-02-07",
        dashboard_url="http://127.0.0.1:8000",
    )


def resolved(alert: Alert) -> Alert:
    incident = replace(
        alert.incident,
        status=IncidentStatus.RESOLVED,
        resolved_at=AT + timedelta(hours=5),
        resolution="released by ops: a blizzard",
        resolved_as=Resolution.RELEASED,
    )
    return replace(alert, event="incident.resolved", at=AT + timedelta(hours=5), incident=incident, gate=None)


def assert_golden(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), "set UPDATE_GOLDEN=1 where the change is meant"


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


@pytest.mark.parametrize("event", sorted(MADE))
def test_payload_is_the_golden_one(opened: Alert, event: str) -> None:
    alert = MADE[event](opened)
    pretty = json.dumps(json.loads(body(alert)), indent=2, ensure_ascii=False)
    assert_golden(f"incident_{event}.json", pretty + "\n")
    assert_golden(f"incident_{event}.txt", paragraph(alert) + "\n")


def test_the_body_is_one_line_and_always_the_same(opened: Alert) -> None:
    assert body(opened) == body(opened)
    assert "\n" not in body(opened)
    assert list(json.loads(body(opened))) == ["type", "version", "timestamp", "data"]


def test_instants_are_utc_whatever_they_came_as(opened: Alert) -> None:
    here = opened.at.astimezone(timezone(timedelta(hours=-5)))
    assert json.loads(body(replace(opened, at=here)))["timestamp"] == "2013-02-09T06:00:00Z"


def test_an_asset_without_partitions_gate_or_dashboard(incident: Incident) -> None:
    plain = replace(
        incident,
        first_partition=None,
        last_partition=None,
        severity=Severity.WARN,
        affected=(),
        sentence="x.",
    )
    alert = Alert(event="incident.opened", at=AT, incident=plain)
    data = json.loads(body(alert))["data"]
    assert data["held"] is False
    assert (data["gate"], data["url"], data["partition"], data["last_good"]) == (None, None, None, None)
    assert paragraph(alert) == "flights has an incident (warn): x. Incident #1 since 2013-02-09 06:00 UTC."


def test_many_affected_are_counted_and_few_named(opened: Alert) -> None:
    many = replace(opened.incident, affected=tuple(AssetKey(f"a{n}") for n in range(12)))
    said = paragraph(replace(opened, incident=many, last_good=None))
    assert "12 assets are blocked downstream: a0, a1, a2, a3, a4 and 7 more." in said
    assert "Readers have no version yet." in said


def test_an_address_with_a_password_is_not_repeated() -> None:
    url = incident_url("https://me:hunter2@dq.example.com:8443/base/?token=abc", 7)
    assert url == "https://dq.example.com:8443/base/incidents/7"


def test_each_channel_that_accepts_gets_one_message(opened: Alert) -> None:
    ids = iter(["n1", "n2", "n3"])
    channels = [
        WebhookChannel(name, "http://127.0.0.1:1", "s", parse_when(when))
        for name, when in [("ops", "severity>=error"), ("orders", "asset:orders"), ("all", "")]
    ]
    names = hearing(Event.OPENED, opened.incident, channels, ())
    made = notifications(opened, names, new_id=lambda: next(ids), wall_now=AT)
    assert [(each.id, each.channel) for each in made] == [("n1", "ops"), ("n2", "all")]
    assert {each.payload for each in made} == {body(opened)}
    assert all(each.attempts == 0 and each.delivered_at is None for each in made)
    assert notifications(opened, (), new_id=lambda: next(ids), wall_now=AT) == ()


def test_what_was_built_in_place_is_seen_by_readers_and_said_to_be(opened: Alert) -> None:
    held = replace(opened, built_in_place=True)
    assert "It was built in place, so readers see it." in paragraph(held)
    assert "Readers see up to" not in paragraph(held)
