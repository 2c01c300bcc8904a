"""Channels that post a service's own form of JSON, made from the message when it is sent."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from observer.alerts.base import EVERYTHING, Terms
from observer.alerts.message import Message, read
from observer.alerts.posting import TIMEOUT_S, Endpoint
from observer.alerts.routed import Routed
from observer.alerts.when import When
from observer.model import Notification

_LENGTHS = (10_000, 1000, 300, 100)
"""Of characters: the last one fits everywhere, whatever the characters are."""


class PostingChannel(Routed, ABC):
    """Posts what :meth:`content` makes of a message to one address; see ``Endpoint`` for how.

    Parameters
    ----------
    name: names the channel in the environment and in the outbox.
    url: where to, of which texts show the host alone.
    when: which incidents it hears of.
    terms: how the environment uses it.
    timeout_s: for one whole try, whatever the receiver does.

    Raises
    ------
    ProjectError: the address can't be used.
    """

    def __init__(
        self,
        name: str,
        url: str,
        when: When | None = None,
        terms: Terms = EVERYTHING,
        *,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        super().__init__(name, when, terms)
        self._endpoint = Endpoint(name, url, timeout_s)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._name!r}, {self._endpoint.shown!r})"

    most_bytes: ClassVar[int]
    """What the service takes as one message."""

    @abstractmethod
    def content(self, message: Message) -> Mapping[str, Any]:
        """What the service is sent."""

    def send(self, notification: Notification) -> None:
        """Post it; see ``observer.alerts.base.Channel.send``, and ``Endpoint.post`` for what is raised when."""
        self._endpoint.post(self._fitting(read(notification.payload)), {"webhook-id": notification.id})

    def _fitting(self, message: Message) -> bytes:
        """What is posted, with its texts cut as short as the service takes it."""
        said = b""
        for most in _LENGTHS:
            content = self.content(message.shortened(most))
            said = json.dumps(content, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
            if len(said) <= self.most_bytes:
                break
        return said
