"""Fill a database of each kind in a process of its own, and read series from it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, at_least, at_most, compared
from benchmarks.peers import run_json
from tests.support.postgres import database, running_server

CASES = Path(__file__).with_name("cases.py")
POINTS = 10_000_000
_READ = "last 90 points of one series of 10,000,000, {}, {}"
_RATE, _READ_MS, _MOST = 100_000, 0.5, 1.2


def measure() -> list[Figure]:
    """Ten million points each way: five minutes on a quiet machine, a quarter of an hour on a busy one."""
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as folder:
        sqlite = _run(folder)
    with running_server() as server, database(server) as url:
        postgres = _run(url)
    ours, bare = sqlite["points"] / sqlite["ours_s"], sqlite["points"] / sqlite["bare_s"]
    return [
        at_least("points into PostgreSQL", postgres["points"] / postgres["ours_s"], "points/s", _RATE),
        at_least("points into PostgreSQL by CPU", postgres["points"] / postgres["ours_cpu_s"], "points/s", _RATE),
        Figure(
            name="points into SQLite, beside the driver's bare executemany", ours=ours, peer=bare, unit="points/s",
            ratio=ours / bare, goal=f"<= {_MOST:g} times", met=sqlite["ours_s"] <= _MOST * sqlite["bare_s"],
        ),
        at_most(_READ.format("SQLite", "median"), sqlite["p50_ms"], "ms", _READ_MS),
        at_most(_READ.format("PostgreSQL", "median"), postgres["p50_ms"], "ms", _READ_MS),
        compared(_READ.format("SQLite", "CPU"), sqlite["cpu_ms"], None, "ms"),
        compared(_READ.format("PostgreSQL", "CPU of both sides"), postgres["cpu_ms"], None, "ms"),
        compared(_READ.format("SQLite", "99th percentile"), sqlite["p99_ms"], None, "ms"),
        compared(_READ.format("PostgreSQL", "99th percentile"), postgres["p99_ms"], None, "ms"),
    ]  # fmt: skip


def _run(where: str) -> Any:
    return run_json(Path(sys.executable), CASES, where, POINTS)
