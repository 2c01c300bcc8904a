"""Emptying the outbox: a lane for each channel, so that none waits for another whose receiver hangs."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self

from observer.alerts.base import Channel, Outbox
from observer.alerts.lane import Lane
from observer.faults import said

LANES = 8
"""Channels that one process sends to at the same time; the others wait until one of these is done."""

_MOST = 200  # messages of one pass over a channel
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


def deliver_due(
    outbox: Outbox,
    channels: Iterable[Channel],
    wall: Callable[[], datetime],
    *,
    rng: random.Random | None = None,
    limit: int = _MOST,
    should_stop: Callable[[], bool] = lambda: False,
) -> DeliveryReport:
    """Send what is due: to each channel one message after the other, to different ones at the same time.

    Any number of senders may do this at once. Whatever happens between handing a message over and writing
    that down, it is sent again with the same id, a minute later. A channel that does not answer is left alone
    for the rest of the pass; one whose receiver says when to come again, by all senders until then.

    Parameters
    ----------
    outbox: where the messages are.
    channels: those of the environment; a message for any other waits and says so.
    wall: the real time.
    rng: draws the jitter; None for one of its own.
    limit: the most messages of one pass to one channel.
    should_stop: asked before each message.

    Raises
    ------
    StateError: the outbox does not answer.
    """
    known, drawn = {channel.name: channel for channel in channels}, rng or random.Random()
    lanes = [Lane(outbox, name, known.get(name), wall, drawn) for name in outbox.due(wall())]
    if lanes:
        with ThreadPoolExecutor(min(LANES, len(lanes)), "tidegate-lane") as threads:
            for _ in threads.map(lambda lane: lane.walk(limit, should_stop), lanes):
                pass
    return DeliveryReport(
        delivered=sum(lane.delivered for lane in lanes), failed=sum(lane.failed for lane in lanes),
        waiting=outbox.counts().waiting,
    )  # fmt: skip


class Sender:
    """Background threads that deliver what is due, looking once a second; no exception ends them.

    One looks; each channel that something is due for has one more while it is sent to, at most ``LANES`` together.
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
        self._channels = {channel.name: channel for channel in channels}
        self._wall = wall
        self._rng = rng or random.Random()
        self._interval_s = interval_s
        self._first = first
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._lanes: dict[str, threading.Thread] = {}
        self._is_broken = False

    def start(self) -> None:
        """Begin; nothing if it runs already."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name="tidegate-sender", daemon=True)
            self._thread.start()

    def stop(self, timeout_s: float = 15.0) -> None:
        """End after the messages that are on their way; what is left waits in the outbox."""
        until = time.monotonic() + timeout_s
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout_s)
            self._thread = None
        for lane in self._lanes.values():
            lane.join(max(0.0, until - time.monotonic()))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._first()
                for name in self._outbox.due(self._wall()):
                    self._begin(name)
                self._is_broken = False
            except Exception as error:
                self._complain(error)
            self._stopping.wait(self._interval_s)

    def _begin(self, name: str) -> None:
        """Let a channel have a lane, where it has none and there is room."""
        self._lanes = {each: thread for each, thread in self._lanes.items() if thread.is_alive()}
        if name in self._lanes or len(self._lanes) >= LANES or self._stopping.is_set():
            return
        lane = Lane(self._outbox, name, self._channels.get(name), self._wall, self._rng)
        thread = threading.Thread(target=self._walk, args=(lane,), name="tidegate-lane", daemon=True)
        self._lanes[name] = thread
        thread.start()

    def _walk(self, lane: Lane) -> None:
        try:
            lane.walk(_MOST, self._stopping.is_set)
        except Exception as error:
            self._complain(error)

    def _complain(self, error: Exception) -> None:
        if not self._is_broken:  # once for each outage, not each second
            _log.error("alerts can't be sent just now and wait in the outbox: %s", said(error))
        self._is_broken = True
