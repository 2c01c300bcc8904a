"""The ports of alerts: a channel, which says it outside, and the outbox, which keeps it until it was said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from observer.errors import ChannelError
from observer.model import Incident, Notification

if TYPE_CHECKING:
    from observer.alerts.folding import Folding


class Refused(ChannelError):
    """The receiver answered, and said that it does not want this message: worth few tries."""


class Unreachable(ChannelError):
    """The receiver did not answer: other messages to the same channel won't get through now either."""


class Busy(ChannelError):
    """The receiver wants no message at all for ``wait_s`` seconds; None: it did not say for how long."""

    def __init__(self, text: str, wait_s: float | None = None) -> None:
        self.wait_s = wait_s
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Limit:
    """How much a channel may say: ``most`` messages at once, and as many again ``per_s`` seconds later.

    >>> Limit(30, 60.0)
    30 in 60 s
    """

    most: int
    per_s: float

    def __repr__(self) -> str:
        return f"{self.most} in {self.per_s:g} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How an environment uses a channel.

    Parameters
    ----------
    fallback: it hears only of what no other channel hears of.
    limit: how much it may say; None: anything.
    folds: whether what is over the limit is put into one message, or else waits for its turn.
    by_owners: whether its messages go to the owners of what they say: only those of the same owners are put into one.
    """

    fallback: bool = False
    limit: Limit | None = None
    folds: bool = True
    by_owners: bool = False


EVERYTHING = Terms()


class Channel(Protocol):
    """Somewhere that people look: a webhook, a chat, a mailbox.

    Delivery is at least once: ``send`` is called again with the same notification, and the same id, whenever
    it raised or the process ended before the success was written down. A channel hands the id on, so that
    its receiver can tell a repetition.
    """

    @property
    def name(self) -> str:
        """Names the channel in the environment, in the outbox and to people; never an address or a secret."""
        ...

    @property
    def terms(self) -> Terms:
        """How the environment uses it."""
        ...

    def accepts(self, incident: Incident) -> bool:
        """Whether this channel is to hear of the incident. Pure, quick: asked inside a transaction."""
        ...

    def send(self, notification: Notification) -> None:
        """Hand over ``notification.payload`` as it is, under ``notification.id``.

        Safe from several threads at once, keeps no state that matters, and returns or raises within half a
        minute whatever the receiver does. Returning means that the receiver has taken it.

        Raises
        ------
        ChannelError: it was not handed over; its text names the cause and is kept and shown, so it holds no
            secret. ``Refused`` where the receiver said no, ``Unreachable`` where nobody answered, ``Busy`` where
            it wants to be left alone for a while.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxCounts:
    """What has not been said yet.

    Parameters
    ----------
    waiting: messages that will be tried (again).
    failing: undelivered messages whose last try failed, given up or not.
    given_up: messages that nobody tries any more; they are kept.
    """

    waiting: int
    failing: int
    given_up: int


@dataclass(frozen=True, slots=True)
class Admission:
    """What a limited channel may still say: ``left`` messages more; ``at``: this one not before then."""

    left: float
    at: datetime | None = None


class Outbox(Protocol):
    """The durable list of what has to be said; ``observer.store.outbox.StoredOutbox`` is the real one.

    Each call is a short transaction of its own; all are safe from several threads and processes. Instants are
    wall-clock, whatever clock the project's data runs on. A store that does not answer raises ``StateError``.
    """

    def due(self, wall_now: datetime) -> tuple[str, ...]:
        """The channels that messages are due for, the longest waiting first."""
        ...

    def claim_due(self, channel: str, wall_now: datetime, *, limit: int, claim_s: float) -> tuple[Notification, ...]:
        """Take up to ``limit`` due messages of a channel, those never tried first.

        What a channel is to hear of one incident comes in the order in which it was written. Nobody else is given
        them within ``claim_s`` seconds, or until one of the calls below.
        """
        ...

    def admit(self, channel: str, limit: Limit, wall_now: datetime) -> Admission:
        """Take one message's worth of what a channel may say; all senders share it."""
        ...

    def fold(self, message: Notification, wall_now: datetime, folding: Folding, *, claim_s: float) -> Notification:
        """Put a claimed message and others of its channel that are due into one, claimed in their place.

        From then on they fare as it does. The message itself where there are no others.
        """
        ...

    def pause(self, channel: str, until: datetime) -> None:
        """Give nobody a message of the channel before ``until``."""
        ...

    def delivered(self, notification_id: str, at: datetime) -> None:
        """It was handed over: a try that succeeded. Final."""
        ...

    def failed(self, notification_id: str, error: str, next_attempt_at: datetime | None, *, at: datetime) -> None:
        """A try failed; None gives it up, and keeps it. Without effect on a message delivered meanwhile."""
        ...

    def postponed(self, notification_id: str, reason: str | None, next_attempt_at: datetime) -> None:
        """It could not be tried, which does not count as a try; None: it only waits for its turn."""
        ...

    def counts(self) -> OutboxCounts:
        """How much has not been said yet."""
        ...
