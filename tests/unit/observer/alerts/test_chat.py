"""What services for people receive, by a real receiver: their documented JSON, in which data disguises nothing."""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from observer.alerts.base import Busy, Limit, Refused
from observer.alerts.chat import PostingChannel
from observer.alerts.folding import folded
from observer.alerts.message import read
from observer.alerts.pagerduty import PagerDutyChannel
from observer.alerts.payload import Alert, body
from observer.alerts.slack import SlackChannel
from observer.alerts.teams import TeamsChannel
from observer.alerts.trial import trial
from observer.model import Incident, Notification
from orchestration.model import AssetKey
from tests.support.receiver import Receiver
from tests.unit.observer.alerts.alerting import AT, MADE, assert_golden

KEY = "R0UT1NGK3Y"
MAKE: Mapping[str, Callable[[str], PostingChannel]] = {
    "slack": lambda url: SlackChannel("ops", url),
    "teams": lambda url: TeamsChannel("ops", url),
    "pagerduty": lambda url: PagerDutyChannel("ops", KEY, "shop-prod", url),
}
LARGEST = {"slack": 40_000, "teams": 28_000, "pagerduty": 512_000}


def send(kind: str, receiver: Receiver, message: Notification) -> dict[str, Any]:
    MAKE[kind](receiver.url).send(message)
    request = receiver.requests[-1]
    assert (request.method, request.headers["content-type"]) == ("POST", "application/json")
    received: dict[str, Any] = json.loads(request.body)
    return received


@pytest.mark.parametrize("kind", sorted(MAKE))
@pytest.mark.parametrize("event", ["opened", "resolved"])
def test_what_is_received_is_the_golden_one(
    receiver: Receiver, message: Notification, opened: Alert, kind: str, event: str
) -> None:
    received = send(kind, receiver, replace(message, payload=body(MADE[event](opened))))
    assert_golden(f"{kind}_{event}.json", json.dumps(received, indent=2, ensure_ascii=False) + "\n")


@pytest.mark.parametrize("kind", ["slack", "teams"])
def test_folded_messages_are_named_one_by_one(
    receiver: Receiver, message: Notification, opened: Alert, kind: str
) -> None:
    some = [replace(message, id=f"msg_{n}", payload=body(MADE["opened"](opened))) for n in range(15)]
    received = json.dumps(send(kind, receiver, folded(some, Limit(2, 60.0), AT)), ensure_ascii=False)
    assert "flights 2013-02-08 is held, and 14 more" in received
    assert received.count("flights 2013-02-08 is held") >= 15


@pytest.mark.parametrize("kind", sorted(MAKE))
def test_a_hundred_at_once_are_named_as_far_as_the_service_takes_them(
    receiver: Receiver, message: Notification, opened: Alert, kind: str
) -> None:
    """Each within its limits, in any script, and with the page of those that are not named."""
    said = "欠損率が高い" * 2000
    long = replace(opened.incident, sentence=said, asset=AssetKey("&" * 400), subjects=("列" * 900,) * 900)
    alert = replace(opened, incident=long, owners=tuple(f"{n}@example.com" for n in range(400)))
    some = [replace(message, id=f"msg_{n}", payload=body(MADE["opened"](alert))) for n in range(100)]
    received = json.dumps(send(kind, receiver, folded(some, Limit(2, 60.0), AT)), ensure_ascii=False)
    assert len(receiver.requests[-1].body) <= LARGEST[kind]
    assert "80 more" in received
    assert "http://127.0.0.1:8000/incidents" in received
    send(kind, receiver, some[0])
    assert len(receiver.requests[-1].body) <= LARGEST[kind]
    for request in receiver.requests if kind == "slack" else ():
        blocks = json.loads(request.body)["blocks"]
        texts = [block["text"]["text"] for block in blocks if "text" in block]
        fields = [each["text"] for block in blocks for each in block.get("fields", ())]
        assert (len(blocks) <= 50, max(map(len, texts)) <= 3000, max(map(len, fields)) <= 2000) == (True, True, True)


def test_an_incident_is_one_alert_in_pagerduty(receiver: Receiver, message: Notification, opened: Alert) -> None:
    sent = [
        send("pagerduty", receiver, replace(message, payload=body(MADE[event](opened))))
        for event in ("opened", "worse", "reminder", "resolved", "reopened")
    ]
    assert {one["dedup_key"] for one in sent} == {"tidegate/shop-prod/incident/1"}
    assert [one["event_action"] for one in sent] == ["trigger", "trigger", "trigger", "resolve", "trigger"]
    assert {one["routing_key"] for one in sent} == {KEY}


@pytest.mark.parametrize("kind", sorted(MAKE))
def test_no_value_can_mention_anybody_disguise_a_link_or_grow_too_large(
    receiver: Receiver, message: Notification, incident: Incident, kind: str
) -> None:
    evil = "<!channel> [free money](https://evil.example) <https://evil.example|click> \ud800" + "x" * 50_000
    wrong = replace(incident, sentence=evil, assigned=(evil,) * 3, affected=(evil,) * 30)  # type: ignore[arg-type]
    alert = Alert(event="incident.opened", at=AT, incident=wrong, owners=(evil,), suspects=(evil,))
    received = send(kind, receiver, replace(message, payload=body(alert).replace("\ud800", "\\ud800")))
    assert len(receiver.requests[-1].body) < LARGEST[kind]
    if kind == "slack":
        marked = [received["text"], *(f["text"] for b in received["blocks"] for f in b.get("fields", ()))]
        assert not [text for text in marked if "<" in text]
        assert {b["text"]["type"] for b in received["blocks"] if "text" in b} == {"plain_text"}
    if kind == "teams":
        card = received["attachments"][0]["content"]
        assert {block["type"] for block in card["body"]} == {"RichTextBlock"}  # which knows no Markdown
    if kind == "pagerduty":
        assert len(received["payload"]["summary"]) <= 1024


@pytest.mark.parametrize("kind", sorted(MAKE))
def test_what_an_answer_means_is_what_it_means_to_a_webhook(
    receiver: Receiver, message: Notification, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    channel = MAKE[kind](receiver.url + "/T0K3N")
    receiver.fail(1, 429, {"retry-after": "30"})
    with pytest.raises(Busy) as busy:
        channel.send(message)
    assert busy.value.wait_s == 30.0
    receiver.fail(1, 404)
    with pytest.raises(Refused) as refused:
        channel.send(message)
    texts = [str(busy.value), str(refused.value), repr(channel), *caplog.messages]
    assert not [text for text in texts if "T0K3N" in text or KEY in text]


@pytest.mark.parametrize("kind", sorted(MAKE))
def test_a_test_message_says_that_it_is_one(receiver: Receiver, kind: str) -> None:
    assert "nothing is wrong" in json.dumps(send(kind, receiver, trial("ops", AT)))


def test_a_body_of_an_earlier_version_is_read() -> None:
    old = read('{"type":"incident.opened","version":1,"data":{"incident_id":3,"asset":"orders","sentence":"too few"}}')
    assert (old.title, old.sentence, old.incident, old.facts) == ("orders", "too few", 3, ())
    assert read('{"type":"incident.opened"}').sentence == "incident.opened"
