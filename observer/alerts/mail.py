"""Mail, by SMTP (RFC 5321): plain text, one thread an incident."""

from __future__ import annotations

import logging
import smtplib
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from enum import StrEnum
from typing import NoReturn

from observer.alerts.base import EVERYTHING, Refused, Terms, Unreachable
from observer.alerts.message import Message, read
from observer.alerts.posting import cause, is_local
from observer.alerts.routed import Routed
from observer.alerts.when import When
from observer.alerts.within import within
from observer.errors import ChannelError, ProjectError
from observer.model import Incident, Notification

OWNERS = "owners"
"""As a recipient: the owners of the incident that are addresses."""

_TIMEOUT_S = 20.0
_SUBJECT, _TEXT = 200, 10_000  # characters

_log = logging.getLogger("observer.alerts")


class Tls(StrEnum):
    """How the connection to a mail server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mail is handed in; ``password`` never appears in a representation."""

    host: str
    port: int
    tls: Tls
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class MailChannel(Routed):
    """Sends one mail to all recipients of an incident.

    Parameters
    ----------
    name: names the channel in the environment and in the outbox.
    server: where mail is handed in.
    sender: the address that it comes from, as ``name@example.com`` or ``Name <name@example.com>``.
    to: addresses, and ``owners`` for those of the incident's owners that are addresses.
    when: which incidents it hears of.
    terms: how the environment uses it.
    timeout_s: for one whole try, whatever the server does.
    wall: the real time, for the header ``Date``.

    Raises
    ------
    ProjectError: an address is none, or a password would be sent in the clear.
    """

    def __init__(
        self,
        name: str,
        server: MailServer,
        sender: str,
        to: Sequence[str],
        when: When | None = None,
        terms: Terms = EVERYTHING,
        *,
        timeout_s: float = _TIMEOUT_S,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        for address in (parseaddr(sender)[1] or sender, *to):
            if address != OWNERS and not is_address(address):
                raise ProjectError(f"channel {name!r}: {address!r} is no mail address; write name@example.com")
        if not sender.isprintable():
            raise ProjectError(
                f"channel {name!r}: its from = {sender!r} has a line break, or a mark that nobody sees, and would end "
                "the header it stands in; write 'Name <name@example.com>' on one line"
            )
        if server.password is not None and server.tls is Tls.NONE and not is_local(server.host):
            raise ProjectError(
                f"channel {name!r}: its password would cross the network in the clear; write tls = 'starttls' or 'tls'"
            )
        super().__init__(name, when, replace(terms, by_owners=OWNERS in to))
        self._server, self._sender, self._to = server, sender, tuple(to)
        self._timeout_s, self._wall = timeout_s, wall

    def __repr__(self) -> str:
        return f"MailChannel({self._name!r}, {str(self._server)!r})"

    def accepts(self, incident: Incident) -> bool:
        """Whether ``when`` holds for the incident, and somebody is there to be written to."""
        return super().accepts(incident) and bool(self._recipients(self._when.owners_of(incident)))

    def send(self, notification: Notification) -> None:
        """Hand it in; see ``observer.alerts.base.Channel.send``.

        Raises
        ------
        Refused: the server refused the login, the sender or every recipient for good.
        Unreachable: it did not answer in time.
        ChannelError: it wants the mail later, or nobody is left to write to.
        """
        message = read(notification.payload)
        recipients = self._recipients(message.owners)
        if not recipients:
            raise Refused(f"{self._server}: the incident has no owner with a mail address any more")
        mail = self.mail(message, notification.id, recipients)
        try:
            refused = within(self._timeout_s, lambda: self._hand_in(mail, recipients))
        except TimeoutError:
            raise Unreachable(f"{self._server} did not answer within {self._timeout_s:g} s") from None
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            self._raise(error)
        if refused:
            _log.warning(
                "%s refused %d of %d recipients of channel %s", self._server, refused, len(recipients), self._name
            )

    def mail(self, message: Message, message_id: str, recipients: Sequence[str]) -> EmailMessage:
        """The mail that says a message: the same for the same message, but for its date."""
        domain = parseaddr(self._sender)[1].rpartition("@")[2]
        message, mail = message.shortened(_TEXT), EmailMessage()
        mail["From"], mail["To"] = self._sender, ", ".join(recipients)
        mail["Subject"] = _one_line(f"{message.mark} {message.title}")[:_SUBJECT]
        mail["Date"] = format_datetime(self._wall().astimezone(UTC))
        mail["Message-ID"] = f"<{message_id}@{domain}>"
        if message.incident is not None:
            mail["References"] = f"<incident-{message.incident}.tidegate@{domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        lines = [message.sentence, ""]
        lines += [f"{name}: {text}" for name, text in message.facts]
        if message.url is not None:
            lines += ["", message.url]
        mail.set_content(
            "\n".join(lines).encode("utf-8", "replace").decode() + "\n", charset="utf-8", cte="quoted-printable"
        )
        return mail

    def _recipients(self, owners: Sequence[str]) -> tuple[str, ...]:
        found: list[str] = []
        for one in self._to:
            found += [owner for owner in owners if is_address(owner)] if one == OWNERS else [one]
        return tuple(dict.fromkeys(found))

    def _hand_in(self, mail: EmailMessage, recipients: Sequence[str]) -> int:
        """How many of the recipients were refused, while others were not."""
        server = self._server
        here = socket.gethostname() or "localhost"  # a fully qualified name may take seconds to look up
        context = ssl.create_default_context()
        smtp = (
            smtplib.SMTP_SSL(server.host, server.port, here, timeout=self._timeout_s, context=context)
            if server.tls is Tls.TLS
            else smtplib.SMTP(server.host, server.port, here, timeout=self._timeout_s)
        )
        with smtp:
            if server.tls is Tls.STARTTLS:
                smtp.starttls(context=context)
            if server.user is not None:
                smtp.login(server.user, server.password or "")
            return len(smtp.send_message(mail, parseaddr(self._sender)[1], list(recipients)))

    def _raise(self, error: Exception) -> NoReturn:
        """In words of our own: the server's may hold anything."""
        said = str(self._server)
        match error:
            case smtplib.SMTPAuthenticationError():
                raise Refused(f"{said} answered {error.smtp_code} to the login; look at user and password") from None
            case smtplib.SMTPNotSupportedError():
                raise Refused(f"{said} offers no {self._server.tls} or no login; look at tls and user") from None
            case smtplib.SMTPRecipientsRefused():
                codes = sorted({code for code, _ in error.recipients.values()})
                kind = Refused if all(code >= 500 for code in codes) else ChannelError
                raise kind(f"{said} answered {', '.join(map(str, codes))} to every recipient") from None
            case smtplib.SMTPResponseException():
                kind = Refused if error.smtp_code >= 500 else ChannelError
                raise kind(f"{said} answered {error.smtp_code}") from None
            case smtplib.SMTPServerDisconnected():
                raise Unreachable(f"{said} hung up") from None
            case OSError():
                raise Unreachable(f"{said}: {cause(error)}") from None
        raise Refused(f"{said}: the mail can't be written ({type(error).__name__})") from None


def is_address(text: str) -> bool:
    """Whether it can be written to: ``name@domain``, without anything that would end a header or an argument."""
    local, at, domain = text.rpartition("@")
    plain = not any(character.isspace() or character in '<>,;:"\\()[]' for character in text)
    return bool(at and local and ("." in domain.strip(".") or domain == "localhost")) and plain and text.isprintable()


def _one_line(text: str) -> str:
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
