"""One channel's messages, one after the other: each until it was handed over, less and less often, for three days."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from datetime import datetime, timedelta

from observer.alerts.base import Busy, Channel, Outbox, Refused, Unreachable
from observer.alerts.folding import Folding
from observer.errors import ChannelError
from observer.model import Notification

FIRST_DELAY_S = 5.0
FIRST_DELAY_REFUSED_S = 60.0
LONGEST_DELAY_S = 3600.0
GIVE_UP_AFTER_S = 3 * 86400.0
JITTER = 0.2
"""Each delay is longer or shorter by up to this share: what failed together is not tried together."""

_CLAIM_S = 60.0  # longer than a channel may take for one try
_NO_CHANNEL_S = 60.0

_log = logging.getLogger("observer.alerts")


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


class Lane:
    """One pass over what one channel is to hear now; what it did is in ``delivered`` and ``failed``.

    Parameters
    ----------
    outbox: where the messages are.
    name: of the channel.
    channel: the environment's of that name; None: it has none, so the messages wait and say so.
    wall: the real time.
    rng: draws the jitter.
    """

    def __init__(
        self, outbox: Outbox, name: str, channel: Channel | None, wall: Callable[[], datetime], rng: random.Random
    ) -> None:
        self._outbox, self._name, self._channel, self._wall, self._rng = outbox, name, channel, wall, rng
        self._is_silent = False
        self.delivered = self.failed = 0

    def walk(self, limit: int, should_stop: Callable[[], bool]) -> None:
        """Send up to ``limit`` messages; a channel that does not answer, or is busy, is left alone after that.

        Raises
        ------
        StateError: the outbox does not answer.
        """
        for _ in range(limit):
            if self._is_silent or should_stop():
                return
            claimed = self._outbox.claim_due(self._name, self._wall(), limit=1, claim_s=_CLAIM_S)
            if not claimed:
                return
            self._attempt(claimed[0])

    def _attempt(self, message: Notification) -> None:
        """Send a claimed message, with others if it is their turn only together; write down how that went."""
        if self._channel is None:
            self._outbox.postponed(
                message.id,
                f"no channel is called {message.channel!r} in this environment any more; the message waits; "
                "configure it again",
                self._wall() + timedelta(seconds=_NO_CHANNEL_S),
            )
            return
        turn = self._turn(self._channel, message)
        if turn is None:
            return
        try:
            _send(self._channel, turn)
        except ChannelError as error:
            self.failed += 1
            self._write_failure(turn, error)
        else:
            self._outbox.delivered(turn.id, self._wall())
            self.delivered += 1

    def _turn(self, channel: Channel, message: Notification) -> Notification | None:
        """What may be said now, within the channel's limit; None: nothing, and the message waits for its turn."""
        limit = channel.terms.limit
        if limit is None:
            return message
        admission = self._outbox.admit(channel.name, limit, self._wall())
        if admission.at is not None:
            self._is_silent = True
            self._outbox.postponed(message.id, None, admission.at)
            return None
        if admission.left >= 1.0 or not channel.terms.folds:
            return message
        folding = Folding(limit, channel.terms.by_owners)
        return self._outbox.fold(message, self._wall(), folding, claim_s=_CLAIM_S)

    def _write_failure(self, message: Notification, error: ChannelError) -> None:
        now, attempts = self._wall(), message.attempts + 1
        if isinstance(error, Unreachable | Busy):
            self._is_silent = True
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
