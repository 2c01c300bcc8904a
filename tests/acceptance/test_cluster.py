"""A whole run on a Dask cluster with its state on PostgreSQL, one of whose nodes dies in the middle of a step."""

import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from observer.project import Project, open_project
from orchestration.database import reading
from orchestration.model import Run
from orchestration.tables import events, leases, versions
from tests.support.cluster import Cluster, running_cluster

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

PIPELINE = """
import os
import time
from pathlib import Path

import pandas as pd

import observer as ob

HERE = Path(__file__).parent
parts = ob.static(*"abcdef")


def note(name, what):
    with open(HERE / f"{name}.notes", "a") as file:
        file.write(f"{what} {os.getpid()}\\n")


@ob.asset(partitions=parts)
def raw(context: ob.Context) -> pd.DataFrame:
    return pd.DataFrame({"part": [context.partition] * 5})


@ob.asset(partitions=parts, run=ob.RunPolicy(retries=1, backoff="50ms", retry_on=("WorkerLost",)))
def slow(raw: pd.DataFrame, context: ob.Context) -> pd.DataFrame:
    note("slow", context.partition)
    until = time.monotonic() + 60
    while not (HERE / "go").exists() and time.monotonic() < until:
        time.sleep(0.02)
    return raw.assign(slow=True)


@ob.asset
def total(slow: pd.DataFrame) -> dict:
    return {"rows": len(slow), "parts": sorted(set(slow["part"]))}


@ob.asset(run=ob.RunPolicy(resources={"gpu": 1}))
def trained() -> int:
    return 1


@ob.asset
def below(trained: int) -> int:
    return trained
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two nodes; one test leaves one."""
    from orchestration.executors.dask import DaskExecutor
    from orchestration.executors.laws import LabRecipe

    with running_cluster(tmp_path_factory.mktemp("dask"), 2) as running:
        until = time.monotonic() + 30
        slots = 0
        while slots < 4:
            assert time.monotonic() < until, "the nodes did not come"
            executor = DaskExecutor(running.address, LabRecipe("."))
            slots = executor.slots
            executor.close()
        yield running


@pytest.fixture
def work(
    cluster: Cluster, new_database: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Project]:
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "pipeline.py").write_text(PIPELINE)
    (tmp_path / "tidegate.toml").write_text(
        f'[env.local]\nstate = "{new_database()}"\nexecutor = {{ kind = "dask", address = "{cluster.address}" }}\n'
    )
    project = open_project(tmp_path)
    yield project
    project.engine.dispose()
    sys.modules.pop("pipeline", None)


def run(work: Project, selection: str, partitions: str | None) -> Run:
    return work.run(work.plan(selection, partitions), trigger="test")


def became(done: Run) -> dict[str, str]:
    return {str(step.address): step.status.value for step in done.steps}


def test_a_resource_that_no_node_offers_fails_within_seconds(work: Project) -> None:
    began = time.monotonic()
    done = run(work, "below,raw", "a")
    assert time.monotonic() - began < 20
    assert became(done) == {"raw a": "published", "trained": "failed", "below": "blocked"}
    error = next(step.error or "" for step in done.steps if step.asset == "trained")
    assert "it needs the resources gpu = 1 and no worker of the cluster has them" in error
    assert "tried" not in error


def test_a_node_dies_in_the_middle_and_the_run_ends_right(work: Project, cluster: Cluster) -> None:
    notes = work.config.root / "slow.notes"

    def begun() -> list[list[str]]:
        return [line.split() for line in notes.read_text().splitlines()] if notes.exists() else []

    lost: list[str] = []

    def kill() -> None:
        until = time.monotonic() + 60
        while len(begun()) < 4 and time.monotonic() < until:
            time.sleep(0.02)
        before = begun()
        cluster.workers[0].kill()
        cluster.workers[0].wait()
        until = time.monotonic() + 30
        gone: list[str] = []
        while len(gone) < 2 and time.monotonic() < until:  # what it had forked goes after it
            time.sleep(0.5)
            gone = [part for part, pid in before if not os.path.exists(f"/proc/{pid}")]
        lost.extend(gone)
        (work.config.root / "go").touch()

    thread = threading.Thread(target=kill)
    thread.start()
    done = run(work, "total", "*")
    thread.join()
    assert set(became(done).values()) == {"published"}, [step.error for step in done.steps if step.error]
    assert work.load("total") == {"rows": 30, "parts": list("abcdef")}
    assert len(lost) == 2, "each of two nodes worked at two"
    tries = Counter(part for part, _ in begun())
    assert {part for part, count in tries.items() if count == 2} == set(lost)
    assert set(tries.values()) == {1, 2}
    with reading(work.engine) as connection:
        known = connection.execute(select(versions.c.asset, versions.c.partition, versions.c.status)).all()
        told = connection.execute(select(events.c.asset).where(events.c.kind == "version.published")).all()
        assert connection.execute(select(leases.c.asset).where(leases.c.held)).all() == []
    assert len(known) == len({(row.asset, row.partition) for row in known}) == len(told) == 13
    assert {row.status for row in known} == {"published"}
    assert len([path for path in (work.config.root / ".tidegate/data").glob("**/versions/*") if path.is_dir()]) == 13
    assert set(became(run(work, "total", "*")).values()) == {"skipped"}
