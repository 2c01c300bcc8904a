"""The real Apprise, towards a real receiver on this machine."""

import importlib.util
import json
import logging
import socket
import threading
import time
from dataclasses import replace

import pytest

from observer.alerts.anywhere import AppriseChannel
from observer.alerts.base import Unreachable
from observer.alerts.payload import Alert, body
from observer.errors import ChannelError, ProjectError
from observer.model import Notification
from tests.support.receiver import Receiver
from tests.unit.observer.alerts.alerting import MADE, assert_golden


@pytest.mark.parametrize("event", ["opened", "resolved"])
def test_what_is_received_is_the_golden_one(
    receiver: Receiver, message: Notification, opened: Alert, event: str
) -> None:
    channel = AppriseChannel("others", f"json://127.0.0.1:{receiver.port}/T0K3N")
    channel.send(replace(message, payload=body(MADE[event](opened))))
    [request] = receiver.requests
    assert_golden(f"apprise_{event}.json", json.dumps(json.loads(request.body), indent=2, ensure_ascii=False) + "\n")


def test_a_failure_says_where_and_no_secret(
    receiver: Receiver, message: Notification, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    channel = AppriseChannel("others", f"json://me:hunter2@127.0.0.1:{receiver.port}/T0K3N")
    receiver.fail(1, 500)
    with pytest.raises(ChannelError, match="could not hand the message to json://") as caught:
        channel.send(message)
    channel.send(message)
    texts = [str(caught.value), repr(channel), *caplog.messages]
    assert not [text for text in texts if "hunter2" in text or "T0K3N" in text]


def test_no_redirect_carries_a_message_away(receiver: Receiver, message: Notification) -> None:
    with Receiver() as elsewhere:
        receiver.fail(1, 307, {"location": elsewhere.url})
        with pytest.raises(ChannelError):
            AppriseChannel("others", f"json://127.0.0.1:{receiver.port}").send(message)
        assert elsewhere.requests == []


def test_messages_are_not_held_up(receiver: Receiver, message: Notification) -> None:
    """Apprise waits for seconds between two messages of one object."""
    channel, start = AppriseChannel("others", f"json://127.0.0.1:{receiver.port}"), time.monotonic()
    for _ in range(3):
        channel.send(message)
    assert time.monotonic() - start < 4


def test_a_receiver_that_drips_is_left(message: Notification) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                for letter in b"HTTP/1.1 200 OK\r\nx: " + b"y" * 60:
                    try:
                        connection.send(bytes([letter]))
                    except OSError:
                        return
                    time.sleep(0.05)

        threading.Thread(target=drip, daemon=True).start()
        channel = AppriseChannel("others", f"json://127.0.0.1:{listener.getsockname()[1]}", timeout_s=0.5)
        with pytest.raises(Unreachable, match=r"json:// was not reached within 0\.5 s"):
            channel.send(message)


@pytest.mark.parametrize("url", ["", "hunter2", "nothing://hunter2", "json://a, json://b"])
def test_an_address_that_is_none(url: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ProjectError, match="can't read its url") as caught:
        AppriseChannel("others", url).check()
    assert "hunter" not in str(caught.value) + caplog.text


def test_without_apprise_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ProjectError, match=r"pip install 'tidegate\[alerts\]'"):
        AppriseChannel("others", "json://127.0.0.1")
