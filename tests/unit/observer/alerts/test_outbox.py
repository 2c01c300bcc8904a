"""Delivery over an outbox in memory; the real one is in tests/acceptance/test_webhooks.py."""

import logging
import random
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from observer.alerts.base import EVERYTHING, Admission, Busy, Limit, OutboxCounts, Refused, Terms, Unreachable
from observer.alerts.folding import Folding
from observer.alerts.lane import GIVE_UP_AFTER_S, JITTER, LONGEST_DELAY_S, retry_delay_s
from observer.alerts.outbox import LANES, Sender, deliver_due
from observer.errors import ChannelError, StateError
from observer.model import Incident, Notification

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def message(name: str, channel: str = "ops", attempts: int = 0) -> Notification:
    return Notification(
        id=name,
        incident_id=1,
        event="incident.opened",
        channel=channel,
        payload="{}",
        created_at=NOW,
        attempts=attempts,
        next_attempt_at=NOW,
        delivered_at=None,
        last_error=None,
    )


class FakeOutbox:
    def __init__(self, messages: Iterable[Notification]) -> None:
        self.messages = {each.id: each for each in messages}
        self.broken = False
        self.looked = threading.Event()
        self.paused: dict[str, datetime] = {}

    def _due(self, wall_now: datetime) -> list[Notification]:
        return [each for each in self.messages.values() if each.next_attempt_at and each.next_attempt_at <= wall_now]

    def due(self, wall_now: datetime) -> tuple[str, ...]:
        self.looked.set()
        if self.broken:
            raise StateError("the database sleeps")
        return tuple(dict.fromkeys(each.channel for each in self._due(wall_now)))

    def claim_due(self, channel: str, wall_now: datetime, *, limit: int, claim_s: float) -> tuple[Notification, ...]:
        return tuple([each for each in self._due(wall_now) if each.channel == channel][:limit])

    def _change(self, name: str, **fields: object) -> None:
        self.messages[name] = replace(self.messages[name], **fields)  # type: ignore[arg-type]

    def delivered(self, notification_id: str, at: datetime) -> None:
        self._change(notification_id, delivered_at=at, next_attempt_at=None)

    def admit(self, channel: str, limit: Limit, wall_now: datetime) -> Admission:
        raise AssertionError("nothing is limited here")

    def fold(self, message: Notification, wall_now: datetime, folding: Folding, *, claim_s: float) -> Notification:
        raise AssertionError("nothing is limited here")

    def pause(self, channel: str, until: datetime) -> None:
        self.paused[channel] = until

    def failed(self, notification_id: str, error: str, next_attempt_at: datetime | None, *, at: datetime) -> None:
        attempts = self.messages[notification_id].attempts + 1
        self._change(notification_id, attempts=attempts, last_error=error, next_attempt_at=next_attempt_at)

    def postponed(self, notification_id: str, reason: str | None, next_attempt_at: datetime) -> None:
        self._change(notification_id, last_error=reason, next_attempt_at=next_attempt_at)

    def counts(self) -> OutboxCounts:
        return OutboxCounts(
            waiting=sum(each.next_attempt_at is not None for each in self.messages.values()),
            failing=sum(each.last_error is not None for each in self.messages.values()),
            given_up=0,
        )


@dataclass
class FakeChannel:
    name: str = "ops"
    error: Exception | None = None
    terms: Terms = EVERYTHING
    sent: list[str] = field(default_factory=list)

    def accepts(self, incident: Incident) -> bool:
        return True

    def send(self, notification: Notification) -> None:
        self.sent.append(notification.id)
        if self.error is not None:
            raise self.error


def deliver(outbox: FakeOutbox, *channels: FakeChannel) -> tuple[int, int, int]:
    report = deliver_due(outbox, channels, lambda: NOW, rng=random.Random(1))
    return report.delivered, report.failed, report.waiting


def test_backoff_doubles_up_to_an_hour_and_ends_after_three_days() -> None:
    delays = [retry_delay_s(attempts) for attempts in range(1, 200)]
    assert delays[:4] == [5, 10, 20, 40]
    tried = [delay for delay in delays if delay is not None]
    assert max(tried) == LONGEST_DELAY_S
    assert 0 <= sum(tried) - GIVE_UP_AFTER_S <= LONGEST_DELAY_S
    assert delays[len(tried) :] == [None] * (len(delays) - len(tried))
    refused = [retry_delay_s(attempts, refused=True) for attempts in range(1, 4)]
    assert refused == [60, 120, 240]


def test_each_message_is_sent_once() -> None:
    outbox, channel = FakeOutbox([message("a"), message("b")]), FakeChannel()
    assert deliver(outbox, channel) == (2, 0, 0)
    assert channel.sent == ["a", "b"]
    assert deliver(outbox, channel) == (0, 0, 0)


def test_a_failed_try_waits_with_jitter_and_says_why() -> None:
    outbox = FakeOutbox([message("a", attempts=2)])
    assert deliver(outbox, FakeChannel(error=ChannelError("answered 500"))) == (0, 1, 1)
    kept = outbox.messages["a"]
    assert (kept.attempts, kept.last_error) == (3, "answered 500")
    assert kept.next_attempt_at is not None
    wait_s = (kept.next_attempt_at - NOW).total_seconds()
    assert 20 * (1 - JITTER) <= wait_s <= 20 * (1 + JITTER)
    assert wait_s != 20


def test_jitter_comes_from_the_generator() -> None:
    def next_at(seed: int) -> datetime | None:
        outbox = FakeOutbox([message("a")])
        channels = [FakeChannel(error=ChannelError("no"))]
        deliver_due(outbox, channels, lambda: NOW, rng=random.Random(seed))
        return outbox.messages["a"].next_attempt_at

    assert next_at(1) == next_at(1) != next_at(2)


def test_a_refused_message_is_tried_more_slowly_and_hinders_no_other() -> None:
    outbox, channel = FakeOutbox([message("a"), message("b")]), FakeChannel(error=Refused("answered 410"))
    assert deliver(outbox, channel) == (0, 2, 2)
    assert channel.sent == ["a", "b"]
    at = outbox.messages["a"].next_attempt_at
    assert at is not None
    assert at >= NOW + timedelta(seconds=60 * (1 - JITTER))


def test_a_silent_channel_keeps_no_other_waiting() -> None:
    silent, ops = FakeChannel("silent", Unreachable("nobody listens")), FakeChannel("ops")
    outbox = FakeOutbox([message("a", "silent"), message("b", "silent"), message("c")])
    assert deliver(outbox, silent, ops) == (1, 1, 2)
    assert silent.sent == ["a"]
    assert ops.sent == ["c"]


def test_given_up_after_the_last_try_and_kept(caplog: pytest.LogCaptureFixture) -> None:
    outbox = FakeOutbox([message("a", attempts=100)])
    assert deliver(outbox, FakeChannel(error=ChannelError("answered 500"))) == (0, 1, 0)
    kept = outbox.messages["a"]
    assert kept.next_attempt_at is None
    assert kept.delivered_at is None
    assert kept.last_error == "answered 500; given up after 101 tries"
    assert "given up" in caplog.text


def test_a_channel_that_disappeared() -> None:
    outbox = FakeOutbox([message("a", "gone"), message("b")])
    assert deliver(outbox, FakeChannel()) == (1, 0, 1)
    kept = outbox.messages["a"]
    assert kept.attempts == 0
    assert "no channel is called 'gone'" in (kept.last_error or "")


def test_a_channel_of_the_users_own_that_breaks() -> None:
    outbox = FakeOutbox([message("a"), message("b")])
    assert deliver(outbox, FakeChannel(error=KeyError("hunter2"))) == (0, 2, 2)
    assert outbox.messages["a"].last_error == "channel 'ops' failed with KeyError"


def test_a_pass_ends_when_told() -> None:
    outbox, channel = FakeOutbox([message("a"), message("b")]), FakeChannel()
    report = deliver_due(outbox, [channel], lambda: NOW, should_stop=lambda: bool(channel.sent))
    assert (report.delivered, report.waiting) == (1, 1)


def test_the_sender_outlives_exceptions_and_stops(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    outbox, sent = FakeOutbox([message("a")]), threading.Event()
    outbox.broken = True

    class Once(FakeChannel):
        def send(self, notification: Notification) -> None:
            sent.set()

    looked = threading.Event()

    def wall() -> datetime:
        looked.set()
        return NOW

    with Sender(outbox, [Once()], wall, interval_s=0.01) as sender:
        assert looked.wait(5)
        outbox.broken = False
        assert sent.wait(5)
        sender.start()  # runs already
    sender.stop()
    assert outbox.messages["a"].delivered_at == NOW
    assert caplog.text.count("the database sleeps") == 1
    assert not [thread for thread in threading.enumerate() if thread.name == "tidegate-sender"]


class Hangs(FakeChannel):
    """A channel whose receiver answers when it is told to."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.asked, self.answers = threading.Event(), threading.Event()

    def send(self, notification: Notification) -> None:
        self.asked.set()
        assert self.answers.wait(60)
        super().send(notification)


def heard(channel: FakeChannel, *names: str) -> None:
    """Wait until it has heard so much, in that order."""
    until = time.monotonic() + 30
    while len(channel.sent) < len(names) and time.monotonic() < until:
        time.sleep(0.005)
    assert tuple(channel.sent) == names


def test_a_channel_that_hangs_delays_no_other() -> None:
    slow, quick = Hangs("slow"), FakeChannel("quick")
    outbox = FakeOutbox([message("a", "slow"), message("b", "slow"), message("c", "quick"), message("d", "quick")])
    with Sender(outbox, [slow, quick], lambda: NOW, interval_s=0.01):
        assert slow.asked.wait(30)
        heard(quick, "c", "d")
        assert slow.sent == []
        slow.answers.set()
        heard(slow, "a", "b")
    assert not [thread for thread in threading.enumerate() if thread.name == "tidegate-lane"]


def test_however_many_hang_there_are_so_many_threads() -> None:
    hanging = [Hangs(f"slow {number}") for number in range(LANES + 3)]
    outbox = FakeOutbox([message(f"to {channel.name}", channel.name) for channel in hanging])
    with Sender(outbox, hanging, lambda: NOW, interval_s=0.01):
        for channel in hanging[:LANES]:
            assert channel.asked.wait(30)
        outbox.looked.clear()
        assert outbox.looked.wait(30)
        assert len([thread for thread in threading.enumerate() if thread.name == "tidegate-lane"]) == LANES
        for channel in hanging:
            channel.answers.set()
        for channel in hanging:
            heard(channel, f"to {channel.name}")


@pytest.mark.parametrize(
    ("asked_s", "least_s", "most_s"), [(None, 4, 6), (600.0, 600, 600), (10 * 86400.0, 3600, 3600)]
)
def test_a_busy_receiver_is_left_alone_by_everybody(asked_s: float | None, least_s: float, most_s: float) -> None:
    outbox = FakeOutbox([message("a"), message("b")])
    channel = FakeChannel(error=Busy("answered 429", asked_s))
    assert deliver(outbox, channel) == (0, 1, 2)
    assert channel.sent == ["a"]
    assert least_s <= (outbox.paused["ops"] - NOW).total_seconds() <= most_s
    assert outbox.messages["a"].next_attempt_at == outbox.paused["ops"]
