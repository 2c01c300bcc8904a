"""Our side: ``ours.py CASE SIZE`` prints a JSON object. The log is a SQLite file and the gate is real."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import observer as ob
from benchmarks.orchestration.counting import counted
from observer.config import EnvironmentConfig
from observer.loading import define
from observer.project import Project, compose
from observer.store.schema import ensure
from orchestration.assets import Asset
from orchestration.clock import Clock
from orchestration.database import open_database
from orchestration.io.base import IOManager
from orchestration.io.files import FilesIOManager
from orchestration.io.memory import MemoryIOManager


def cpu() -> float:
    return sum(resource.getrusage(who).ru_utime + resource.getrusage(who).ru_stime for who in (0, -1))


def assets(size: int, fan: bool, prefix: str = "a") -> list[Asset]:
    """A chain or a fan of functions that return 1."""
    made = []
    for n in range(size):
        upstream = "" if n == 0 else f"{prefix}{0 if fan else n - 1}"
        scope: dict[str, object] = {}
        exec(f"def {prefix}{n}({upstream}):\n    return 1\n", scope)
        made.append(ob.asset(code_version="1")(scope[f"{prefix}{n}"]))  # type: ignore[arg-type]  # of the text above
    return made


def passes(value: object) -> bool:
    """The check of each asset."""
    return value == 1


_SETTLED_S = 0.3
"""After numpy was imported, the threads of its BLAS spin for some 50 ms: that is part of a start, not of an asset."""


@contextmanager
def project(made: list[Asset], files: bool) -> Iterator[Project]:
    folder = Path(tempfile.mkdtemp(prefix="tidegate-benchmark-"))
    config = EnvironmentConfig(
        name="benchmark", root=folder, project=folder, state=f"sqlite:///{folder}/state.db",
    )  # fmt: skip
    engine = open_database(config.state)
    try:
        ensure(engine)
        io: IOManager = FilesIOManager(folder / "data") if files else MemoryIOManager()
        yield compose(config, define(made, ()), engine, io, Clock(), (), None)
    finally:
        engine.dispose()
        shutil.rmtree(folder)


def materialize(
    size: int,
    *,
    fan: bool = False,
    files: bool = False,
    synced: bool = True,
    checks: bool = False,
    counts: bool = False,
) -> dict[str, float]:
    """Run a chain or fan that was never made; before it another chain in the same state, as the peer does."""
    if not synced:  # what the peer's files are
        os.fsync = lambda fd: None
    with project(assets(2, False, "warm"), files) as warm:
        warm.run(warm.plan("*", None), trigger="benchmark")
        time.sleep(_SETTLED_S)
        made = assets(size, fan)
        checked = [ob.check(asset)(passes) for asset in made] if checks else []
        work = compose(warm.config, define(made, checked), warm.engine, warm.runtime.io, Clock(), (), None)
        plan = work.plan("*", None)
        with counted() if counts else nullcontext(Counter[str]()) as counters:
            wall, spent = time.perf_counter(), cpu()
            done = work.run(plan, trigger="benchmark")
            found = {"wall_s": time.perf_counter() - wall, "cpu_s": cpu() - spent}
        assert {step.status for step in done.steps} == {"published"}, done.status
        return {**found, **counters, "rss_mb": resource.getrusage(0).ru_maxrss / 1024}


CASES: dict[str, Callable[[int], dict[str, float]]] = {
    "chain": materialize,
    "fan": lambda n: materialize(n, fan=True),
    "chain_check": lambda n: materialize(n, checks=True),
    "chain_files": lambda n: materialize(n, files=True),
    "chain_files_unsynced": lambda n: materialize(n, files=True, synced=False),
    "count": lambda n: materialize(n, counts=True),
    "count_check": lambda n: materialize(n, checks=True, counts=True),
}

if __name__ == "__main__":
    print(json.dumps(CASES[sys.argv[1]](int(sys.argv[2]))))
