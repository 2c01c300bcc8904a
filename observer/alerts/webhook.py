"""A webhook: the body as a POST, signed by the Standard Webhooks specification.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from observer.alerts.base import EVERYTHING, Terms
from observer.alerts.posting import TIMEOUT_S, Endpoint
from observer.alerts.routed import Routed
from observer.alerts.when import When
from observer.errors import ProjectError
from observer.model import Notification

_MOST_SECRETS = 5


class WebhookChannel(Routed):
    """Posts each notification to one address, as it stands in the outbox; see ``Endpoint`` for how.

    Parameters
    ----------
    name: names the channel in the environment and in the outbox.
    url: ``http://`` or ``https://``.
    secret: ``whsec_`` and base64, or any other text, whose UTF-8 bytes are then the key; see ``signing_secret``.
        While one replaces another, both, the newest first: each message carries a signature by each.
    when: which incidents it hears of.
    timeout_s: for one whole try, whatever the receiver does.
    wall: the real time, for the header ``webhook-timestamp``.
    terms: how the environment uses it.

    Raises
    ------
    ProjectError: the address or a secret can't be used.
    """

    def __init__(
        self,
        name: str,
        url: str,
        secret: str | Sequence[str],
        when: When | None = None,
        timeout_s: float = TIMEOUT_S,
        *,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        terms: Terms = EVERYTHING,
    ) -> None:
        secrets = (secret,) if isinstance(secret, str) else tuple(secret)
        if not 0 < len(secrets) <= _MOST_SECRETS:
            raise ProjectError(f"channel {name!r}: give it one secret, or up to {_MOST_SECRETS}, the newest first")
        super().__init__(name, when, terms)
        self._endpoint = Endpoint(name, url, timeout_s, wall=wall)
        self._secrets = tuple(signing_secret(one, channel=name) for one in secrets)
        self._wall = wall

    def __repr__(self) -> str:
        return f"WebhookChannel({self._name!r}, {self._endpoint.shown!r})"

    def send(self, notification: Notification) -> None:
        """Post it; see ``observer.alerts.base.Channel.send``, and ``Endpoint.post`` for what is raised when."""
        self._endpoint.post(notification.payload.encode(), self._sign(notification))

    def _sign(self, notification: Notification) -> dict[str, str]:
        from standardwebhooks import Webhook

        now = self._wall().astimezone(UTC)
        signed = (Webhook(secret).sign(notification.id, now, notification.payload) for secret in self._secrets)
        return {
            "webhook-id": notification.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signed),
        }


def signing_secret(secret: str, *, channel: str) -> str:
    """The ``whsec_`` form of a secret: what ``standardwebhooks.Webhook`` takes on both sides.

    Raises
    ------
    ProjectError: it is empty, or starts with ``whsec_`` and does not go on with base64.

    Examples
    --------
    >>> signing_secret("a plain text", channel="webhook")
    'whsec_YSBwbGFpbiB0ZXh0'
    """
    start = f"channel {channel!r}: its secret"
    if not secret.startswith("whsec_"):
        if not secret:
            raise ProjectError(f"{start} is empty, so nobody could tell our messages from forged ones; set it")
        return "whsec_" + base64.b64encode(secret.encode()).decode()
    encoded = secret.removeprefix("whsec_")
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ProjectError(f"{start} starts with whsec_ but does not go on with base64; copy it again")
    return secret
