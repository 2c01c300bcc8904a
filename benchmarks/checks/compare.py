"""Run each way of checking in a fresh process, in turn, and put their costs side by side."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.checks.rules import RULES
from benchmarks.figures import Figure, times_less
from benchmarks.peers import python_of, run_json
from benchmarks.profile import taxis

HERE = Path(__file__).parent
_ROWS = 1_000_000
_TIMES = 5
_OWN = ("ours_arrow", "bare_arrow", "ours_pandas", "bare_pandas")
_GX = ("great_expectations", ("great-expectations>=1.24", "pandas", "pyarrow"), "peer_gx.py")
_SODA = ("soda", ("soda-duckdb>=4",), "peer_soda.py")


def measure() -> list[Figure]:
    """Fifty checks on a million rows in memory, each way five times; medians."""
    peers = {one[0]: (python_of(one[0], *one[1]), one[2]) for one in (_GX, _SODA)}
    rounds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as folder:
        path = Path(folder) / "trips.parquet"
        taxis.write(path, _ROWS)
        rules = path.with_suffix(".json")
        rules.write_text(json.dumps(RULES))
        for _ in range(_TIMES):
            for method in _OWN:
                found = run_json(Path(sys.executable), HERE / "cases.py", method, path)
                rounds.setdefault(method, []).append(found["cpu_s"])
            for name, (python, script) in peers.items():
                if python is not None and len(rounds.get(name, ())) < 3:
                    rounds.setdefault(name, []).append(run_json(python, HERE / script, path, rules)["cpu_s"])
    cpu = {name: median(costs) for name, costs in rounds.items()}
    arrow, frame, size = cpu["ours_arrow"], cpu["ours_pandas"], f"50 checks on {_ROWS:,} rows"
    return [
        _times(f"{size}, an Arrow table, beside one statement", arrow, cpu["bare_arrow"]),
        _times(f"{size}, a pandas frame, beside the same", frame, cpu["bare_pandas"]),
        times_less(f"{size}, beside Great Expectations on pandas", frame, cpu.get("great_expectations"), "s CPU", 15),
        times_less(f"{size}, beside Soda Core 4 on a DuckDB table", arrow, cpu.get("soda"), "s CPU", 3),
    ]


def _times(name: str, ours: float, bare: float) -> Figure:
    met = ours <= 1.3 * bare
    return Figure(name=name, ours=ours, peer=bare, unit="s CPU", ratio=bare / ours, goal="<= 1.3 times", met=met)
