"""Whole projects on disk: what loading, planning, selecting and worker processes cost on both sides."""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure, at_most, compared, times_less
from benchmarks.peers import run_json

HERE = Path(__file__).parent
_TIMES = 3


def measure(dagster: Path | None) -> list[Figure]:
    """Both sides load the same files, compiled beforehand, each time in a fresh process."""
    return [*_loading(dagster), *_selecting(dagster), *_backfill(), *_processes(dagster)]


def _loading(dagster: Path | None) -> list[Figure]:
    """Its loading is import, asset graph and selection; its planning goes on to the execution plan of that selection.

    Ours is always planned to the steps that a run walks.
    """
    theirs = _taken(dagster, "load", 5000, "cpu_s", "planned_s")
    loaded, planned = theirs["cpu_s"], theirs["planned_s"]
    given = _ours("load", 5000, "cpu_s")["cpu_s"]
    derived = _ours("load_derived", 5000, "cpu_s")["cpu_s"]
    return [
        times_less("load and plan 5,000 assets, beside loading, CPU", given, loaded, "s", 20),
        times_less("the same, code versions derived from source, CPU", derived, loaded, "s", 20),
        times_less("load and plan 5,000 assets, beside load and plan, CPU", derived, planned, "s", 20),
    ]


def _selecting(dagster: Path | None) -> list[Figure]:
    names = {"upstream": "+key of 5,000", "compound": "+a, -+b of 5,000", "sinks": "the sinks of 5,000"}
    ours, theirs = _ours("select", 5000, *names), _taken(dagster, "select", 5000, *names, times=1)
    return [
        compared(f"select {said}", ours[name] * 1000, _thousand(theirs[name]), "ms") for name, said in names.items()
    ]


def _backfill() -> list[Figure]:
    ours = _ours("backfill", 10_000, "fresh_s", "published_s")
    return [
        at_most("plan 10,000 partitions of three assets, wall", ours["fresh_s"], "s", 2),
        at_most("the same, all published before, wall", ours["published_s"], "s", 2),
    ]


def _processes(dagster: Path | None) -> list[Figure]:
    ours = _ours("processes", 10, "wall_s")["wall_s"]
    return [
        times_less(
            f"10 assets in worker processes, beside {start}, wall",
            ours, _taken(dagster, f"processes_{start}", 10, "wall_s")["wall_s"], "s", 10,
        )
        for start in ("spawn", "forkserver")
    ]  # fmt: skip


def _ours(case: str, size: int, *names: str) -> dict[str, float]:
    return _medians(Path(sys.executable), HERE / "ours_project.py", case, size, names, _TIMES)


def _taken(dagster: Path | None, case: str, size: int, *names: str, times: int = _TIMES) -> dict[str, float | None]:
    """The peer's figures; None each where it could not be installed."""
    if dagster is None:
        return dict.fromkeys(names)
    return dict(_medians(dagster, HERE / "peer_dagster.py", case, size, names, times))


def _medians(python: Path, script: Path, case: str, size: int, names: tuple[str, ...], times: int) -> dict[str, float]:
    runs = [run_json(python, script, case, size) for _ in range(times)]
    return {name: median(float(run[name]) for run in runs) for name in names}


def _thousand(value: float | None) -> float | None:
    return None if value is None else value * 1000
