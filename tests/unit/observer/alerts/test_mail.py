"""Mail through a real SMTP server on this machine."""

import email
import email.policy
import logging
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from observer.alerts.base import Refused, Unreachable
from observer.alerts.mail import MailChannel, MailServer, Tls, is_address
from observer.alerts.payload import Alert, body
from observer.alerts.when import parse_when
from observer.errors import ChannelError, ProjectError
from observer.model import Incident, Notification
from orchestration.graph import Graph
from orchestration.model import AssetKey
from tests.unit.observer.alerts.alerting import AT, MADE, assert_golden

SENDER = "Tidegate <tidegate@example.com>"


class Mailbox:
    """What aiosmtpd hands over, and how it is told to answer."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], EmailMessage]] = []
        self.answers: dict[str, str] = {}

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if (said := self.answers.get(address)) is not None:
            return said
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if (said := self.answers.get("data")) is not None:
            return said
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append((envelope.rcpt_tos, email.message_from_bytes(content, policy=email.policy.default)))
        return "250 OK"


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def server(mailbox: Mailbox) -> Iterator[MailServer]:
    controller = Controller(mailbox, hostname="127.0.0.1", port=_free_port())
    controller.start()
    yield MailServer(host="127.0.0.1", port=controller.port, tls=Tls.NONE)
    controller.stop()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.mark.parametrize("event", ["opened", "resolved"])
def test_what_is_received_is_the_golden_one(
    server: MailServer, mailbox: Mailbox, message: Notification, opened: Alert, event: str
) -> None:
    channel = MailChannel("team", server, SENDER, ("data@example.com", "owners"), wall=lambda: AT)
    channel.send(replace(message, payload=body(MADE[event](opened))))
    [(recipients, mail)] = mailbox.mails
    assert recipients == ["data@example.com", *(("ops@example.com",) if event == "opened" else ())]
    heads = "\n".join(f"{name}: {mail[name]}" for name in ("From", "To", "Subject", "Date", "Message-ID", "References"))
    text = mail.get_content().replace("\r\n", "\n")
    assert_golden(f"mail_{event}.txt", f"{heads}\n\n{text}")
    assert mail["Auto-Submitted"] == "auto-generated"


def test_a_repetition_has_the_same_id(server: MailServer, mailbox: Mailbox, message: Notification) -> None:
    channel = MailChannel("team", server, SENDER, ("data@example.com",))
    channel.send(message)
    channel.send(message)
    assert [mail["Message-ID"] for _, mail in mailbox.mails] == ["<msg_1@example.com>"] * 2


@pytest.mark.parametrize("sender", ["Tide\r\nBcc: all@example.com <a@example.com>", "Tide\n <a@example.com>"])
def test_a_sender_that_would_write_headers_of_its_own_is_refused(sender: str) -> None:
    server = MailServer(host="127.0.0.1", port=1, tls=Tls.NONE)
    with pytest.raises(ProjectError, match=r"channel 'team': its from = .* has a line break"):
        MailChannel("team", server, sender, ("data@example.com",))


def test_what_goes_to_owners_is_folded_by_owners() -> None:
    server = MailServer(host="127.0.0.1", port=1, tls=Tls.NONE)
    assert MailChannel("team", server, SENDER, ("data@example.com", "owners")).terms.by_owners
    assert not MailChannel("team", server, SENDER, ("data@example.com",)).terms.by_owners


def test_owners_are_those_of_the_incident_that_are_addresses(graph: Graph, incident: Incident) -> None:
    server = MailServer(host="127.0.0.1", port=1, tls=Tls.NONE)
    channel = MailChannel("team", server, SENDER, ("owners",), parse_when("", graph))
    assert channel.accepts(incident)
    assert channel.accepts(replace(incident, asset=AssetKey("weather"), assigned=("ana@example.com",)))
    assert not channel.accepts(replace(incident, asset=AssetKey("weather")))  # it has none: another channel may
    assert not channel.accepts(replace(incident, assigned=("team-data",)))


@pytest.mark.parametrize(
    ("where", "answer", "kind"),
    [
        ("data@example.com", "550 no hunter2 here", Refused),
        ("data@example.com", "450 greylisted hunter2", ChannelError),
        ("data", "554 hunter2 looks like spam", Refused),
        ("data", "451 hunter2 later", ChannelError),
    ],
)
def test_what_an_answer_means(
    server: MailServer, mailbox: Mailbox, message: Notification, where: str, answer: str, kind: type
) -> None:
    mailbox.answers[where] = answer
    with pytest.raises(ChannelError, match=answer[:3]) as caught:
        MailChannel("team", server, SENDER, ("data@example.com",)).send(message)
    assert type(caught.value) is kind
    assert "hunter2" not in str(caught.value)


def test_one_recipient_that_is_refused_does_not_hinder_the_others(
    server: MailServer, mailbox: Mailbox, message: Notification, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox.answers["gone@example.com"] = "550 gone"
    MailChannel("team", server, SENDER, ("gone@example.com", "data@example.com")).send(message)
    assert [recipients for recipients, _ in mailbox.mails] == [["data@example.com"]]
    assert "refused 1 of 2 recipients" in caplog.text


def test_a_login_and_one_that_is_refused(
    mailbox: Mailbox, message: Notification, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def known(server: object, session: object, envelope: object, mechanism: str, data: LoginPassword) -> AuthResult:
        return AuthResult(success=data.password == b"hunter2", handled=False)

    controller = Controller(
        mailbox, hostname="127.0.0.1", port=_free_port(), auth_required=True, auth_require_tls=False,
        authenticator=known,
    )  # fmt: skip
    controller.start()
    try:
        right = MailServer(host="127.0.0.1", port=controller.port, tls=Tls.NONE, user="me", password="hunter2")
        MailChannel("team", right, SENDER, ("data@example.com",)).send(message)
        wrong = replace(right, password="hunter3")
        with pytest.raises(Refused, match="answered 535 to the login") as caught:
            MailChannel("team", wrong, SENDER, ("data@example.com",)).send(message)
    finally:
        controller.stop()
    assert len(mailbox.mails) == 1
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith(("mail", "asyncio"))]
    assert not [text for text in (str(caught.value), repr(right), *ours) if "hunter" in text]


def test_a_server_without_tls_gets_nothing_in_the_clear(
    server: MailServer, mailbox: Mailbox, message: Notification
) -> None:
    with pytest.raises(Refused, match="offers no starttls"):
        MailChannel("team", replace(server, tls=Tls.STARTTLS), SENDER, ("data@example.com",)).send(message)
    with pytest.raises(Unreachable, match="certificate or TLS was not accepted"):
        MailChannel("team", replace(server, tls=Tls.TLS), SENDER, ("data@example.com",), timeout_s=5).send(message)
    assert mailbox.mails == []


def test_a_server_that_drips_is_left(message: Notification) -> None:
    """A timeout for each read would never end here."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                for _ in range(100):
                    try:
                        connection.send(b"220-x\r\n")
                    except OSError:
                        return
                    time.sleep(0.05)

        threading.Thread(target=drip, daemon=True).start()
        server = MailServer(host="127.0.0.1", port=listener.getsockname()[1], tls=Tls.NONE)
        start = time.monotonic()
        with pytest.raises(Unreachable, match=r"did not answer within 0\.5 s"):
            MailChannel("team", server, SENDER, ("data@example.com",), timeout_s=0.5).send(message)
        assert time.monotonic() - start < 3


def test_nobody_listens(message: Notification) -> None:
    server = MailServer(host="127.0.0.1", port=_free_port(), tls=Tls.NONE)
    with pytest.raises(Unreachable, match="the connection was refused"):
        MailChannel("team", server, SENDER, ("data@example.com",)).send(message)


def test_data_cannot_add_headers_or_recipients(
    server: MailServer, mailbox: Mailbox, message: Notification, incident: Incident
) -> None:
    evil = "x\r\nBcc: everybody@example.com\r\n\r\n.\r\nRSET\r\n" + "y" * 5000
    owners = ("a@example.com\r\nRCPT TO:<b@example.com>", "a@example.com, b@example.com", "c@example.com")
    wrong = replace(incident, last_partition=evil, sentence=evil)
    alert = Alert(event="incident.opened", at=AT, incident=wrong, owners=owners)
    MailChannel("team", server, SENDER, ("owners",)).send(replace(message, payload=body(alert)))
    [(recipients, mail)] = mailbox.mails
    assert recipients == ["c@example.com"]
    assert mail["Bcc"] is None
    assert re.search(r"^RSET$", mail.get_content().replace("\r\n", "\n"), re.MULTILINE)  # as text
    assert len(mail["Subject"]) <= 200


@pytest.mark.parametrize(
    "text", ["", "a", "@b.org", "a@", "a@b", "a b@c.org", "a@b.org,c@d.org", "<a@b.org>", "a@b.org\n"]
)
def test_what_is_no_address(text: str) -> None:
    assert not is_address(text)
    with pytest.raises(ProjectError, match="is no mail address"):
        MailChannel("team", MailServer(host="x", port=25, tls=Tls.STARTTLS), SENDER, (text or " ",))


@pytest.mark.parametrize("host", ["smtp.example.com", "127.example.com", "127.0.0.1.example.com"])
def test_a_password_never_crosses_the_network_in_the_clear(host: str) -> None:
    server = MailServer(host=host, port=25, tls=Tls.NONE, user="me", password="hunter2")
    with pytest.raises(ProjectError, match="in the clear") as caught:
        MailChannel("team", server, SENDER, ("a@example.com",))
    assert "hunter2" not in str(caught.value)
