"""kill -9 of a worker, of its nursery, of the coordinator and of a whole Dask node: nothing goes on, nobody waits."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.executors import family
from orchestration.executors.base import Limits
from orchestration.executors.dask import DaskExecutor
from orchestration.executors.laws import Lab, LabRecipe
from orchestration.executors.processes import ProcessExecutor
from tests.support.cluster import Cluster, running_cluster
from tests.support.repository import ROOT

pytestmark = pytest.mark.slow
LIMITED = Limits(timeout_s=600)
QUIET_WITHIN_S = 2.0


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two nodes; one test leaves one."""
    with running_cluster(tmp_path_factory.mktemp("dask"), 2) as running:
        until = time.monotonic() + 30
        while slots(running) < 4:
            assert time.monotonic() < until
            time.sleep(0.1)
        yield running


def slots(cluster: Cluster) -> int:
    executor = DaskExecutor(cluster.address, LabRecipe("."))
    executor.close()
    return executor.slots


def sizes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in folder.glob("trace-*")}


def assert_quiet(folder: Path, within_s: float) -> None:
    """Nothing is written any more after that time."""
    time.sleep(within_s)
    before = sizes(folder)
    assert before, "nothing was ever written"
    time.sleep(0.3)
    assert sizes(folder) == before, f"{within_s} s later the work still goes on"


def wait_for(name: str, folder: Path, count: int) -> None:
    """The traces of the task and of the processes that it started."""
    until = time.monotonic() + 30
    while len(sizes(folder)) < count:
        assert time.monotonic() < until, f"{name} left {sizes(folder)}"
        time.sleep(0.02)


SOAK = pytest.mark.soak


@pytest.mark.parametrize("kind", ["processes", pytest.param("threads", marks=SOAK), pytest.param("inline", marks=SOAK)])
def test_the_coordinator_is_killed(kind: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.support.coordinator", kind, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        wait_for("spawns", tmp_path, 3 if kind == "inline" else 4)
        whole = family.members(process.pid)
        assert len(whole) >= 4
        process.kill()
        process.wait()
        assert_quiet(tmp_path, QUIET_WITHIN_S)
        assert not [pid for pid in whole if os.path.exists(f"/proc/{pid}")]


def test_ctrl_c_is_the_coordinators_to_decide(tmp_path: Path) -> None:
    executor = ProcessExecutor(LabRecipe(str(tmp_path)), 1)
    lab = Lab(tmp_path, executor)
    task = lab.start("beats", LIMITED)
    lab.begun(task)
    for pid in family.members(os.getpid()):
        if pid != os.getpid() and is_ours(pid):
            os.kill(pid, signal.SIGINT)
    assert executor.wait(0.3) == ()
    executor.cancel(task)
    lab.fails(lab.answer(task), "Cancelled")
    executor.close()


def test_the_nursery_is_killed(tmp_path: Path) -> None:
    executor = ProcessExecutor(LabRecipe(str(tmp_path)), 2)
    lab = Lab(tmp_path, executor)
    tasks = [lab.start("spawns", LIMITED), lab.start("beats", LIMITED)]
    wait_for("spawns", tmp_path, 4)
    os.kill(executor._pool._nursery.pid, signal.SIGKILL)
    for answer in lab.answers(2):
        assert answer.task in tasks
        lab.fails(answer.result, "WorkerLost")
    lab.works()
    executor.close()


def test_an_idle_worker_is_killed(tmp_path: Path) -> None:
    executor = ProcessExecutor(LabRecipe(str(tmp_path)), 1)
    lab = Lab(tmp_path, executor)
    for _ in range(3):
        lab.works()
        (worker,) = executor._pool._workers
        os.kill(worker.pid, signal.SIGKILL)
        time.sleep(0.2)
    lab.works()
    executor.close()


def test_a_coordinator_of_dask_is_killed(cluster: Cluster, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.support.coordinator", "dask", str(tmp_path), cluster.address]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.kill()
        process.wait()
    assert_quiet(tmp_path, QUIET_WITHIN_S)


def test_a_dask_node_is_killed(cluster: Cluster, tmp_path: Path) -> None:
    executor = DaskExecutor(cluster.address, LabRecipe(str(tmp_path)))
    lab = Lab(tmp_path, executor)
    tasks = [lab.start("beats") for _ in range(4)]
    for task in tasks:
        lab.begun(task)
    cluster.workers[0].kill()
    cluster.workers[0].wait()
    lost = lab.answers(2)
    for answer in lost:
        lab.fails(answer.result, "WorkerLost")
    for answer in lost:
        lab.is_quiet(answer.task)
    assert executor.wait(1.0) == (), "the node that lives still works"
    for answer in lost:
        tasks.remove(answer.task)
    for task in tasks:
        executor.cancel(task)
    for answer in lab.answers(2):
        lab.fails(answer.result, "Cancelled")
    lab.works()
    executor.close()
    assert_quiet(tmp_path, 0.1)


def is_ours(pid: int) -> bool:
    """Forked by a nursery, or a nursery: what a terminal's Ctrl-C could reach."""
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return b"orchestration.executors.nursery" in file.read()


@pytest.mark.soak
def test_the_scheduler_of_dask_is_killed(tmp_path: Path) -> None:
    with running_cluster(tmp_path, 1) as cluster:
        until = time.monotonic() + 30
        while slots(cluster) < 2:
            assert time.monotonic() < until
            time.sleep(0.1)
        executor = DaskExecutor(cluster.address, LabRecipe(str(tmp_path)))
        lab = Lab(tmp_path, executor)
        task = lab.start("spawns")
        lab.begun(task)
        assert cluster.scheduler is not None
        cluster.scheduler.kill()
        lab.fails(lab.answer(task), "WorkerLost")
        lab.is_quiet(task)
        executor.close()
