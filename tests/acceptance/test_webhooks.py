"""Outbox, delivery and webhook together: a real database, a real receiver, real processes that die."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, select
from standardwebhooks import Webhook

from observer.alerts.base import OutboxCounts
from observer.alerts.notify import notifications
from observer.alerts.outbox import Sender, deliver_due
from observer.alerts.payload import Alert, body
from observer.alerts.webhook import WebhookChannel
from observer.errors import StateError
from observer.model import Incident, IncidentStatus, Notification, Severity
from observer.store.outbox import StoredOutbox, by_incident, claim_due, delivered, enqueue, failed, waiting
from observer.store.tables import incidents, outbox
from orchestration.model import AssetKey
from orchestration.tables import metadata
from tests.support.receiver import Receiver

ROOT = Path(__file__).parents[2]
SECRET = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"
DATA_TIME = datetime(2013, 2, 9, 6, 0, tzinfo=UTC)
INCIDENT = Incident(
    id=1,
    asset=AssetKey("flights"),
    first_partition="2013-02-08",
    last_partition="2013-02-08",
    severity=Severity.ERROR,
    status=IncidentStatus.OPEN,
    sentence="dep_time null rate 50.8 %, expected 0–9.4 %",
    subjects=("null_rate(dep_time)",),
    affected=(),
    opened_at=DATA_TIME,
    updated_at=DATA_TIME,
)
ALERT = Alert(event="incident.opened", at=DATA_TIME, incident=INCIDENT)


class Wall:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def engine(state_url: str) -> Iterator[Engine]:
    engine = create_engine(state_url)
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(
            incidents.insert(),
            {
                "id": INCIDENT.id,
                "asset": INCIDENT.asset,
                "first_partition": INCIDENT.first_partition,
                "last_partition": INCIDENT.last_partition,
                "severity": INCIDENT.severity.value,
                "status": INCIDENT.status.value,
                "sentence": INCIDENT.sentence,
                "subjects": list(INCIDENT.subjects),
                "affected": [],
                "opened_at": DATA_TIME,
                "updated_at": DATA_TIME,
            },
        )
    yield engine
    engine.dispose()


@pytest.fixture
def channel(receiver: Receiver) -> WebhookChannel:
    return WebhookChannel("ops", receiver.url, SECRET)


@pytest.fixture
def wall() -> Wall:
    return Wall()


def put(engine: Engine, channel: WebhookChannel, *ids: str, at: datetime = DATA_TIME) -> None:
    made = [
        notification
        for name in ids
        for notification in notifications(ALERT, (channel.name,), new_id=lambda name=name: name, wall_now=at)
    ]
    with engine.begin() as connection:
        enqueue(connection, made)


def counts(engine: Engine) -> OutboxCounts:
    with engine.connect() as connection:
        return waiting(connection, "")


def stored(engine: Engine) -> dict[str, Notification]:
    with engine.connect() as connection:
        return {each.id: each for each in by_incident(connection, [1])[1]}


def test_body_headers_and_signature(engine: Engine, receiver: Receiver, channel: WebhookChannel, wall: Wall) -> None:
    put(engine, channel, "msg_1")
    report = deliver_due(StoredOutbox(engine), [channel], wall)
    assert (report.delivered, report.failed, report.waiting) == (1, 0, 0)
    [request] = receiver.requests
    assert request.headers["webhook-id"] == "msg_1"
    assert request.body == body(ALERT).encode()
    assert Webhook(SECRET).verify(request.body, request.headers)["data"]["asset"] == "flights"
    message = stored(engine)["msg_1"]
    assert (message.delivered_at, message.attempts, message.next_attempt_at) == (wall.now, 1, None)
    assert counts(engine) == OutboxCounts(waiting=0, failing=0, given_up=0)


def test_said_only_if_the_transaction_commits(engine: Engine, channel: WebhookChannel, wall: Wall) -> None:
    made = notifications(ALERT, (channel.name,), new_id=lambda: "msg_1", wall_now=DATA_TIME)
    with engine.connect() as connection:
        enqueue(connection, made)
        enqueue(connection, ())
        connection.rollback()
    assert claim_due(engine, "ops", wall(), 10, 60) == ()
    assert StoredOutbox(engine).due(wall()) == ()
    assert stored(engine) == {}


def test_a_receiver_that_stops_and_starts_again(
    engine: Engine, receiver: Receiver, channel: WebhookChannel, wall: Wall
) -> None:
    ids = [f"msg_{number}" for number in range(5)]
    put(engine, channel, *ids)
    receiver.stop()
    box = StoredOutbox(engine)
    first = deliver_due(box, [channel], wall)
    assert (first.delivered, first.failed, first.waiting) == (
        0,
        1,
        5,
    )  # nobody listens: the others are not tried
    [tried] = [message for message in stored(engine).values() if message.attempts]
    assert "refused" in (tried.last_error or "")
    assert tried.next_attempt_at is not None
    assert 4 <= (tried.next_attempt_at - wall.now).total_seconds() <= 6
    assert counts(engine) == OutboxCounts(waiting=5, failing=1, given_up=0)
    for _ in range(12):
        wall.forward(1)
        deliver_due(box, [channel], wall)
    receiver.start()
    receiver.fail(3)
    for _ in range(8):
        wall.forward(60)
        deliver_due(box, [channel], wall)
    assert Counter(request.headers["webhook-id"] for request in receiver.accepted) == Counter(ids)
    assert {request.body for request in receiver.requests} == {body(ALERT).encode()}
    assert counts(engine) == OutboxCounts(waiting=0, failing=0, given_up=0)
    assert all(message.last_error is None for message in stored(engine).values())


@pytest.mark.slow
def test_three_days_of_tries_end_in_a_dead_letter(
    engine: Engine, receiver: Receiver, channel: WebhookChannel, wall: Wall
) -> None:
    put(engine, channel, "msg_1")
    receiver.fail(1000, 500)
    start = wall.now
    box = StoredOutbox(engine)
    while box.counts().waiting:
        at = stored(engine)["msg_1"].next_attempt_at
        assert at is not None
        wall.now = max(wall.now, at)
        deliver_due(box, [channel], wall)
        assert wall.now - start < timedelta(days=5)
    assert timedelta(days=2.5) < wall.now - start < timedelta(days=3.5)
    assert counts(engine) == OutboxCounts(waiting=0, failing=1, given_up=1)
    assert "given up after" in (stored(engine)["msg_1"].last_error or "")
    assert {request.headers["webhook-id"] for request in receiver.requests} == {"msg_1"}


def test_a_claim_keeps_others_away_until_it_ends(engine: Engine, channel: WebhookChannel, wall: Wall) -> None:
    put(engine, channel, "msg_1", "msg_2", "msg_3")
    assert StoredOutbox(engine).due(wall()) == ("ops",)
    assert claim_due(engine, "other", wall(), 2, 60) == ()
    first = claim_due(engine, "ops", wall(), 2, 60)
    second = claim_due(engine, "ops", wall(), 2, 60)
    assert [message.id for message in first] == ["msg_1", "msg_2"]
    assert [message.id for message in second] == ["msg_3"]
    wall.forward(59)
    assert (StoredOutbox(engine).due(wall()), claim_due(engine, "ops", wall(), 5, 60)) == ((), ())
    wall.forward(1)
    assert len(claim_due(engine, "ops", wall(), 5, 60)) == 3


def test_delivered_is_final(engine: Engine, channel: WebhookChannel, wall: Wall) -> None:
    put(engine, channel, "msg_1")
    at = wall()
    delivered(engine, "msg_1", at)
    wall.forward(5)
    delivered(engine, "msg_1", wall())
    failed(engine, "msg_1", "too late", wall(), at=wall())
    message = stored(engine)["msg_1"]
    assert (message.delivered_at, message.last_error, message.attempts) == (at, None, 1)


def test_by_incident_answers_for_each(engine: Engine, channel: WebhookChannel) -> None:
    put(engine, channel, "msg_1")
    with engine.connect() as connection:
        found = by_incident(connection, range(1, 1200))
    assert len(found) == 1199
    assert [message.id for message in found[1]] == ["msg_1"]
    assert found[2] == ()


def test_a_crash_between_send_and_mark(
    engine: Engine, state_url: str, receiver: Receiver, channel: WebhookChannel, wall: Wall
) -> None:
    put(engine, channel, "msg_1")
    with run(CRASH, state_url, receiver.url) as crashed:
        _, err = crashed.communicate(timeout=60)
    assert crashed.returncode == 9, err
    assert len(receiver.accepted) == 1
    box = StoredOutbox(engine)
    assert deliver_due(box, [channel], wall).delivered == 0  # still claimed by the one that died
    wall.forward(120)
    assert deliver_due(box, [channel], wall).delivered == 1
    first, second = receiver.accepted
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == "msg_1"
    assert first.body == second.body


@pytest.mark.slow
def test_two_processes_lose_nothing(
    engine: Engine, state_url: str, receiver: Receiver, channel: WebhookChannel
) -> None:
    ids = {f"msg_{number:02}" for number in range(50)}
    put(engine, channel, *ids)
    processes = [run(DRAIN, state_url, receiver.url) for _ in range(2)]
    for process in processes:
        with process:
            _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    seen = Counter(request.headers["webhook-id"] for request in receiver.accepted)
    assert set(seen) == ids
    assert max(seen.values()) == 1  # nothing crashed, so nothing had to be said twice
    assert counts(engine).waiting == 0


def test_the_sender_notices_by_itself(engine: Engine, receiver: Receiver, channel: WebhookChannel) -> None:
    receiver.fail(1, 200)
    with Sender(StoredOutbox(engine), [channel], lambda: datetime.now(UTC), interval_s=0.02):
        put(engine, channel, "msg_1")
        receiver.wait_for(1)
        put(engine, channel, "msg_2")
        receiver.wait_for(2)
    assert counts(engine).waiting == 0


@pytest.mark.parametrize(
    "ask",
    [
        lambda box, at: box.due(at),
        lambda box, at: box.claim_due("ops", at, limit=1, claim_s=60),
        lambda box, at: box.delivered("x", at),
        lambda box, at: box.failed("x", "no", at, at=at),
        lambda box, at: box.postponed("x", "no", at),
        lambda box, at: box.counts(),
    ],
)
def test_a_store_without_the_table_is_a_state_error(
    tmp_path: Path, ask: Callable[[StoredOutbox, datetime], object]
) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(StateError, match="outbox of the state database does not answer"):
        ask(StoredOutbox(engine), datetime.now(UTC))
    engine.dispose()


def test_no_address_and_no_secret_is_stored(
    engine: Engine, receiver: Receiver, channel: WebhookChannel, wall: Wall
) -> None:
    put(engine, channel, "msg_1")
    receiver.fail(1, 410)
    deliver_due(StoredOutbox(engine), [channel], wall)
    with engine.connect() as connection:
        row = connection.execute(select(outbox)).one()
    assert "/hook" not in str(row)
    assert SECRET not in str(row)


# ------------------------------------------------------------------ processes of their own

START = f"""
import os, sys
from datetime import UTC, datetime
from sqlalchemy import create_engine
from observer.alerts.outbox import deliver_due
from observer.alerts.webhook import WebhookChannel
from observer.store.outbox import StoredOutbox

engine = create_engine(sys.argv[1])
box = StoredOutbox(engine)
channel = WebhookChannel("ops", sys.argv[2], {SECRET!r})
wall = lambda: datetime.now(UTC)
"""
DRAIN = (
    START
    + """
while box.counts().waiting:
    deliver_due(box, [channel], wall)
"""
)
CRASH = (
    START
    + """
box.delivered = lambda name, at: os._exit(9)
deliver_due(box, [channel], wall)
"""
)


def run(script: str, state_url: str, hook_url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, state_url, hook_url],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
