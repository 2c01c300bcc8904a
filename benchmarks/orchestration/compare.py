"""Run both sides in turn, in fresh processes, and put their costs side by side."""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure, at_most, compared, times_less
from benchmarks.orchestration import projects
from benchmarks.peers import python_of, run_json

HERE = Path(__file__).parent
_TIMES = 3


def measure() -> list[Figure]:
    """What a run costs an asset, then whole projects; medians of three runs."""
    dagster = python_of("dagster", "dagster")
    figures = [
        _per_asset(dagster, "chain of 100, memory", "chain", "chain", 100, 25),
        _per_asset(dagster, "fan of 100, memory", "fan", "fan", 100, 25),
        _per_asset(dagster, "chain of 1,000, memory", "chain", "chain", 1000, 25),
        _per_asset(dagster, "fan of 1,000, memory", "fan", "fan", 1000, 25),
        _per_asset(dagster, "chain of 100, memory, a check each", "chain_check", "chain_check", 100, 25),
        _per_asset(dagster, "chain of 100, memory, SQLite instance", "chain", "chain_sqlite", 100, 60),
        _per_asset(dagster, "the same, a check each", "chain_check", "chain_sqlite_check", 100, 60),
        _per_asset(dagster, "chain of 100, files, ours synced", "chain_files", "chain_sqlite_files", 100, 60),
        _per_asset(dagster, "the same, none synced", "chain_files_unsynced", "chain_sqlite_files", 100, 60),
        *_counts(dagster, "chain of 100", "count", 100),
        *_counts(dagster, "the same, a check each", "count_check", 100),
    ]
    figures += projects.measure(dagster)
    big = run_json(Path(sys.executable), HERE / "ours.py", "chain", 10_000)
    thousand = median(_cpu(Path(sys.executable), HERE / "ours.py", "chain", 1000) for _ in range(_TIMES))
    growth = big["cpu_s"] / 10 / thousand
    figures.append(at_most("CPU a step of 10,000 steps, as a multiple of 1,000", growth, "x", 1.25))
    figures.append(at_most("resident memory of a run of 10,000 steps", big["rss_mb"], "MB", 300))
    return figures


def _per_asset(dagster: Path | None, name: str, case: str, peer_case: str, size: int, goal: float) -> Figure:
    """Medians of runs taken in turn, so that a busy moment meets both; a peer's thousand takes too long for three."""
    ours, peer = [], []
    for turn in range(_TIMES):
        ours.append(_cpu(Path(sys.executable), HERE / "ours.py", case, size))
        if dagster and (size <= 100 or turn == _TIMES // 2):
            peer.append(_cpu(dagster, HERE / "peer_dagster.py", peer_case, size))
    each = 1000 / size
    return times_less(f"{name}, CPU an asset", median(ours) * each, median(peer) * each if peer else None, "ms", goal)


def _counts(dagster: Path | None, name: str, case: str, size: int) -> list[Figure]:
    ours = run_json(Path(sys.executable), HERE / "ours.py", case, size)
    peer = run_json(dagster, HERE / "peer_dagster.py", case, size) if dagster else {}
    return [
        compared(f"{name}, {what} an asset", ours[what] / size, peer[what] / size if peer else None, "")
        for what in ("calls", "statements", "commits")
    ]


def _cpu(python: Path, script: Path, case: str, size: int) -> float:
    return float(run_json(python, script, case, size)["cpu_s"])
