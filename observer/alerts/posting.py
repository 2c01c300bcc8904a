"""One exchange with a receiver over HTTP: bounded in time, followed nowhere, told without its address."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Coroutine, Mapping
from contextvars import copy_context
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from observer.alerts.base import Busy, Refused, Unreachable
from observer.alerts.discretion import discreetly
from observer.errors import ChannelError, ProjectError

TIMEOUT_S = 10.0
"""For one whole try, whatever the receiver does."""

LONGEST_WAIT_S = 3600.0
"""However much later a receiver wants to be asked again: what it says may be wrong, and nobody would be told."""

_TRY_LATER = frozenset({408, 425})


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    retry_after: str | None


class Endpoint:
    """Where a channel posts.

    The address may itself be a secret, so texts show its scheme and host only. Redirects are not followed: they would
    carry a message to where nobody configured it. Proxies and certificates of the environment (``HTTPS_PROXY``,
    ``SSL_CERT_FILE``) are used, except to reach this machine. Only the status of the answer and its ``retry-after``
    are read, whatever comes after them.

    Parameters
    ----------
    channel: the channel's name, for texts.
    url: ``http://`` or ``https://``.
    timeout_s: for one whole try.
    wall: the real time.

    Raises
    ------
    ProjectError: the address can't be used.
    """

    def __init__(
        self,
        channel: str,
        url: str,
        timeout_s: float = TIMEOUT_S,
        *,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        parts = _address(channel, url)
        self._channel, self._url, self._timeout_s, self._wall = channel, url, timeout_s, wall
        self._is_local = is_local(parts.hostname or "")
        self.shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"

    def post(self, content: bytes, headers: Mapping[str, str]) -> None:
        """Post once; returns where the receiver has taken it.

        Raises
        ------
        Refused: it answered with a redirect or a 4xx status other than 408, 425 and 429.
        Unreachable: it did not answer in time.
        Busy: it answered 429, or 503 and when to come again.
        ChannelError: it answered with any other status that is not 2xx.
        """
        everything = {"content-type": "application/json", "user-agent": "tidegate", **headers}
        self._judge(_in_a_loop(lambda: self._exchange(content, everything)))

    async def _exchange(self, content: bytes, headers: Mapping[str, str]) -> _Answer:
        """A loop is what makes ``timeout_s`` hold for the whole exchange."""
        import httpx2

        try:
            with discreetly("httpx2"):
                async with (
                    asyncio.timeout(self._timeout_s),
                    httpx2.AsyncClient(timeout=None, trust_env=not self._is_local, follow_redirects=False) as client,
                    client.stream("POST", self._url, content=content, headers=headers) as response,
                ):
                    return _Answer(response.status_code, response.headers.get("retry-after"))
        except TimeoutError:
            raise Unreachable(f"{self.shown} did not answer within {self._timeout_s:g} s") from None
        except (httpx2.HTTPError, ssl.SSLError, OSError) as error:
            raise Unreachable(f"{self.shown}: {cause(error)}") from None
        except httpx2.InvalidURL:
            raise Refused(f"{self.shown}: the address of channel {self._channel!r} can't be used") from None

    def _judge(self, answer: _Answer) -> None:
        status = answer.status
        said = f"{self.shown} answered {status}"
        if 200 <= status < 300:
            return
        wait_s = _seconds(answer.retry_after, self._wall())
        if status == 429 or (status == 503 and wait_s is not None):
            raise Busy(said if wait_s is None else f"{said}: it is left alone for {wait_s:.0f} s", wait_s)
        if status == 410:
            raise Refused(
                f"{said} (gone): it wants no messages any more; remove channel {self._channel!r} from the "
                "environment, or correct its address"
            )
        if 300 <= status < 400:
            raise Refused(
                f"{said}, a redirect, which is not followed; give channel {self._channel!r} the final address"
            )
        if 400 <= status < 500 and status not in _TRY_LATER:
            raise Refused(f"{said}: it refuses the message; look at the receiver's log and at the channel's secret")
        raise ChannelError(said)


def cause(error: BaseException) -> str:
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


def _seconds(retry_after: str | None, now: datetime) -> float | None:
    """How long to wait as a ``Retry-After`` asks for, in seconds or until a date; None where it asks for neither."""
    if retry_after is None:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return LONGEST_WAIT_S if len(text) > 9 else min(float(text), LONGEST_WAIT_S)
    try:
        until = parsedate_to_datetime(text)
        wait_s = (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds()
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, wait_s), LONGEST_WAIT_S)


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


def is_local(host: str) -> bool:
    """Whether it is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _in_a_loop(post: Callable[[], Coroutine[None, None, _Answer]]) -> _Answer:
    """Run it in an event loop of its own, in a thread of its own where this one already runs a loop."""
    outcome: list[_Answer | BaseException] = []

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
        thread = threading.Thread(target=run, name="tidegate-post")
        thread.start()
        thread.join()
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]
