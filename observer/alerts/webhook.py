"""A webhook: the body as a POST, signed by the Standard Webhooks specification.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import ssl
import threading
from collections.abc import Callable, Coroutine
from contextvars import ContextVar, copy_context
from datetime import UTC, datetime
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from observer.alerts.base import Refused, Unreachable
from observer.alerts.when import When
from observer.errors import ChannelError, ProjectError
from observer.model import Incident, Notification

_TRY_LATER = frozenset({408, 425, 429})
_quiet: ContextVar[bool] = ContextVar("tidegate_webhook_quiet", default=False)


class WebhookChannel:
    """Posts each notification to one address.

    The address may itself be a secret, so texts show its scheme and host only. Redirects are not followed:
    they would carry a signed body to where nobody configured it. Proxies and certificates of the environment
    (``HTTPS_PROXY``, ``SSL_CERT_FILE``) are used, except to reach this machine. Only the status of the answer
    is read.

    Parameters
    ----------
    name: names the channel in the environment and in the outbox.
    url: ``http://`` or ``https://``.
    secret: ``whsec_`` and base64, or any other text, whose UTF-8 bytes are then the key; see
        ``signing_secret``.
    when: which incidents it hears of.
    timeout_s: for one whole try, whatever the receiver does.
    wall: the real time, for the header ``webhook-timestamp``.

    Raises
    ------
    ProjectError: the address or the secret can't be used.
    """

    def __init__(
        self,
        name: str,
        url: str,
        secret: str,
        when: When | None = None,
        timeout_s: float = 10.0,
        *,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        parts = _address(name, url)
        self._name = name
        self._url = url
        self._secret = signing_secret(secret, channel=name)
        self._when = when or When()
        self._timeout_s = timeout_s
        self._wall = wall
        self._is_local = _is_local(parts.hostname or "")
        self._shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"

    def __repr__(self) -> str:
        return f"WebhookChannel({self._name!r}, {self._shown!r})"

    @property
    def name(self) -> str:
        """Names the channel in the environment and in the outbox."""
        return self._name

    def accepts(self, incident: Incident) -> bool:
        """Whether ``when`` holds for the incident."""
        return self._when.accepts(incident)

    def send(self, notification: Notification) -> None:
        """Post it; see ``observer.alerts.base.Channel.send``.

        Raises
        ------
        Refused: it answered with a redirect or a 4xx status other than 408, 425 and 429.
        Unreachable: it did not answer within ``timeout_s``.
        ChannelError: it answered with any other status that is not 2xx.
        """
        content = notification.payload.encode()
        headers = {"content-type": "application/json", "user-agent": "tidegate", **self._sign(notification)}
        self._judge(_in_a_loop(lambda: self._post(content, headers)))

    def _sign(self, notification: Notification) -> dict[str, str]:
        from standardwebhooks import Webhook

        now = self._wall().astimezone(UTC)
        return {
            "webhook-id": notification.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self._secret).sign(notification.id, now, notification.payload),
        }

    async def _post(self, content: bytes, headers: dict[str, str]) -> int:
        """The status of the answer; a loop is what makes ``timeout_s`` hold for the whole exchange."""
        import httpx2

        _hide_addresses()
        _quiet.set(True)
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                httpx2.AsyncClient(timeout=None, trust_env=not self._is_local, follow_redirects=False) as client,
                client.stream("POST", self._url, content=content, headers=headers) as response,
            ):
                return response.status_code
        except TimeoutError:
            raise Unreachable(f"{self._shown} did not answer within {self._timeout_s:g} s") from None
        except (httpx2.HTTPError, ssl.SSLError, OSError) as error:
            raise Unreachable(f"{self._shown}: {_cause(error)}") from None
        except httpx2.InvalidURL:
            raise Refused(f"{self._shown}: the address of channel {self._name!r} can't be used") from None

    def _judge(self, status: int) -> None:
        said = f"{self._shown} answered {status}"
        if 200 <= status < 300:
            return
        if status == 410:
            raise Refused(
                f"{said} (gone): it wants no messages any more; remove channel {self._name!r} from the "
                "environment, or correct its address"
            )
        if 300 <= status < 400:
            raise Refused(f"{said}, a redirect, which is not followed; give channel {self._name!r} the final address")
        if 400 <= status < 500 and status not in _TRY_LATER:
            raise Refused(f"{said}: it refuses the message; look at the receiver's log and at the channel's secret")
        raise ChannelError(said)


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


def _address(name: str, url: str) -> SplitResult:
    hint = "give an http:// or https:// address; it is not repeated here, as it may hold a secret"
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        raise ProjectError(f"channel {name!r}: its url can't be read; {hint}") from None
    if not usable or any(character.isspace() for character in url):
        raise ProjectError(f"channel {name!r}: its url has no usable scheme and host; {hint}")
    return parts


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _cause(error: Exception) -> str:
    """Why no answer came, in words of our own: the library's may repeat the address."""
    reason: BaseException | None = error
    while reason is not None:
        if isinstance(reason, ssl.SSLError):
            return "its certificate or TLS was not accepted"
        if isinstance(reason, ConnectionRefusedError):
            return "the connection was refused; nobody listens there"
        if isinstance(reason, OSError) and type(reason).__name__ == "gaierror":
            return "its name is not known here"
        reason = reason.__cause__ or reason.__context__
    return f"the exchange failed ({type(error).__name__})"


def _in_a_loop(post: Callable[[], Coroutine[None, None, int]]) -> int:
    """Run it in an event loop of its own, in a thread of its own where this one already runs a loop."""
    outcome: list[int | BaseException] = []

    def run() -> None:
        try:
            outcome.append(asyncio.run(post()))
        except BaseException as error:
            outcome.append(error)

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        copy_context().run(run)
    else:
        thread = threading.Thread(target=run, name="tidegate-webhook")
        thread.start()
        thread.join()
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]


class _Hidden(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return not _quiet.get()


_HIDDEN = _Hidden()


def _hide_addresses() -> None:
    """The HTTP client logs whole addresses at INFO; ours may be secrets."""
    logging.getLogger("httpx2").addFilter(_HIDDEN)  # adding it again changes nothing
