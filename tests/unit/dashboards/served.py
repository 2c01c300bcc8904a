"""A project served by the real command, for tests in a browser and for the pictures of the documents."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

from tests.support.repository import command

SOON_S = 60.0
"""Far beyond what starting takes."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of `tidegate serve` on a free port, with the project in ``folder``; ended after."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("TIDEGATE_")}
    with subprocess.Popen(
        [command("tidegate"), "serve", "-C", str(folder), "--port", "0"],
        env={**own, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        impatience = Timer(SOON_S, process.kill)
        impatience.start()
        try:
            address = _address(process)
            impatience.cancel()
            yield address
        finally:
            impatience.cancel()
            process.terminate()
            try:
                process.communicate(timeout=SOON_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if found := re.search(r"listens on (http://\S+)", line):
            return found[1]
    raise AssertionError(f"`tidegate serve` ended before it listened: {said}")
