"""The service's log as JSON lines: whatever is said, one object a line."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
import urllib.request
from datetime import datetime
from pathlib import Path
from typing import Any

from observer.service.logs import JsonLines
from tests.unit.docs.pages import DOCS, section
from tests.unit.observer.shop import shop

_COMMAND = "from observer.cli import main; main()"
_PIPELINE = """
import logging, warnings

import pandas as pd

import observer as ob


@ob.asset
def noisy(context: ob.Context) -> pd.DataFrame:
    context.logger.warning("two\\nlines, and \\u202e a mark")
    warnings.warn("an old name")
    return pd.DataFrame({"n": [1]})
"""


def record(message: str, *args: object, error: BaseException | None = None) -> logging.LogRecord:
    said = None if error is None else (type(error), error, error.__traceback__)
    return logging.LogRecord("tidegate.worker", logging.ERROR, "file.py", 1, message, args, said)


def test_a_record_is_one_line() -> None:
    try:
        raise ValueError("broken\nin two")
    except ValueError as error:
        line = JsonLines({"run": "r1"}).format(record("it said %r", "a\n\x1b[2Jb", error=error))
    assert "\n" not in line
    assert line.isascii()
    said = json.loads(line)
    assert (said["level"], said["logger"], said["run"]) == ("error", "tidegate.worker", "r1")
    assert said["message"] == "it said 'a\\n\\x1b[2Jb'"
    assert said["error"].endswith("ValueError: broken\nin two")
    assert datetime.fromisoformat(said["at"]).utcoffset() is not None
    rows = section(DOCS / "guide" / "operations.md", "Logs").splitlines()
    fields = {row.split("`")[1] for row in rows if row.startswith("| `")}
    assert fields == set(said), "the guide's table of fields"


def test_the_service_and_the_processes_of_its_runs_log_nothing_else(tmp_path: Path) -> None:
    folder = shop(tmp_path, pipeline=_PIPELINE, toml="[env.local]\n")
    service = subprocess.Popen(
        [sys.executable, "-c", _COMMAND, "serve", "--port", "0", "--project", str(folder)],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        env={**os.environ, "TIDEGATE_LOG_FORMAT": "json"},
    )  # fmt: skip
    assert service.stderr is not None
    try:
        first: dict[str, Any] = json.loads(service.stderr.readline())
        assert first["logger"] == "tidegate.service"
        url = first["message"].split()[3]
        asked = urllib.request.Request(
            f"{url}/api/v1/runs", json.dumps({"selection": "noisy"}).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(asked) as answer:
            run = json.load(answer)["id"]
        until = time.monotonic() + 60
        while not _ended(url, run):
            assert time.monotonic() < until
            time.sleep(0.1)
    finally:
        service.send_signal(signal.SIGTERM)
        _, rest = service.communicate(timeout=60)
    assert service.returncode == 0
    lines = [json.loads(line) for line in rest.splitlines()]
    said = {line["logger"]: line for line in lines}
    assert said["tidegate.asset.noisy"]["message"] == "two\nlines, and \u202e a mark"
    assert said["tidegate.asset.noisy"]["run"] == run
    assert "an old name" in said["py.warnings"]["message"]


def _ended(url: str, run: str) -> bool:
    with urllib.request.urlopen(f"{url}/api/v1/runs/{run}") as answer:
        return bool(json.load(answer)["ended"])
