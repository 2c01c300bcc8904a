"""Limits, folding, order, pauses and dead letters, on real databases with a real receiver."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, insert, select

from observer.alerts.base import Limit, OutboxCounts, Terms
from observer.alerts.folding import FOLDED, MOST_BYTES, Folding
from observer.alerts.outbox import deliver_due
from observer.alerts.webhook import WebhookChannel
from observer.model import Notification
from observer.store.channel_states import load_all
from observer.store.dead_letters import dead, held_in, replay, undelivered
from observer.store.outbox import StoredOutbox, by_incident, enqueue
from observer.store.schema import ensure
from observer.store.tables import incidents, outbox
from orchestration.database import open_database, reading, writing
from tests.support.receiver import Receiver

SECRET = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"
START = datetime(2026, 3, 1, tzinfo=UTC)
TEN_A_MINUTE = Limit(10, 60.0)


class Wall:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def engine(state_url: str) -> Iterator[Engine]:
    engine = open_database(state_url)
    ensure(engine)
    row = {
        "asset": "flights", "first_partition": "", "last_partition": "", "severity": "error", "status": "open",
        "sentence": "too few", "subjects": [], "affected": [], "opened_at": START, "updated_at": START,
    }  # fmt: skip
    with writing(engine) as connection:
        connection.execute(insert(incidents), [{**row, "id": number} for number in range(1, 41)])
    yield engine
    engine.dispose()


def put(
    engine: Engine, *messages: tuple[str, int], channel: str = "ops", event: str = "incident.opened",
    owners: Sequence[str] = (), environment: str | None = None,
) -> None:  # fmt: skip
    """Messages of some ids about some incidents, one a second."""
    made = [
        Notification(
            id=name, incident_id=incident, event=event, channel=channel,
            payload=json.dumps(
                {"type": event, "data": {"title": f"{name} is held", "severity": "error", "owners": list(owners)}}
            ),
            created_at=START + timedelta(seconds=number), attempts=0, next_attempt_at=START, delivered_at=None,
            last_error=None, environment=environment,
        )
        for number, (name, incident) in enumerate(messages)
    ]  # fmt: skip
    with writing(engine) as connection:
        enqueue(connection, made)


def many(engine: Engine, size: int) -> list[str]:
    ids = [f"msg_{number:02}" for number in range(1, size + 1)]
    put(engine, *((name, number) for number, name in enumerate(ids, start=1)))
    return ids


def channel(receiver: Receiver, limit: Limit | None = TEN_A_MINUTE, *, folds: bool = True) -> WebhookChannel:
    return WebhookChannel("ops", receiver.url, SECRET, terms=Terms(limit=limit, folds=folds))


def heard(receiver: Receiver) -> Counter[str]:
    """The ids that were accepted, those of folded messages by themselves."""
    found = Counter[str]()
    for request in receiver.accepted:
        body = json.loads(request.body)
        found.update(
            [one["id"] for one in body["data"]["messages"]]
            if body["type"] == FOLDED
            else [request.headers["webhook-id"]]
        )
    return found


def test_a_clock_that_was_far_ahead_silences_no_channel(engine: Engine, wall: Wall) -> None:
    outbox_of = StoredOutbox(engine)
    wall.forward(86_400.0)
    while outbox_of.admit("ops", TEN_A_MINUTE, wall()).at is None:
        pass
    wall.forward(-86_400.0)
    assert outbox_of.admit("ops", TEN_A_MINUTE, wall()).at == START + timedelta(seconds=6)
    wall.forward(6.0)
    assert outbox_of.admit("ops", TEN_A_MINUTE, wall()).left == 0.0


def test_what_another_environment_never_sends_keeps_nothing_back(
    engine: Engine, receiver: Receiver, wall: Wall
) -> None:
    put(engine, ("msg_1", 1), environment="local")
    put(engine, ("msg_2", 2), ("msg_3", 1), environment="prod")
    assert deliver_due(StoredOutbox(engine, "prod"), [channel(receiver)], wall).delivered == 2
    assert heard(receiver) == Counter(["msg_2", "msg_3"])


def test_what_is_folded_with_a_message_of_nobodys_is_not_for_anybody_to_send(engine: Engine, wall: Wall) -> None:
    put(engine, ("msg_1", 1))
    put(engine, ("msg_2", 2), environment="prod")
    box = StoredOutbox(engine, "prod")
    [first] = box.claim_due("ops", wall(), limit=1, claim_s=60.0)
    made = box.fold(first, wall(), Folding(TEN_A_MINUTE), claim_s=60.0)
    wall.forward(61.0)
    assert (made.event, StoredOutbox(engine, "local").due(wall()), box.due(wall())) == (FOLDED, (), ("ops",))


def test_what_is_over_the_limit_is_one_message(engine: Engine, receiver: Receiver, wall: Wall) -> None:
    ids, box = many(engine, 34), StoredOutbox(engine)
    assert deliver_due(box, [channel(receiver)], wall).delivered == 10
    assert heard(receiver) == Counter(ids)
    last = json.loads(receiver.accepted[-1].body)
    assert (last["type"], last["data"]["title"]) == (FOLDED, "msg_10 is held, and 24 more")
    assert [one["id"] for one in last["data"]["messages"]] == ids[9:]
    assert box.counts() == OutboxCounts(waiting=0, failing=0, given_up=0)
    with reading(engine) as connection:
        told = by_incident(connection, [34])[34]
    assert [(one.id, one.delivered_at) for one in told] == [("msg_34", START)]


def test_only_what_the_same_owners_receive_is_one_message(engine: Engine, receiver: Receiver, wall: Wall) -> None:
    owners = [["ana@example.com"], ["bo@example.com"], ["bo@example.com", "ana@example.com"]]
    for number in range(1, 10):
        put(engine, (f"msg_{number}", number), owners=owners[number % 3])
    ops = WebhookChannel("ops", receiver.url, SECRET, terms=Terms(limit=Limit(1, 60.0), by_owners=True))
    for _ in range(3):
        deliver_due(StoredOutbox(engine), [ops], wall)
        wall.forward(60)
    said = [json.loads(request.body)["data"] for request in receiver.accepted]
    assert sorted([one["id"] for one in each["messages"]] for each in said) == [
        ["msg_1", "msg_4", "msg_7"], ["msg_2", "msg_5", "msg_8"], ["msg_3", "msg_6", "msg_9"],
    ]  # fmt: skip
    assert all(each["owners"] == one["data"]["owners"] for each in said for one in each["messages"])


def test_what_is_too_much_for_one_message_is_several(engine: Engine, receiver: Receiver, wall: Wall) -> None:
    for number in range(1, 10):
        put(engine, (f"msg_{number}", number), owners=["x" * (MOST_BYTES // 4)])
    ops = channel(receiver, Limit(1, 60.0))
    for _ in range(3):
        deliver_due(StoredOutbox(engine), [ops], wall)
        wall.forward(60)
    said = [json.loads(request.body)["data"]["messages"] for request in receiver.accepted]
    assert [len(each) for each in said] == [3, 3, 3]
    assert heard(receiver) == Counter(f"msg_{number}" for number in range(1, 10))


def test_a_count_is_shared_and_comes_back_with_time(engine: Engine, receiver: Receiver, wall: Wall) -> None:
    boxes = [StoredOutbox(engine), StoredOutbox(engine)]
    left = [boxes[number % 2].admit("ops", TEN_A_MINUTE, wall()).left for number in range(10)]
    assert left == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert boxes[0].admit("ops", TEN_A_MINUTE, wall()).at == START + timedelta(seconds=6)
    assert boxes[0].admit("other", TEN_A_MINUTE, wall()).left == 9
    wall.forward(-3600)  # a clock that is set back takes nothing away
    assert boxes[1].admit("ops", TEN_A_MINUTE, wall()).at == wall() + timedelta(seconds=6)
    wall.forward(7200)
    assert boxes[1].admit("ops", TEN_A_MINUTE, wall()).left == 9


def test_a_folded_message_that_fails_is_repeated_as_it_was(engine: Engine, receiver: Receiver, wall: Wall) -> None:
    ids, box = many(engine, 12), StoredOutbox(engine)
    ops = channel(receiver, Limit(1, 60.0))
    receiver.fail(2, 500)
    assert deliver_due(box, [ops], wall).delivered == 0
    assert box.counts() == OutboxCounts(waiting=1, failing=1, given_up=0)
    with reading(engine) as connection:
        [fares] = by_incident(connection, [7])[7]
    assert (fares.id, fares.attempts, fares.last_error is not None) == ("msg_07", 1, True)
    put(engine, ("later", 13))
    for _ in range(30):
        wall.forward(60)
        deliver_due(box, [ops], wall)
    assert heard(receiver) == Counter([*ids, "later"])
    bodies = {request.headers["webhook-id"]: set[bytes]() for request in receiver.requests}
    for request in receiver.requests:
        bodies[request.headers["webhook-id"]].add(request.body)
    assert {len(each) for each in bodies.values()} == {1}


def test_what_cannot_be_folded_waits_for_its_turn(engine: Engine, receiver: Receiver, wall: Wall) -> None:
    ids, box = many(engine, 12), StoredOutbox(engine)
    ops = channel(receiver, folds=False)
    assert deliver_due(box, [ops], wall).delivered == 10
    assert deliver_due(box, [ops], wall).delivered == 0
    assert box.counts() == OutboxCounts(waiting=2, failing=0, given_up=0)
    wall.forward(6)
    assert deliver_due(box, [ops], wall).delivered == 1
    wall.forward(6)
    assert deliver_due(box, [ops], wall).delivered == 1
    assert [request.headers["webhook-id"] for request in receiver.accepted] == ids


def test_of_one_incident_what_came_first_is_said_first(engine: Engine, receiver: Receiver, wall: Wall) -> None:
    """Or an alert that was resolved would be opened by a message that had failed."""
    put(engine, ("a_opened", 1), ("a_resolved", 1), ("b_opened", 2))
    ops, box = channel(receiver, None), StoredOutbox(engine)
    receiver.fail(1, 500)
    deliver_due(box, [ops], wall)
    assert list(heard(receiver)) == ["b_opened"]
    wall.forward(60)
    deliver_due(box, [ops], wall)
    assert list(heard(receiver)) == ["b_opened", "a_opened", "a_resolved"]


def test_nothing_is_folded_past_what_comes_before_it(engine: Engine, receiver: Receiver, wall: Wall) -> None:
    put(engine, ("a_opened", 1), ("a_resolved", 1), ("b_opened", 2), ("c_opened", 3))
    ops, box = channel(receiver, Limit(2, 60.0)), StoredOutbox(engine)
    receiver.fail(1, 500)
    deliver_due(box, [ops], wall)
    assert list(heard(receiver)) == ["b_opened", "c_opened"]
    wall.forward(60)
    deliver_due(box, [ops], wall)
    assert list(heard(receiver)) == ["b_opened", "c_opened", "a_opened", "a_resolved"]


def test_nothing_goes_past_a_folded_message_that_holds_what_comes_before_it(
    engine: Engine, receiver: Receiver, wall: Wall
) -> None:
    put(engine, ("a_opened", 1), ("b_opened", 2))
    ops, box = channel(receiver, Limit(1, 60.0)), StoredOutbox(engine)
    receiver.fail(1, 500)
    deliver_due(box, [ops], wall)
    put(engine, ("c_opened", 3), ("d_opened", 4), ("b_resolved", 2))
    for _ in range(4):
        wall.forward(60)
        deliver_due(box, [ops], wall)
    assert heard(receiver) == Counter(["a_opened", "b_opened", "c_opened", "d_opened", "b_resolved"])
    order = list(heard(receiver))
    assert order.index("b_opened") < order.index("b_resolved")
    assert box.counts() == OutboxCounts(waiting=0, failing=0, given_up=0)


def test_a_receiver_that_says_when_is_left_alone_by_all(engine: Engine, receiver: Receiver, wall: Wall) -> None:
    many(engine, 3)
    other = WebhookChannel("other", receiver.url, SECRET)
    receiver.fail(1, 429, {"retry-after": "600"})
    assert deliver_due(StoredOutbox(engine), [channel(receiver, None), other], wall).delivered == 0
    put(engine, ("z_elsewhere", 4), channel="other")
    assert deliver_due(StoredOutbox(engine), [channel(receiver, None), other], wall).delivered == 1
    for _ in range(9):
        wall.forward(60)
        assert deliver_due(StoredOutbox(engine), [channel(receiver, None), other], wall).delivered == 0
    assert len(receiver.requests) == 2
    wall.forward(61)
    assert deliver_due(StoredOutbox(engine), [channel(receiver, None), other], wall).delivered == 3


def test_a_shorter_pause_ends_no_longer_one(engine: Engine, receiver: Receiver, wall: Wall) -> None:
    """Two senders were refused at once, and one of them was not told for how long."""
    many(engine, 1)
    box = StoredOutbox(engine)
    box.pause("ops", START + timedelta(seconds=600))
    box.pause("ops", START + timedelta(seconds=5))
    wall.forward(60)
    assert deliver_due(box, [channel(receiver)], wall).delivered == 0
    wall.forward(541)
    assert deliver_due(box, [channel(receiver)], wall).delivered == 1


def give_up(engine: Engine, *ids: str) -> None:
    for name in ids:
        StoredOutbox(engine).failed(name, "answered 500; given up after 84 tries", None, at=START)


def test_dead_letters_are_shown_and_replayed_with_their_ids(engine: Engine, receiver: Receiver, wall: Wall) -> None:
    many(engine, 3)
    give_up(engine, "msg_01", "msg_03")
    with writing(engine) as connection:
        assert [one.id for one in dead(connection, "")] == ["msg_03", "msg_01"]
        assert replay(connection, ["msg_02", "nothing"]) == ()  # it isn't given up
        assert replay(connection, ["msg_03"]) == ("msg_03",)
        assert [one.id for one in undelivered(connection, ["msg_03"])] == ["msg_03"]
    deliver_due(StoredOutbox(engine), [channel(receiver, None)], wall)
    assert heard(receiver) == Counter(["msg_02", "msg_03"])
    with writing(engine) as connection:
        assert replay(connection, ["msg_01"]) == ("msg_01",)
    deliver_due(StoredOutbox(engine), [channel(receiver, None)], wall)
    with reading(engine) as connection:
        assert dead(connection, "") == ()
    assert heard(receiver) == Counter(["msg_01", "msg_02", "msg_03"])


def test_a_folded_dead_letter_stands_for_what_it_holds(engine: Engine, receiver: Receiver, wall: Wall) -> None:
    ids, box = many(engine, 5), StoredOutbox(engine)
    receiver.fail(1, 500)
    deliver_due(box, [channel(receiver, Limit(1, 60.0))], wall)
    with reading(engine) as connection:
        made = connection.execute(select(outbox.c.id).where(outbox.c.event == FOLDED)).scalar_one()
    give_up(engine, made)
    assert box.counts() == OutboxCounts(waiting=0, failing=1, given_up=1)
    with writing(engine) as connection:
        assert [one.id for one in dead(connection, "")] == [made]
        assert held_in(connection, [made]) == {made: 5}
        replay(connection, [made])
    wall.forward(60)
    deliver_due(box, [channel(receiver, Limit(1, 60.0))], wall)
    assert heard(receiver) == Counter(ids)


def test_what_is_replayed_within_another_message_is_delivered_with_it(
    engine: Engine, receiver: Receiver, wall: Wall
) -> None:
    ids, box = many(engine, 3), StoredOutbox(engine)
    give_up(engine, *ids)
    with writing(engine) as connection:
        replay(connection, ids)
        assert [one.id for one in undelivered(connection, ids)] == ids
    receiver.fail(1, 500)
    deliver_due(box, [channel(receiver, Limit(1, 60.0))], wall)
    with reading(engine) as connection:
        assert [one.id for one in undelivered(connection, ids)] == ids
    wall.forward(60)
    deliver_due(box, [channel(receiver, Limit(1, 60.0))], wall)
    assert heard(receiver) == Counter(ids)
    with reading(engine) as connection:
        assert undelivered(connection, ids) == ()


def test_how_a_channel_fares(engine: Engine, receiver: Receiver, wall: Wall) -> None:
    many(engine, 1)
    ops, box = channel(receiver, None), StoredOutbox(engine)
    for _ in range(3):
        receiver.fail(1, 500)
        deliver_due(box, [ops], wall)
        wall.forward(60)
    with reading(engine) as connection:
        state = load_all(connection, "")["ops"]
    assert (state.failures, state.failing_since, state.gave_up) == (3, START, False)
    assert "answered 500" in (state.last_error or "")
    deliver_due(box, [ops], wall)
    with reading(engine) as connection:
        assert load_all(connection, "")["ops"] == replace(state, failures=0, failing_since=None, last_error=None)
        assert connection.execute(select(func.count()).select_from(outbox)).scalar_one() == 1
