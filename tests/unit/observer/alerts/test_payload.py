import json
from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from observer.alerts.notify import Event, hearing, notifications
from observer.alerts.payload import Alert, body, incident_url, paragraph
from observer.alerts.webhook import WebhookChannel
from observer.alerts.when import parse_when
from observer.model import Incident, Severity
from orchestration.graph import Graph
from orchestration.model import AssetKey
from tests.unit.observer.alerts.alerting import AT, MADE, assert_golden


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


def test_each_channel_that_accepts_gets_one_message(opened: Alert, graph: Graph) -> None:
    ids = iter(["n1", "n2", "n3"])
    channels = [
        WebhookChannel(name, "http://127.0.0.1:1", "s", parse_when(when, graph))
        for name, when in [("ops", "severity>=error"), ("orders", "asset:weather"), ("all", "")]
    ]
    names = hearing(Event.OPENED, opened.incident, "prod", channels, ())["prod"]
    made = notifications(opened, names, new_id=lambda: next(ids), wall_now=AT)
    assert [(each.id, each.channel) for each in made] == [("n1", "ops"), ("n2", "all")]
    assert {each.payload for each in made} == {body(opened)}
    assert all(each.attempts == 0 and each.delivered_at is None for each in made)
    assert notifications(opened, (), new_id=lambda: next(ids), wall_now=AT) == ()


def test_what_was_built_in_place_is_seen_by_readers_and_said_to_be(opened: Alert) -> None:
    held = replace(opened, built_in_place=True)
    assert "It was built in place, so readers see it." in paragraph(held)
    assert "Readers see up to" not in paragraph(held)
