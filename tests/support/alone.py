"""What only one process of a test run may do at a time: make an environment, install, start a server as a new user."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FOLDER = Path(__file__).resolve().parents[2] / ".venv"


@contextmanager
def alone(what: str) -> Iterator[None]:
    """Wait until no other process on this clone does `what`."""
    _FOLDER.mkdir(exist_ok=True)
    with (_FOLDER / f".{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
