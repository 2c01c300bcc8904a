"""Emptying the outbox: each message until it was handed over, less and less often, for three days."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from observer.alerts.base import Busy, Channel, Outbox, Refused, Unreachable
from observer.alerts.folding import MOST, folded
from observer.errors import ChannelError
from observer.faults import said
from observer.model import Notification

FIRST_DELAY_S = 5.0
FIRST_DELAY_REFUSED_S = 60.0
LONGEST_DELAY_S = 3600.0
GIVE_UP_AFTER_S = 3 * 86400.0
JITTER = 0.2
"""Each delay is longer or shorter by up to this share: what failed together is not tried together."""

_CLAIM_S = 60.0  # longer than a channel may take for one try
_NO_CHANNEL_S = 60.0
_IDLE_S = 1.0

_log = logging.getLogger("observer.alerts")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """What one pass over the outbox did.

    Parameters
    ----------
    delivered: messages handed over.
    failed: tries that failed.
    waiting: messages that will be tried (again).
    """

    delivered: int
    failed: int
    waiting: int


def retry_delay_s(attempts: int, *, refused: bool = False) -> float | None:
    """Seconds until the next try after ``attempts`` failed ones, without jitter; None: give up.

    5, 10, 20 ... up to an hour; a message that its receiver refused starts at a minute. It is given up when
    the ordinary delays add up to three days, so what counts is the time in which somebody tried, not an
    outage of ours.

    Examples
    --------
    >>> [retry_delay_s(1), retry_delay_s(3), retry_delay_s(30), retry_delay_s(1000)]
    [5.0, 20.0, 3600.0, None]
    """
    if sum(_delay_s(tried, FIRST_DELAY_S) for tried in range(1, attempts)) >= GIVE_UP_AFTER_S:
        return None
    return _delay_s(attempts, FIRST_DELAY_REFUSED_S if refused else FIRST_DELAY_S)


def _delay_s(attempts: int, first_s: float) -> float:
    return min(first_s * 2.0 ** min(attempts - 1, 40), LONGEST_DELAY_S)


def deliver_due(
    outbox: Outbox,
    channels: Iterable[Channel],
    wall: Callable[[], datetime],
    *,
    rng: random.Random | None = None,
    limit: int = 200,
    should_stop: Callable[[], bool] = lambda: False,
) -> DeliveryReport:
    """Send what is due, one message after the other.

    Any number of senders may do this at once. Whatever happens between handing a message over and writing
    that down, it is sent again with the same id, a minute later. A channel that does not answer is left alone
    for the rest of the pass, so that it does not keep the others waiting; one whose receiver says when to come
    again, by all senders until then.

    Parameters
    ----------
    outbox: where the messages are.
    channels: those of the environment; a message for any other waits and says so.
    wall: the real time.
    rng: draws the jitter; None for one of its own.
    limit: the most messages of one pass.
    should_stop: asked before each message.

    Raises
    ------
    StateError: the outbox does not answer.
    """
    round_ = _Round(outbox, {channel.name: channel for channel in channels}, wall, rng or random.Random())
    for _ in range(limit):
        claimed = () if should_stop() else outbox.claim_due(wall(), limit=1, claim_s=_CLAIM_S, without=round_.silent)
        if not claimed:
            break
        round_.attempt(claimed[0])
    return DeliveryReport(delivered=round_.done, failed=round_.lost, waiting=outbox.counts().waiting)


class _Round:
    """One pass: what it did, and the channels that are left alone for the rest of it."""

    def __init__(
        self, outbox: Outbox, channels: Mapping[str, Channel], wall: Callable[[], datetime], rng: random.Random
    ) -> None:
        self._outbox, self._channels, self._wall, self._rng = outbox, channels, wall, rng
        self.silent: set[str] = set()
        self.done = self.lost = 0

    def attempt(self, message: Notification) -> None:
        """Send a claimed message, with others if it is their turn only together; write down how that went."""
        channel = self._channels.get(message.channel)
        if channel is None:
            self._outbox.postponed(
                message.id,
                f"no channel is called {message.channel!r} in this environment any more; the message waits; "
                "configure it again",
                self._wall() + timedelta(seconds=_NO_CHANNEL_S),
            )
            return
        turn = self._turn(channel, message)
        if turn is None:
            return
        try:
            _send(channel, turn)
        except ChannelError as error:
            self.lost += 1
            self._write_failure(turn, error)
        else:
            self._outbox.delivered(turn.id, self._wall())
            self.done += 1

    def _turn(self, channel: Channel, message: Notification) -> Notification | None:
        """What may be said now, within the channel's limit; None: nothing, and the message waits for its turn."""
        limit = channel.terms.limit
        if limit is None:
            return message
        admission = self._outbox.admit(channel.name, limit, self._wall())
        if admission.at is not None:
            self.silent.add(channel.name)
            self._outbox.postponed(message.id, None, admission.at)
            return None
        if admission.left >= 1.0 or not channel.terms.folds:
            return message
        now = self._wall()
        return self._outbox.fold(message, now, lambda some: folded(some, limit, now), most=MOST, claim_s=_CLAIM_S)

    def _write_failure(self, message: Notification, error: ChannelError) -> None:
        now, attempts = self._wall(), message.attempts + 1
        if isinstance(error, Unreachable | Busy):
            self.silent.add(message.channel)
        delay_s = retry_delay_s(attempts, refused=isinstance(error, Refused))
        if delay_s is None:
            self._outbox.failed(message.id, f"{error}; given up after {attempts} tries", None, at=now)
            _log.error("message %s to channel %s is given up: %s", message.id, message.channel, error)
            return
        delay_s *= self._rng.uniform(1 - JITTER, 1 + JITTER)
        if isinstance(error, Busy):
            delay_s = max(delay_s, min(error.wait_s or 0.0, LONGEST_DELAY_S))
            self._outbox.pause(message.channel, now + timedelta(seconds=delay_s))
        self._outbox.failed(message.id, str(error), now + timedelta(seconds=delay_s), at=now)
        _log.warning("message %s to channel %s waits for try %d: %s", message.id, message.channel, attempts + 1, error)


def _send(channel: Channel, message: Notification) -> None:
    try:
        channel.send(message)
    except ChannelError:
        raise
    except Exception as error:  # a channel of the user's own; its text may hold anything
        raise ChannelError(f"channel {message.channel!r} failed with {type(error).__name__}") from error


class Sender:
    """A background thread that delivers what is due, looking once a second; no exception ends it.

    ``with Sender(...):`` starts it and stops it after. Several may run, in one process or many.

    Parameters
    ----------
    outbox, channels, wall, rng: as for ``deliver_due``; ``StoredOutbox(engine)`` is the usual outbox.
    interval_s: between two looks.
    first: done before each look, as what puts messages into the outbox by the clock.
    """

    def __init__(
        self,
        outbox: Outbox,
        channels: Iterable[Channel],
        wall: Callable[[], datetime],
        *,
        rng: random.Random | None = None,
        interval_s: float = _IDLE_S,
        first: Callable[[], object] = lambda: None,
    ) -> None:
        self._outbox = outbox
        self._channels = tuple(channels)
        self._wall = wall
        self._rng = rng or random.Random()
        self._interval_s = interval_s
        self._first = first
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; nothing if it runs already."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name="tidegate-sender", daemon=True)
            self._thread.start()

    def stop(self, timeout_s: float = 15.0) -> None:
        """End after the message that is on its way; what is left waits in the outbox."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout_s)
            self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        broken = False
        while not self._stopping.is_set():
            try:
                self._first()
                deliver_due(
                    self._outbox,
                    self._channels,
                    self._wall,
                    rng=self._rng,
                    should_stop=self._stopping.is_set,
                )
                broken = False
            except Exception as error:
                if not broken:  # once for each outage, not each second
                    _log.error("alerts can't be sent just now and wait in the outbox: %s", said(error))
                broken = True
            self._stopping.wait(self._interval_s)
