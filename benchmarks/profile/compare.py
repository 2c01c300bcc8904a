"""Run each method in a fresh process, in turn, and put their costs side by side."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.figures import Figure, at_most, compared, times_less
from benchmarks.peers import python_of, run_json
from benchmarks.profile import postgres, taxis

HERE = Path(__file__).parent
_PEERS: Mapping[str, tuple[str, tuple[str, ...], str]] = {
    "Soda Core 4 on DuckDB": ("soda", ("soda-duckdb>=4",), "peer_soda.py"),
    "cuallee on pandas": ("cuallee", ("cuallee", "duckdb", "pandas", "pyarrow", "polars"), "peer_cuallee.py"),
    "Great Expectations on pandas": (
        "great_expectations", ("great-expectations>=1.24", "pandas", "pyarrow"), "peer_gx.py",
    ),
}  # fmt: skip
_MOST_MB = int(os.environ.get("TIDEGATE_BENCH_PEER_MB", "12000"))
"""The memory that a peer gets: ten million rows as Python's objects take more than many a machine has."""
_OWN = (
    "ours",
    "ours_alike",
    "ours_without_quartiles",
    "bare",
    "decode",
    "kernel",
    "ours_exact",
    "ours_frame",
    "ours_frame_alike",
    "pandas_frame",
    "ours_polars",
)
_WITHOUT_QUARTILES = ("Soda Core 4 on DuckDB", "cuallee on pandas")
"""Peers that have none: ours is compared with them without, on the same metrics."""
_OTHERS = {"DuckDB's SUMMARIZE": "summarize", "pandas": "pandas", "Polars, exact": "polars"}


@dataclass(frozen=True, slots=True)
class Costs:
    """Medians of what each method took: CPU seconds, and MB of memory on top."""

    cpu_s: Mapping[str, float]
    rss_mb: Mapping[str, float]


def measure() -> list[Figure]:
    """One million rows three times; ten million once, with TIDEGATE_BENCH_BIG=1; then a wide table and PostgreSQL."""
    sizes = {1_000_000: 3} | ({10_000_000: 1} if os.environ.get("TIDEGATE_BENCH_BIG") == "1" else {})
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as text:
        folder = Path(text)
        _ensure_room(folder, max(sizes) * taxis.BYTES_A_ROW)
        figures: list[Figure] = []
        for rows, times in sizes.items():
            figures += _of_size(folder, rows, times)
        figures += [_growth(folder, max(sizes)), _wide(folder)]
    return figures + postgres.measure()


def _ensure_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < 2 * needed:
        raise SystemExit(f"{folder} has {free / 1e9:.1f} GB free, the data takes {needed / 1e9:.1f}; set TMPDIR")


def _of_size(folder: Path, rows: int, times: int) -> list[Figure]:
    path = folder / f"trips-{rows}.parquet"
    taxis.write(path, rows)
    peers = {name: python_of(where, *needs) for name, (where, needs, _) in _PEERS.items()}
    rounds: dict[str, list[dict[str, float]]] = {}
    for _ in range(times):
        for method in (*_OWN, *_OTHERS.values()):
            rounds.setdefault(method, []).append(_case(method, path))
        for name, python in peers.items():
            if python is not None and (found := _peer(name, python, path)) is not None:
                rounds.setdefault(name, []).append(found)
    costs = Costs(
        {method: median(one["cpu_s"] for one in found) for method, found in rounds.items()},
        {method: median(one["rss_mb"] for one in found) for method, found in rounds.items()},
    )
    return _figures(f"{rows:,} rows", costs)


def _peer(name: str, python: Path, path: Path) -> Any:
    """What a peer cost; None where it could not do it with the memory that there is, and its row is not compared."""
    try:
        return run_json(python, HERE / _PEERS[name][2], path, most_mb=_MOST_MB)
    except RuntimeError as error:
        said = str(error).strip().splitlines()[-1]
        print(f"{name} did not measure {path.name} within {_MOST_MB} MB: {said[:200]}", file=sys.stderr)
        return None


def _figures(size: str, costs: Costs) -> list[Figure]:
    cpu = costs.cpu_s
    ours, plain, limit = cpu["ours"], cpu["ours_without_quartiles"], cpu["decode"] + cpu["kernel"]
    alike = cpu["ours_alike"]
    others = {name: cpu[method] for name, method in _OTHERS.items()} | {n: cpu.get(n) for n in _PEERS}
    return [
        _times(f"{size}: without quartiles, beside the bare statement, which has none", plain, cpu["bare"], 1.15),
        _times(f"{size}: with quartiles, beside the same", ours, cpu["bare"], None),
        _times(f"{size}: without quartiles, beside the limit, decoding and a pass of plain C", plain, limit, 2.1),
        _times(f"{size}: with quartiles, beside the limit", ours, limit, 2.6),
        at_most(f"{size}: extra memory", costs.rss_mb["ours"], "MB", 500),
        *(
            times_less(f"{size}: beside {name}, same metrics", alike, other, "s CPU", 4 if "SUMMARIZE" in name else 2.5)
            for name, other in others.items()
            if name not in _WITHOUT_QUARTILES
        ),
        compared(f"{size}: beside Polars, exact, ours with how values are spread", ours, cpu["polars"], "s CPU"),
        *(
            times_less(f"{size}: beside {name}, neither with quartiles", plain, others[name], "s CPU", 2.5)
            for name in _WITHOUT_QUARTILES
        ),
        times_less(f"{size}: exactly, beside Polars", cpu["ours_exact"], cpu["polars"], "s CPU", 1),
        times_less(
            f"{size}: a pandas frame, beside pandas, same metrics", cpu["ours_frame_alike"], cpu["pandas_frame"],
            "s CPU", 2.5,
        ),
        compared(f"{size}: the same, ours with how values are spread", cpu["ours_frame"], cpu["pandas_frame"], "s CPU"),
        compared(f"{size}: a Polars frame", cpu["ours_polars"], None, "s CPU"),
    ]  # fmt: skip


def _times(name: str, ours: float, other: float, most: float | None) -> Figure:
    return Figure(
        name=name, ours=ours, peer=other, unit="s CPU", ratio=other / ours,
        goal="none" if most is None else f"<= {most:g} times", met=None if most is None else ours <= most * other,
    )  # fmt: skip


def _growth(folder: Path, largest: int) -> Figure:
    """How the cost grows with rows, as an exponent, from 100,000 rows on."""
    taxis.write(folder / "trips-100000.parquet", 100_000)
    small = median(_case("ours", folder / "trips-100000.parquet")["cpu_s"] for _ in range(3))
    large = median(_case("ours", folder / f"trips-{largest}.parquet")["cpu_s"] for _ in range(3))
    return at_most(f"growth exponent, 100,000 to {largest:,} rows", log(large / small) / log(largest / 100_000), "", 1)


def _wide(folder: Path) -> Figure:
    taxis.write_wide(folder / "wide.parquet", 100_000, 1_000)
    costs = [_case("ours", folder / "wide.parquet")["cpu_s"] for _ in range(3)]
    return at_most("1,000 columns x 100,000 rows", median(costs), "s CPU", 5)


def _case(method: str, path: Path) -> Any:
    return run_json(Path(sys.executable), HERE / "cases.py", method, path)
