"""Run each case in a fresh process, ours and the bare calls in turn, and put their costs side by side."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.figures import Figure, at_most
from benchmarks.io.backends import BACKENDS
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
    beside = [figure for name, backend in BACKENDS.items() for figure in _backend(name, backend.rows)]
    return [
        _at_most_times("write and read a pandas frame of 2,000,000 rows", frame, "pandas"),
        _at_most_times("write and read an Arrow table of 2,000,000 rows", frame, "arrow"),
        at_most("resident memory of a chain of 20,000,000 rows", chain["rss_mb"], "MB", _MOST_RSS_MB),
        Figure(
            name="the chain of 20,000,000 rows, beside the same two DuckDB statements", ours=chain["ours_s"],
            peer=chain["bare_s"], unit="s", ratio=chain["bare_s"] / chain["ours_s"], goal="none", met=None,
        ),
        *beside,
    ]  # fmt: skip


def _backend(name: str, rows: int) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as folder:
        measured = _run(name, folder, rows, _TIMES)
    what = {"pandas": "a pandas frame", "arrow": "an Arrow table"}
    return [
        _beside(f"{name}: write and read {what[kind]} of {rows:,} rows", unit, ours, bare)
        for kind, sides in measured.items()
        for unit, ours, bare in zip(
            ("s CPU", "s wall"), *([median(took) for took in zip(*sides[side], strict=True)] for side in sides),
            strict=True,
        )
    ]  # fmt: skip


def _run(case: str, folder: str, rows: int, times: int) -> Any:
    return run_json(Path(sys.executable), CASES, case, folder, rows, times)


def _at_most_times(name: str, measured: dict[str, list[float]], kind: str) -> Figure:
    return _beside(name, "s CPU", median(measured[f"{kind}_ours_s"]), median(measured[f"{kind}_bare_s"]))


def _beside(name: str, unit: str, ours: float, bare: float) -> Figure:
    return Figure(
        name=name, ours=ours, peer=bare, unit=unit, ratio=bare / ours, goal=f"<= {_MOST:g} times",
        met=ours <= _MOST * bare,
    )  # fmt: skip
