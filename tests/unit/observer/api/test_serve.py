import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from observer.api.serve import listen, serve
from observer.errors import ServeError
from observer.settings import ServeSettings

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_beyond_this_machine_only_with_a_token(host: str) -> None:
    with pytest.raises(ServeError, match="set TIDEGATE_TOKEN"):
        listen(ServeSettings(host=host, port=0))


def test_with_a_token_it_may() -> None:
    with listen(ServeSettings(host="0.0.0.0", port=0, token="t")) as listener:
        assert listener.getsockname()[1] > 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.8.8.8"])
def test_this_machine_needs_none(host: str) -> None:
    listen(ServeSettings(host=host, port=0)).close()


def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ServeError, match=f"port {port}: another program listens .* --port"):
            serve(None, ServeSettings(port=port))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("host", "port"),
    [("nowhere.invalid", 8000), ("", 8000), ("127.0.0.1", -1), ("127.0.0.1", 70000), ("192.0.2.1", 8000)],
)
def test_an_address_that_is_none(host: str, port: int) -> None:
    with pytest.raises(ServeError, match="can't listen on"):
        listen(ServeSettings(host=host, port=port, token="t"))


SERVER = """
import asyncio, sys
from observer.api.serve import serve
from observer.settings import ServeSettings

async def app(scope, receive, send):
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"tide"})

serve(app, ServeSettings(port=0), on_listening=lambda url: print(url, flush=True))
print("returned", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_answers_quietly_and_returns_on_a_signal(number: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SERVER],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            answer = httpx2.get(url, trust_env=False)
            assert answer.text == "tide"
            assert "server" not in answer.headers
            process.send_signal(number)
            out, err = process.communicate(timeout=10)
        finally:
            process.kill()
    assert (process.returncode, out, err) == (0, "returned\n", "")


STREAMING = """
import asyncio
from observer.api.serve import serve
from observer.settings import ServeSettings

over = []

async def app(scope, receive, send):
    assert scope["type"] == "http"
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    over.append(lambda: loop.call_soon_threadsafe(told.set))
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"began", "more_body": True})
    await told.wait()
    await send({"type": "http.response.body", "body": b", ended"})

serve(app, ServeSettings(port=0), on_listening=lambda url: print(url, flush=True), on_stop=lambda: over[0]())
print("returned", flush=True)
"""


def test_whoever_streams_is_told_of_the_end_and_not_cut_off() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STREAMING],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            with httpx2.stream("GET", url, trust_env=False, timeout=30) as answer:
                parts = answer.iter_text()
                assert next(parts) == "began"
                process.send_signal(signal.SIGINT)
                assert "".join(parts) == ", ended"
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (process.returncode, out, err) == (0, "returned\n", "")
