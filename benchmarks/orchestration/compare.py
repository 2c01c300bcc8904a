"""Run both sides in turn, in fresh processes, and put their costs side by side."""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure, at_most, times_less
from benchmarks.orchestration import projects
from benchmarks.peers import python_of, run_json

HERE = Path(__file__).parent
_TIMES = 3


def measure() -> list[Figure]:
    """What a run costs an asset, then whole projects; medians of three runs."""
    dagster = python_of("dagster", "dagster")
    figures = [
        _per_asset(dagster, "chain of 100, memory, event log and gate on", "chain", "chain", 100, 25),
        _per_asset(dagster, "fan of 100, memory, event log and gate on", "fan", "fan", 100, 25),
        _per_asset(dagster, "chain of 100 beside the SQLite instance", "chain", "chain_sqlite", 100, 60),
        _per_asset(dagster, "chain of 100, our files with fsync", "chain_files", "chain_sqlite", 100, 60),
    ]
    figures += projects.measure(dagster)
    big = run_json(Path(sys.executable), HERE / "ours.py", "chain", 10_000)
    figures.append(at_most("resident memory of a run of 10,000 steps", big["rss_mb"], "MB", 300))
    return figures


def _per_asset(dagster: Path | None, name: str, case: str, peer_case: str, size: int, goal: float) -> Figure:
    ours = _cpu(Path(sys.executable), HERE / "ours.py", case, size) / size * 1000
    peer = _cpu(dagster, HERE / "peer_dagster.py", peer_case, size) / size * 1000 if dagster else None
    return times_less(f"{name}, CPU an asset", ours, peer, "ms", goal)


def _cpu(python: Path, script: Path, case: str, size: int) -> float:
    return median(float(run_json(python, script, case, size)["cpu_s"]) for _ in range(_TIMES))
