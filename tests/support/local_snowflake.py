"""A local Snowflake for the length of a test session: fakesnow's server, in an environment that is made for it."""

import os
import socket
import subprocess
import time
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.apart import python_of
from tests.support.require import require

PASSWORD = "secret-word"

# It needs an older connector than ours, and pins DuckDB.
_PACKAGES = ("fakesnow[server]==0.12.1", "sqlglot[c]", "snowflake-connector-python<5")
# The connector would ask the cloud's metadata service where it runs.
_QUIET = {"SNOWFLAKE_DISABLE_PLATFORM_DETECTION": "true", "AWS_EC2_METADATA_DISABLED": "true"}
_made: list[str] = []


@contextmanager
def running_server() -> Iterator[Mapping[str, object]]:
    """Start the server; gives what `open_snowflake` needs but for a database."""
    os.environ.update(_QUIET)
    try:
        import snowflake.connector
        import snowflake.sqlalchemy  # noqa: F401
    except ImportError as error:
        require("Snowflake's connector", f"{error}; install the extra `dev`")
    python = python_of("fakesnow", _PACKAGES, "a local Snowflake")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = python.parents[1] / f"server-{port}.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [str(python), "-P", str(Path(__file__).with_name("snowflake_server.py")), str(port), PASSWORD],
            stdout=output, stderr=output, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        _wait(server, port, log)
        yield {
            "account": "local", "user": "tester", "password": PASSWORD, "host": "127.0.0.1", "port": port,
            "protocol": "http",
        }  # fmt: skip
    finally:
        server.kill()
        server.wait()
        log.unlink(missing_ok=True)


def new_options(server: Mapping[str, object]) -> dict[str, object]:
    """The options of an IO manager for a new, empty database, which stays until `drop_all`."""
    _made.append(f"test_{uuid.uuid4().hex[:12]}")
    return {**server, "database": _made[-1]}


def drop_all(server: Mapping[str, object]) -> None:
    """Drop the databases of the tests before this one: each slows down every look into the catalogue of the others."""
    while _made:
        _ask(server, f"/dropped?{_made.pop()}")


def abandon(server: Mapping[str, object]) -> None:
    """End the transactions of processes that were killed, as Snowflake does once they are in somebody's way."""
    _ask(server, "/abandoned")


def _ask(server: Mapping[str, object], path: str) -> None:
    urllib.request.urlopen(f"http://127.0.0.1:{server['port']}{path}", timeout=60).close()


def _wait(server: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        with socket.socket() as probe:
            probe.settimeout(0.5)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    require("a local Snowflake", f"its server did not start: {' '.join(log.read_text().split())[-300:]}")
    raise RuntimeError("the local Snowflake did not start")
