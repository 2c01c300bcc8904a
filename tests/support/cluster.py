"""A real Dask cluster: a scheduler and workers, each a process of its own, without nannies."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.repository import ROOT

_STARTED_WITHIN_S = 30.0


@dataclass
class Cluster:
    """`address` is what an executor takes; `workers` are the processes of the nodes."""

    address: str
    folder: Path
    flags: Sequence[str] = ()
    workers: "list[subprocess.Popen[bytes]]" = field(default_factory=list)
    scheduler: "subprocess.Popen[bytes] | None" = None

    def add_worker(self, *options: str) -> "subprocess.Popen[bytes]":
        """Start a node; it is used as soon as the scheduler knows it."""
        command = [
            sys.executable, "-m", "distributed.cli.dask_worker", self.address, "--no-nanny", "--nthreads", "2",
            "--no-dashboard", "--death-timeout", "20", "--local-directory", str(self.folder), *self.flags, *options,
        ]  # fmt: skip
        log = (self.folder / f"worker-{len(self.workers)}.log").open("wb")
        with log:
            process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self.workers.append(process)
        return process


@contextmanager
def running_cluster(folder: Path, workers: int, flags: Sequence[str] = (), protocol: str = "tcp") -> Iterator[Cluster]:
    """A scheduler and `workers` nodes in processes of their own."""
    file = folder / "scheduler.json"
    command = [
        sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
        "--no-show", "--protocol", protocol, "--scheduler-file", str(file), *flags,
    ]  # fmt: skip
    with (folder / "scheduler.log").open("wb") as log:
        scheduler = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    cluster = Cluster("", folder, flags, scheduler=scheduler)
    try:
        cluster.address = _address(file, folder)
        for _ in range(workers):
            cluster.add_worker()
        yield cluster
    finally:
        for process in (*cluster.workers, scheduler):
            process.kill()
            process.wait()


def _address(file: Path, folder: Path) -> str:
    until = time.monotonic() + _STARTED_WITHIN_S
    while time.monotonic() < until:
        try:
            return str(json.loads(file.read_text())["address"])
        except (OSError, ValueError, KeyError):
            time.sleep(0.05)
    raise AssertionError("the scheduler did not start: " + (folder / "scheduler.log").read_text())
