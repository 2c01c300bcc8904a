import asyncio
import base64
import logging
import socket
import struct
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from observer.alerts.base import Busy, Refused, Unreachable
from observer.alerts.webhook import WebhookChannel, signing_secret
from observer.errors import ChannelError, ProjectError
from observer.model import Notification
from tests.support.receiver import Receiver

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(b"x" * 24).decode()


def test_body_headers_and_signature(receiver: Receiver, message: Notification) -> None:
    WebhookChannel("ops", receiver.url, SECRET).send(message)
    [request] = receiver.requests
    assert request.method == "POST"
    assert request.body == message.payload.encode()
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"] == "msg_1"
    assert abs(int(request.headers["webhook-timestamp"]) - time.time()) < 60
    Webhook(SECRET).verify(request.body, request.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(request.body + b" ", request.headers)


def test_any_text_is_a_secret(receiver: Receiver, message: Notification) -> None:
    WebhookChannel("ops", receiver.url, "not base64 – at all").send(message)
    [request] = receiver.requests
    Webhook(signing_secret("not base64 – at all", channel="ops")).verify(request.body, request.headers)
    Webhook("not base64 – at all".encode()).verify(request.body, request.headers)


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (500, ChannelError, "answered 500"),
        (408, ChannelError, "answered 408"),
        (425, ChannelError, "answered 425"),
        (429, Busy, "answered 429"),
        (400, Refused, "refuses the message"),
        (401, Refused, "refuses the message"),
        (410, Refused, "wants no messages any more"),
        (302, Refused, "not followed"),
    ],
)
def test_what_an_answer_means(receiver: Receiver, message: Notification, status: int, kind: type, said: str) -> None:
    receiver.fail(1, status)
    with pytest.raises(ChannelError, match=said) as caught:
        WebhookChannel("ops", receiver.url, SECRET).send(message)
    assert type(caught.value) is kind
    assert f"127.0.0.1:{receiver.port}" in str(caught.value)
    assert len(receiver.requests) == 1


def test_nobody_listens(receiver: Receiver, message: Notification) -> None:
    receiver.stop()
    with pytest.raises(Unreachable, match="connection was refused"):
        WebhookChannel("ops", receiver.url, SECRET).send(message)


def test_an_unknown_host(message: Notification) -> None:
    with pytest.raises(Unreachable, match=r"^http://nobody\.invalid: its name is not known here$"):
        WebhookChannel("ops", "http://nobody.invalid/a", SECRET).send(message)


def test_a_receiver_that_drips_its_answer_is_left(message: Notification) -> None:
    """A timeout for each read would never end here."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                for letter in b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100:
                    try:
                        connection.send(bytes([letter]))
                    except OSError:
                        return
                    time.sleep(0.05)

        threading.Thread(target=drip, daemon=True).start()
        channel = WebhookChannel("ops", f"http://127.0.0.1:{listener.getsockname()[1]}", SECRET, timeout_s=0.5)
        start = time.monotonic()
        with pytest.raises(Unreachable, match=r"did not answer within 0\.5 s"):
            channel.send(message)
        assert time.monotonic() - start < 3


def test_a_running_loop_does_not_hinder(receiver: Receiver, message: Notification) -> None:
    async def inside() -> None:
        WebhookChannel("ops", receiver.url, SECRET).send(message)

    asyncio.run(inside())
    assert len(receiver.accepted) == 1


def test_no_secret_in_texts_and_logs(
    receiver: Receiver, message: Notification, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url = receiver.url.replace("http://", "http://me:hunter2@") + "/hunter3?key=hunter4"
    channel = WebhookChannel("ops", url, "hunter5-secret")
    channel.send(message)
    receiver.fail(1, 410)
    with pytest.raises(Refused) as refused:
        channel.send(message)
    receiver.stop()
    with pytest.raises(Unreachable) as unreachable:
        channel.send(message)
    texts = [repr(channel), str(refused.value), str(unreachable.value), *(caplog.messages)]
    assert not [text for text in texts if "hunter" in text]
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


@pytest.mark.parametrize(
    "url",
    ["", "hooks.example.com/hunter2", "ftp://x/hunter2", "http://", "http://x:99999/hunter2", "http://[x"],
)
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(ProjectError, match="channel 'ops': its url") as caught:
        WebhookChannel("ops", url, SECRET)
    assert "hunter" not in str(caught.value)


@pytest.mark.parametrize(("secret", "said"), [("", "is empty"), ("whsec_", "base64"), ("whsec_hunter2!", "base64")])
def test_a_secret_that_is_none(secret: str, said: str) -> None:
    with pytest.raises(ProjectError, match=said) as caught:
        WebhookChannel("ops", "http://127.0.0.1", secret)
    assert "hunter" not in str(caught.value)


def test_while_a_secret_is_replaced_both_sign(receiver: Receiver, message: Notification) -> None:
    older = "whsec_" + base64.b64encode(b"o" * 24).decode()
    WebhookChannel("ops", receiver.url, (SECRET, older)).send(message)
    [request] = receiver.requests
    assert len(request.headers["webhook-signature"].split(" ")) == 2
    for secret in (SECRET, older):
        Webhook(secret).verify(request.body, request.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + base64.b64encode(b"z" * 24).decode()).verify(request.body, request.headers)
    newest = request.headers["webhook-signature"].split(" ")[0]
    Webhook(SECRET).verify(request.body, {**request.headers, "webhook-signature": newest})


@pytest.mark.parametrize("secrets", [(), ("a",) * 6])
def test_too_few_secrets_and_too_many(secrets: tuple[str, ...]) -> None:
    with pytest.raises(ProjectError, match="one secret, or up to 5"):
        WebhookChannel("ops", "http://127.0.0.1", secrets)


@pytest.mark.parametrize(
    ("status", "header", "wait_s"),
    [
        (429, "7", 7.0),
        (503, "120", 120.0),
        (429, "in a while", None),
        (429, "-5", None),
        (429, "86400", 3600.0),
        (429, "9" * 400, 3600.0),
        (429, format_datetime(NOW + timedelta(minutes=30), usegmt=True), 1800.0),
        (429, "Fri, 31 Dec 9999 23:59:59 GMT", 3600.0),
        (429, "Fri, 31 Dec 9999 23:59:59 -2359", 3600.0),
        (429, format_datetime(NOW - timedelta(hours=2), usegmt=True), 0.0),
    ],
)
def test_when_to_come_again(
    receiver: Receiver, message: Notification, status: int, header: str, wait_s: float | None
) -> None:
    receiver.fail(1, status, {"retry-after": header})
    with pytest.raises(Busy) as caught:
        WebhookChannel("ops", receiver.url, SECRET, wall=lambda: NOW).send(message)
    assert caught.value.wait_s == wait_s


def test_an_endless_answer_is_not_read(message: Notification) -> None:
    """Of an answer the status counts; what follows may be a gigabyte, and never comes to an end here."""
    sent = [0]
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def pour() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                try:
                    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
                    while sent[0] < 1_000_000_000:
                        sent[0] += connection.send(b"x" * 65536)
                except OSError:
                    return

        thread = threading.Thread(target=pour, daemon=True)
        thread.start()
        WebhookChannel("ops", f"http://127.0.0.1:{listener.getsockname()[1]}", SECRET, timeout_s=10).send(message)
        thread.join(10)
    assert sent[0] < 50_000_000


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 2", b"\xff\x00" * 40, b"HTTP/1.1 200 OK\r\nx: " + b"y" * 300_000])
def test_an_answer_that_is_none(message: Notification, answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def reset() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                try:
                    connection.sendall(answer)
                except OSError:
                    return

        threading.Thread(target=reset, daemon=True).start()
        channel = WebhookChannel("ops", f"http://127.0.0.1:{listener.getsockname()[1]}", SECRET, timeout_s=10)
        with pytest.raises(Unreachable, match="the exchange failed"):
            channel.send(message)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_carries_a_message_away(receiver: Receiver, message: Notification, status: int) -> None:
    with Receiver() as elsewhere:
        receiver.fail(1, status, {"location": elsewhere.url})
        with pytest.raises(Refused, match="not followed"):
            WebhookChannel("ops", receiver.url, SECRET).send(message)
        assert elsewhere.requests == []
