"""Processes that read while others write and die: what they see is whole and published."""

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

import pandas as pd

from orchestration.errors import CorruptData, StorageError
from orchestration.io.base import IOManager, StoredVersion
from orchestration.model import Address, AssetKey
from tests.support.forked import FORKED

Open = Callable[[Path], IOManager]
"""Opens the IO manager of a folder; a function of a module, so that a new process finds it."""

HERE = Address(AssetKey("asset"), "2013-02-08")
ROWS = 20_000
PATIENCE_S = 60.0


def rows(number: int) -> pd.DataFrame:
    """A version: every row names it, and there are ROWS of them."""
    return pd.DataFrame({"version": [number] * ROWS, "text": [f"{number} {'x' * 20}"] * ROWS})


def write_on(open_io: Open, folder: Path, first: int, ledger: Path) -> None:
    """Stage versions one after the other and publish every second one, until killed. The ledger names the hashes."""
    io = open_io(folder)
    number = first
    while True:
        staged = io.stage(HERE, f"v{number}", rows(number))
        with open(ledger, "a", encoding="utf-8") as file:
            file.write(f"v{number} {staged.format} {staged.data_version}\n")
            file.flush()
        if number % 2 == 0:
            io.publish(HERE, f"v{number}", number)
        number += 1


def look(io: IOManager, ledger: Path) -> int:
    """Read what is published; returns its number. Raises AssertionError for half a version, or a held one."""
    pointer = io.pointer(HERE)
    if pointer is None:
        return 0
    number = int(pointer.version[1:])
    assert number % 2 == 0, f"readers see {pointer.version}, which was never published"
    line = next(line for line in ledger.read_text().splitlines() if line.startswith(f"{pointer.version} "))
    _, kind, data_version = line.split()
    stored = StoredVersion(address=HERE, id=pointer.version, format=kind, data_version=data_version)
    frame = io.load([stored], "pd.DataFrame", one=True)
    assert isinstance(frame, pd.DataFrame)
    assert len(frame) == ROWS, f"{pointer.version} has {len(frame)} of {ROWS} rows"
    assert set(frame["version"]) == {number}, f"{pointer.version} has the rows of another"
    return number


def poll(open_io: Open, folder: Path, ledger: Path, times: int, seen: "multiprocessing.Queue[int]") -> None:
    """Look many times at what is published and hand on the highest number; what is wrong ends the process."""
    io, highest, looks, until = open_io(folder), 0, 0, time.monotonic() + PATIENCE_S
    while looks < times:
        number = look(io, ledger)
        assert number >= highest, f"after {highest} a reader saw {number}"
        assert number or time.monotonic() < until, "nothing was published"
        highest = number
        looks += number > 0
    seen.put(highest)


def start(work: Callable[..., None], *arguments: object) -> BaseProcess:
    """Run a function in a process of its own."""
    process = FORKED.Process(target=work, args=arguments, daemon=True)
    process.start()
    return process


def kill_at_random_moments(open_io: Open, folder: Path, times: int, seed: int) -> int:
    """Kill a writer `times` times; after each the store is whole, and it goes on. Returns the last number published."""
    chance = random.Random(seed)
    ledger = folder / "ledger"
    ledger.touch()
    number = 1
    highest = 0
    for _ in range(times):
        writer = start(write_on, open_io, folder, number, ledger)
        before, until = len(ledger.read_text().splitlines()), time.monotonic() + PATIENCE_S
        while len(ledger.read_text().splitlines()) < before + 3 and time.monotonic() < until:  # one is published then
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.3))
        assert writer.pid is not None
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        io = open_io(folder)
        now = look(io, ledger)
        assert now >= highest, f"{highest} was published, and now {now} is"
        highest = now
        written = [line.split()[0] for line in ledger.read_text().splitlines()]
        for version in set(io.versions(HERE)) - set(written):
            if not io.has(HERE, version):
                try:
                    io.publish(HERE, version, 10**9)
                except (StorageError, CorruptData):
                    continue
                raise AssertionError(f"{version} is not whole and was published")
        number = 1 + max([0, *(int(version[1:]) for version in {*io.versions(HERE), *written} if version[0] == "v")])
        io.sweep(HERE, written[-3:])
    return highest


def readers_see_whole_published_versions(open_io: Open, folder: Path, readers: int, times: int) -> int:
    """Readers in other processes look `times` times each while a writer stages and publishes; the highest seen."""
    ledger = folder / "ledger"
    ledger.touch()
    seen: multiprocessing.Queue[int] = FORKED.Queue()
    writer = start(write_on, open_io, folder, 1, ledger)
    crowd = [start(poll, open_io, folder, ledger, times, seen) for _ in range(readers)]
    try:
        for reader in crowd:
            reader.join(300)
        assert [reader.exitcode for reader in crowd] == [0] * readers, "a reader saw what it must not see"
        assert writer.is_alive(), "the writer failed"
        return max(seen.get(timeout=10) for _ in crowd)
    finally:
        assert writer.pid is not None
        writer.kill()
        writer.join()
