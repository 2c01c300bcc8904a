"""`kill -9` of the demo at random moments: whole published partitions only, and the next demo goes on from there."""

import os
import random
import signal
import sqlite3
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from observer.project import Project, open_project
from orchestration.database import reading
from orchestration.model import Address, AssetKey, VersionStatus
from orchestration.state import known_versions
from tests.acceptance.conftest import copied, start, tidegate

SEED = 20130208


def kill_after(folder: Path, seconds: float) -> bool:
    """Run the demo and kill it with its children; whether it was still at work."""
    with start(folder, "demo", "--no-serve") as process:
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        alive = process.poll() is None
        if alive:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    return alive


def published(folder: Path) -> dict[tuple[str, str], str]:
    """The version that readers see of each partition, by the log."""
    file = folder / ".tidegate" / "state.db"
    if not file.exists():
        return {}
    with sqlite3.connect(file) as connection:
        if not connection.execute("select 1 from sqlite_master where name = 'versions'").fetchone():
            return {}
        question = "select asset, partition, id from versions where status = 'published' and partition <> ''"
        found = connection.execute(question).fetchall()
    assert len({row[:2] for row in found}) == len(found), "a partition has two published versions"
    return {(asset, partition): version for asset, partition, version in found}


def check_pointers(folder: Path) -> int:
    """Every pointer names a version that the log knows as good, and that reads with its recorded hash."""
    work = open_project(folder)
    try:
        days = work.graph.asset("flights").partitions
        assert days is not None
        addresses = [
            Address(asset.key, key)
            for asset in work.graph
            for key in (days.between("2013-01-01", "2013-02-08") if asset.partitions else (None,))
        ]
        return sum(_check(work, address) for address in addresses)
    finally:
        work.engine.dispose()


def _check(work: Project, address: Address) -> bool:
    pointer = work.runtime.io.pointer(address)
    if pointer is None:
        return False
    with reading(work.engine) as connection:
        named = {version.id: version for version in known_versions(connection, address)}[pointer.version]
    assert named.status in (VersionStatus.PUBLISHED, VersionStatus.PUBLISHING), (address, named.status)
    work.runtime.io.load([named.stored()], "", one=True)  # raises CorruptData where the hash differs
    return True


def kill_and_finish(folder: Path, kills: int, *, longest_s: float) -> None:
    moments = random.Random(SEED + kills)
    seen: dict[tuple[str, str], str] = {}
    for n in range(kills):
        after_s = moments.uniform(1.0, longest_s)
        if not kill_after(folder, after_s):
            break  # it was quicker: there is nothing left to kill
        seen |= published(folder)
        if seen:
            check_pointers(folder)
        print(f"kill {n + 1} after {after_s:.1f} s: {len(seen)} partitions published")
    began = time.monotonic()
    done = tidegate(folder, "demo", "--no-serve")
    assert done.code == 0, done.out + done.err
    now = published(folder)
    assert {key: now[key] for key in seen} == seen, "something that was good was made again"
    assert check_pointers(folder) >= len(now)
    held = AssetKey("flights"), "2013-02-08"
    assert held not in now
    print(f"finished in {time.monotonic() - began:.1f} s")


@pytest.mark.slow
def test_three_kills_leave_whole_partitions(untouched: Path, tmp_path: Path) -> None:
    kill_and_finish(copied(untouched, tmp_path / "flights"), 3, longest_s=12.0)


@pytest.mark.soak
def test_twenty_kills_leave_whole_partitions(untouched: Path, tmp_path: Path) -> None:
    kill_and_finish(copied(untouched, tmp_path / "flights"), 20, longest_s=9.0)
