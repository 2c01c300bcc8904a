"""A real server of S3's protocol for the length of a test session, in an environment of its own."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.alone import alone
from tests.support.require import require

_ROOT = Path(__file__).resolve().parents[2]
_PATIENCE_S = 60.0


@contextmanager
def running_server(*, refuses: bool = False) -> Iterator[str]:
    """Start moto's server, give its address, stop it after. Its libraries and ours want different versions.

    It takes any key, or with ``refuses`` none.
    """
    python = _environment()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [python, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    environment = {**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": "0"} if refuses else None
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        require("an S3 server", None if _answers(port) else "moto's server did not start")
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def storage(server: str) -> dict[str, object]:
    """What the driver needs to reach the server."""
    return {
        "endpoint_override": server, "scheme": "http", "region": "us-east-1", "access_key": "tester",
        "secret_key": "s3cr3t-of-the-test", "allow_bucket_creation": True,
    }  # fmt: skip


def bucket(server: str) -> str:
    """Make an empty bucket; returns its name."""
    from pyarrow.fs import S3FileSystem

    name = f"test-{uuid.uuid4().hex[:12]}"
    S3FileSystem(**storage(server)).create_dir(name)
    return name


def _environment() -> Path:
    folder = _ROOT / ".venv-moto"
    python, done = folder / "bin" / "python", folder / ".done"
    with alone("moto"):
        if not done.is_file():
            uv = Path(sys.executable).with_name("uv")
            for command in (
                [uv, "venv", "--quiet", "--clear", folder],
                [uv, "pip", "install", "--quiet", "--python", python, "moto[server]==5.1.22"],
            ):
                finished = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
                said = finished.stderr.strip()[-200:]
                require("an S3 server", f"moto can't be installed ({said})" if finished.returncode else None)
            done.touch()
    return python


def _answers(port: int) -> bool:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/", timeout=1).close()
            return True
        except OSError:
            time.sleep(0.1)
    return False
