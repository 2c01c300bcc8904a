"""Run each case in a fresh process, ours and the bare calls in turn, and put their costs side by side."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.figures import Figure, at_most
from benchmarks.peers import run_json

CASES = Path(__file__).with_name("cases.py")
_TIMES = 5
_MOST = 1.2
_MOST_RSS_MB = 1500.0


def measure() -> list[Figure]:
    """Medians of five rounds; the chain once, for it takes its time."""
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as folder:
        frame = _run("frame", folder, 2_000_000, _TIMES)
        chain = _run("chain", folder, 20_000_000, 1)
    return [
        _at_most_times("write and read a pandas frame of 2,000,000 rows", frame, "pandas"),
        _at_most_times("write and read an Arrow table of 2,000,000 rows", frame, "arrow"),
        at_most("resident memory of a chain of 20,000,000 rows", chain["rss_mb"], "MB", _MOST_RSS_MB),
        Figure(
            name="the chain of 20,000,000 rows, beside the same two DuckDB statements", ours=chain["ours_s"],
            peer=chain["bare_s"], unit="s", ratio=chain["bare_s"] / chain["ours_s"], goal="none", met=None,
        ),
    ]  # fmt: skip


def _run(case: str, folder: str, rows: int, times: int) -> Any:
    return run_json(Path(sys.executable), CASES, case, folder, rows, times)


def _at_most_times(name: str, measured: dict[str, list[float]], kind: str) -> Figure:
    ours, bare = median(measured[f"{kind}_ours_s"]), median(measured[f"{kind}_bare_s"])
    return Figure(
        name=name, ours=ours, peer=bare, unit="s CPU", ratio=bare / ours, goal=f"<= {_MOST:g} times",
        met=ours <= _MOST * bare,
    )  # fmt: skip
