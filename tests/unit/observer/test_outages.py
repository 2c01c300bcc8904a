"""Channels that keep failing become incidents, which the others tell, on both databases."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from observer.alerts.base import EVERYTHING, Terms
from observer.judging import Observer
from observer.model import Incident, IncidentStatus, Resolution, Severity
from observer.outages import FAILS_FOR, note_outages
from observer.reads.incidents import notified
from observer.store import incident_turns
from observer.store import incidents as incident_store
from observer.store.channel_states import load_all
from observer.store.outbox import StoredOutbox, by_incident
from observer.store.tables import incidents, outbox
from observer.telling import take
from observer.turns import Turn, TurnKind
from observer.waking import wake
from orchestration.clock import Clock
from orchestration.database import reading, writing
from tests.unit.observer.ledger import ledger

START = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass
class Listens:
    """A channel of a name that hears of nothing by itself."""

    name: str
    terms: Terms = EVERYTHING

    def accepts(self, incident: Incident) -> bool:
        return False

    def send(self, notification: object) -> None:
        raise AssertionError("nobody sends here")


class Outages:
    """Three channels, of which ``ops`` has two messages to say."""

    def __init__(self, observer: Observer) -> None:
        self.now = START
        clock = Clock(now=lambda: self.now, wall=lambda: self.now)
        channels = (Listens("ops"), Listens("team"), Listens("night"))
        self.observer = replace(observer, clock=clock, channels=channels, remind_after=timedelta(hours=24))
        self.box = StoredOutbox(observer.engine)
        row = {
            "asset": "orders", "first_partition": "", "last_partition": "", "severity": "error", "status": "open",
            "sentence": "too few", "subjects": [], "affected": [], "opened_at": START, "updated_at": START,
            "assigned": [],
        }  # fmt: skip
        message = {"incident_id": 1, "event": "incident.opened", "channel": "ops", "payload": "{}", "created_at": START}
        with writing(observer.engine) as connection:
            connection.execute(insert(incidents).values(row))
            connection.execute(
                insert(outbox),
                [{**message, "id": name, "attempts": 0, "next_attempt_at": START} for name in ("a", "b")],
            )

    def fail(self, *, times: int = 1, gives_up: bool = False) -> None:
        for _ in range(times):
            self.box.failed("a", "https://hooks answered 500", None if gives_up else START, at=self.now)

    def forward(self, length: timedelta) -> None:
        self.now += length

    def opened(self) -> list[Incident]:
        with reading(self.observer.engine) as connection:
            rows = connection.execute(select(incidents).where(incidents.c.id > 1).order_by(incidents.c.id))
            return [incident_store.incident(row) for row in rows]

    def told(self, number: int) -> list[tuple[str, str]]:
        with reading(self.observer.engine) as connection:
            return [(one.channel, one.event) for one in by_incident(connection, [number])[number]]


@pytest.fixture
def outages(state_url: str) -> Iterator[Outages]:
    with ledger(state_url) as made:
        yield Outages(made.observer)


def test_a_receiver_that_restarts_is_no_incident(outages: Outages) -> None:
    outages.fail(times=8)
    assert note_outages(outages.observer) == 0  # many tries, but soon
    outages.forward(FAILS_FOR)
    outages.box.delivered("a", outages.now)
    outages.fail()
    assert note_outages(outages.observer) == 0
    outages.forward(FAILS_FOR)
    assert note_outages(outages.observer) == 0  # long ago, but one try
    assert outages.opened() == []


def test_it_is_told_by_the_others_and_ends_when_it_delivers(outages: Outages) -> None:
    outages.fail(times=3)
    outages.forward(FAILS_FOR)
    assert note_outages(outages.observer) == 1
    assert note_outages(outages.observer) == 0
    [one] = outages.opened()
    assert (one.asset, one.subjects, one.severity) == ("channel ops", ("delivery",), Severity.ERROR)
    assert one.sentence == "messages to this channel have failed for 10 min: https://hooks answered 500"
    assert outages.told(one.id) == [("team", "incident.opened"), ("night", "incident.opened")]
    with reading(outages.observer.engine) as connection:
        assert incident_turns.of_incident(connection, one.id)[0].by == "alerts"
    outages.box.delivered("b", outages.now)
    assert note_outages(outages.observer) == 1
    [one] = outages.opened()
    assert (one.status, one.resolved_as) == (IncidentStatus.RESOLVED, Resolution.PASSED)
    assert one.resolution == "the channel delivers again"
    assert sorted(outages.told(one.id))[1] == ("night", "incident.resolved")
    assert note_outages(outages.observer) == 0
    with reading(outages.observer.engine) as connection:
        assert load_all(connection, "")["ops"].incident_id is None


def test_a_message_given_up_is_one_at_once(outages: Outages) -> None:
    outages.fail(gives_up=True)
    assert note_outages(outages.observer) == 1
    assert outages.opened()[0].sentence.startswith("a message to this channel was given up: https://hooks")


def test_whom_a_person_has_told_that_it_is_over_hears_it_once(outages: Outages) -> None:
    """What is said to be no action is not opened again before the channel has delivered and failed anew."""
    outages.fail(gives_up=True)
    note_outages(outages.observer)
    with writing(outages.observer.engine) as connection:
        turn = Turn(kind=TurnKind.RESOLVED, at=outages.now, by="ana", reason="known", resolved_as=Resolution.NO_ACTION)
        take(connection, outages.observer, outages.opened()[0], turn)
    outages.fail(times=5)
    outages.forward(timedelta(hours=1))
    assert note_outages(outages.observer) == 0
    outages.box.delivered("b", outages.now)
    assert note_outages(outages.observer) == 1
    with writing(outages.observer.engine) as connection:
        connection.execute(outbox.update().where(outbox.c.id == "a").values(next_attempt_at=START))
    outages.fail(gives_up=True)
    assert note_outages(outages.observer) == 1
    assert len(outages.opened()) == 2


def test_a_channel_that_is_configured_no_more_is_no_incident_any_more(outages: Outages) -> None:
    outages.fail(gives_up=True)
    note_outages(outages.observer)
    left = replace(outages.observer, channels=(Listens("team"),))
    assert note_outages(left) == 1
    assert outages.opened()[0].resolution == "the channel was taken out of the environment"
    assert note_outages(left) == 0


def test_environments_that_share_the_state_have_channels_of_their_own(outages: Outages) -> None:
    engine, here = outages.observer.engine, replace(outages.observer, environment="prod")
    there = replace(outages.observer, environment="local", channels=(Listens("ops"),))
    with writing(engine) as connection:
        connection.execute(outbox.update().where(outbox.c.id == "a").values(environment="prod"))
        connection.execute(outbox.update().where(outbox.c.id == "b").values(environment="local"))
    prod, local = StoredOutbox(engine, "prod"), StoredOutbox(engine, "local")
    assert [one.id for one in prod.claim_due("ops", START, limit=9, claim_s=60)] == ["a"]
    assert [one.id for one in local.claim_due("ops", START, limit=9, claim_s=60)] == ["b"]
    prod.failed("a", "https://hooks answered 500", None, at=outages.now)
    assert (prod.counts().given_up, local.counts().given_up) == (1, 0)
    assert note_outages(there) == 0
    assert note_outages(here) == 1
    assert outages.opened()[0].sentence == (
        "a message to this channel of the environment prod was given up: https://hooks answered 500"
    )
    local.delivered("b", outages.now)
    assert note_outages(replace(there, channels=())) == 0, "it isn't the one that was taken out"
    [one] = outages.opened()
    with writing(engine) as connection:
        turn = Turn(kind=TurnKind.RESOLVED, at=outages.now, by="ana", reason="known", resolved_as=Resolution.NO_ACTION)
        take(connection, there, one, turn)
    with reading(engine) as connection:
        told = by_incident(connection, [one.id])[one.id]
    assert {(message.channel, message.event, message.environment) for message in told} == {
        (name, event, "prod") for name in ("team", "night") for event in ("incident.opened", "incident.resolved")
    }


def test_an_open_incident_that_nobody_heard_of_is_said_again(outages: Outages) -> None:
    """Suppression begins with a delivery: what was given up counts as not said."""
    outages.fail(gives_up=True)
    outages.box.failed("b", "answered 500", None, at=outages.now)
    hears = Listens("ops")
    hears.accepts = lambda incident: True  # type: ignore[method-assign]
    observer = replace(outages.observer, channels=(hears,))
    outages.forward(timedelta(hours=23))
    assert wake(observer) == 0
    outages.forward(timedelta(hours=2))
    assert wake(observer) == 1
    assert wake(observer) == 0  # it waits to be delivered
    assert outages.told(1)[-1] == ("ops", "incident.reminder")
    with reading(observer.engine) as connection:
        assert "waits" in notified(by_incident(connection, [1])[1], outages.now, UTC)  # type: ignore[arg-type]
