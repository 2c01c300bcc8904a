"""Any other service that Apprise can reach: https://github.com/caronc/apprise"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from observer.alerts.base import EVERYTHING, Refused, Terms, Unreachable
from observer.alerts.discretion import discreetly
from observer.alerts.message import Message, read
from observer.alerts.routed import Routed
from observer.alerts.when import When
from observer.alerts.within import within
from observer.errors import ChannelError, ProjectError
from observer.model import Notification

if TYPE_CHECKING:
    from apprise import Apprise, NotifyType

_TIMEOUT_S = 20.0
_TEXT = 3000  # characters; what is too long for a service Apprise cuts or sends in parts
_LOGGERS = ("apprise", "urllib3", "urllib3.connectionpool", "requests")


class AppriseChannel(Routed):
    """Says a message by Apprise, as a title and plain text.

    Apprise tells only whether it could, so a failure has no cause here. What it would log is not heard: its addresses
    hold the keys of the services.

    Parameters
    ----------
    name: names the channel in the environment and in the outbox.
    url: as Apprise writes it, ``ntfy://topic`` or ``telegram://token/chat``; a secret.
    when: which incidents it hears of.
    terms: how the environment uses it.
    timeout_s: for one whole try.

    Raises
    ------
    ProjectError: Apprise isn't installed.
    """

    def __init__(
        self,
        name: str,
        url: str,
        when: When | None = None,
        terms: Terms = EVERYTHING,
        *,
        timeout_s: float = _TIMEOUT_S,
    ) -> None:
        super().__init__(name, when, terms)
        self._url, self._timeout_s = url, timeout_s
        self._scheme = url.partition("://")[0] if "://" in url else ""
        if importlib.util.find_spec("apprise") is None:
            raise ProjectError(f"channel {name!r} needs Apprise, which isn't installed: pip install 'tidegate[alerts]'")

    def __repr__(self) -> str:
        return f"AppriseChannel({self._name!r}, '{self._scheme}://')"

    def send(self, notification: Notification) -> None:
        """Say it; see ``observer.alerts.base.Channel.send``.

        Raises
        ------
        Refused: Apprise can't read the address.
        Unreachable: it was not done in time.
        ChannelError: Apprise could not hand it over.
        """
        message = read(notification.payload).shortened(_TEXT)
        try:
            done = within(self._timeout_s, lambda: self._say(message))
        except ProjectError as error:
            raise Refused(str(error)) from None
        except TimeoutError:
            raise Unreachable(f"{self._scheme}:// was not reached within {self._timeout_s:g} s") from None
        if not done:
            raise ChannelError(f"Apprise could not hand the message to {self._scheme}://, and does not say why")

    def _say(self, message: Message) -> bool:
        from apprise import NotifyFormat

        lines = [message.sentence, "", *(f"{name}: {text}" for name, text in message.facts)]
        lines += [] if message.url is None else ["", message.url]
        with discreetly(*_LOGGERS):
            return bool(
                self._made().notify(
                    body="\n".join(lines), title=f"{message.mark} {message.title}", notify_type=_type(message),
                    body_format=NotifyFormat.TEXT,
                )
            )  # fmt: skip

    def check(self) -> None:
        """See whether Apprise can read the address, which takes it two seconds: it loads everything that it knows.

        Raises
        ------
        ProjectError: it can't.
        """
        self._made()

    def _made(self) -> Apprise:
        """A new one for each message: Apprise makes one that is used again wait for seconds."""
        from apprise import Apprise, AppriseAsset, PersistentStoreMode

        asset = AppriseAsset(
            app_id="Tidegate", async_mode=False, storage_mode=PersistentStoreMode.MEMORY,
            http_redirects=False,  # they would carry a message to where nobody configured it
        )  # fmt: skip
        with discreetly(*_LOGGERS):
            apprise = Apprise(asset=asset)
            if not apprise.add(self._url) or len(apprise) != 1:
                raise ProjectError(
                    f"channel {self._name!r}: Apprise can't read its url as the address of one service; it is not "
                    "repeated here, as it may hold a secret; see https://github.com/caronc/apprise/wiki"
                )
        return apprise


def _type(message: Message) -> NotifyType:
    from apprise import NotifyType

    if message.is_over:
        return NotifyType.SUCCESS
    return {"error": NotifyType.FAILURE, "warn": NotifyType.WARNING}.get(message.severity, NotifyType.INFO)
