from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest

from tests.support.receiver import Receiver


def post(url: str, body: bytes) -> int:
    with urlopen(Request(url, data=body, headers={"Webhook-Id": "msg_1"}), timeout=5) as answer:
        return int(answer.status)


def test_it_records_what_came_in(receiver: Receiver) -> None:
    assert post(receiver.url, b'{"a": 1}') == 204
    [request] = receiver.wait_for(1)
    assert (request.method, request.path, request.body) == ("POST", "/hook", b'{"a": 1}')
    assert request.headers["webhook-id"] == "msg_1"


def test_it_fails_as_often_as_told(receiver: Receiver) -> None:
    receiver.fail(1, status=500)
    with pytest.raises(HTTPError) as caught:
        post(receiver.url, b"one")
    caught.value.close()
    assert caught.value.code == 500
    assert post(receiver.url, b"two") == 204
    assert [request.status for request in receiver.requests] == [500, 204]
    assert [request.body for request in receiver.accepted] == [b"two"]


def test_it_stops_and_starts_on_the_same_port(receiver: Receiver) -> None:
    address = receiver.url
    receiver.stop()
    with pytest.raises(URLError):
        post(address, b"lost")
    receiver.start()
    assert receiver.url == address
    assert post(address, b"kept") == 204
    assert [request.body for request in receiver.requests] == [b"kept"]


def test_waiting_too_long_says_what_was_seen(receiver: Receiver) -> None:
    with pytest.raises(AssertionError, match="for 1 deliveries, saw"):
        receiver.wait_for(1, timeout_s=0.01)
