"""`tidegate dev` as a process, from its start to the end of runs that are asked for over HTTP."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, at_most, compared
from orchestration.executors.family import members

ASSETS, RUNS = 10, 7
_PATIENCE_S = 120.0
_SETTLES_S = 5.0
RECORDED = {"up": 8.1, "memory": 622.0, "run": 9.4}
"""Dagster 1.13.27, `dagster dev` with ten assets, on two quiet cores in November 2026: not measured again here."""


def measure() -> list[Figure]:
    """Start it three times: the median of each figure."""
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as made:
        folder = _project(Path(made))
        seen = [_once(folder) for _ in range(3)]
    up_s, idle_mb, after_mb = (statistics.median(each) for each in list(zip(*seen, strict=True))[:3])
    runs = [one for *_, each in seen for one in each]
    run_s = statistics.median(runs)
    return [
        at_most("tidegate dev, 10 assets: up", up_s, "s", 3.0),
        compared("the same beside dagster dev, as recorded", up_s, RECORDED["up"], "s"),
        at_most("tidegate dev, 10 assets: memory idle, all processes", idle_mb, "MB", 250.0),
        at_most("the same after runs", after_mb, "MB", 250.0),
        compared("the same beside dagster dev, as recorded", after_mb, RECORDED["memory"], "MB"),
        at_most("one asset with one check over HTTP: median", run_s, "s", 1.0),
        at_most("the same: the slowest of 21, the first ones with them", max(runs), "s", 1.0),
        compared("the same beside dagster dev, as recorded", run_s, RECORDED["run"], "s"),
    ]


def _once(folder: Path) -> tuple[float, float, float, list[float]]:
    """Seconds until it answers, memory before and after runs, and the seconds of each."""
    with _dev(folder) as (url, up_s, process):
        time.sleep(_SETTLES_S)  # until the processes of runs are at hand
        idle_mb = _memory_mb(process.pid)
        runs = [_run_s(url) for _ in range(RUNS)]
        time.sleep(_SETTLES_S)  # until that of the last one has ended
        return up_s, idle_mb, _memory_mb(process.pid), runs


def _project(folder: Path) -> Path:
    assets = "".join(
        f'\n\n@ob.asset(checks=[ob.unique("id")])\ndef a{n}() -> pd.DataFrame:\n'
        f'    return pd.DataFrame({{"id": range(1000), "value": range(1000)}})\n'
        for n in range(ASSETS)
    )
    (folder / "pipeline.py").write_text(f"import pandas as pd\n\nimport observer as ob\n{assets}", encoding="utf-8")
    (folder / "tidegate.toml").write_text("[env.local]\n", encoding="utf-8")
    return folder


@contextmanager
def _dev(folder: Path) -> Iterator[tuple[str, float, subprocess.Popen[str]]]:
    """Start it and wait until it answers; its address, and the seconds that took."""
    command = [str(Path(sys.executable).with_name("tidegate")), "dev", "--port", "0"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TIDEGATE_")}
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=kept, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        url = next(word for word in line.split() if word.startswith("http"))
        while not _answers(url):
            if time.perf_counter() - began > _PATIENCE_S:
                raise RuntimeError(f"tidegate dev does not answer: {line}")
            time.sleep(0.01)
        yield url, time.perf_counter() - began, process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(_PATIENCE_S)
        process.stderr.close()  # type: ignore[union-attr]  # it was given a pipe


def _answers(url: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/healthz") as answer:
        return bool(answer.status == 200)
    return False


def _run_s(url: str) -> float:
    """Seconds from asking for a run to hearing of its success."""
    began = time.perf_counter()
    run = _ask(f"{url}/api/v1/runs", {"selection": "a3", "force": True})
    while not run["ended"]:
        time.sleep(0.005)
        run = _ask(f"{url}/api/v1/runs/{run['id']}")
    if run["status"] != "succeeded":
        raise RuntimeError(f"the run ended as {run['status']}: {run['note']}")
    return time.perf_counter() - began


def _ask(url: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def _memory_mb(pid: int) -> float:
    """What the process and all that it started hold, shared pages by their share."""
    total = 0
    for one in members(pid):
        for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024
