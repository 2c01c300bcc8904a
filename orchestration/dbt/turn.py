"""One run of dbt's at a time on a project and target: whoever comes second waits and says for whom."""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from orchestration.errors import DbtBusy

_NAP_S = 0.1
_log = logging.getLogger("tidegate.dbt")


@contextmanager
def turn(folder: Path, what: str, patience_s: float) -> Iterator[None]:
    """Hold the turn of a folder while the block lasts; raises DbtBusy where it does not come in time.

    The system gives it back when its holder dies.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "turn").open("a+", encoding="utf-8") as file:
        _wait(file.fileno(), folder / "turn", what, patience_s)
        file.truncate(0)
        file.write(f"process {os.getpid()} since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC")
        file.flush()
        yield


def _wait(handle: int, path: Path, what: str, patience_s: float) -> None:
    deadline, told = time.monotonic() + patience_s, False
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = path.read_text(encoding="utf-8") or "another process"
        if time.monotonic() >= deadline:
            raise DbtBusy(
                f"{what} is being run by {holder}, which did not end within {patience_s:g} s; nothing was built and "
                "readers keep what they had; run it again when that has ended"
            )
        if not told:
            _log.warning("%s is being run by %s; this run waits for it", what, holder)
            told = True
        time.sleep(_NAP_S)
