"""A process that walks a plan over many partitions until it is killed.

`python -m tests.support.walked URL FOLDER DAYS` starts it.

It sleeps a little in every function and on both sides of each write, so that a random instant falls into every window.
"""

import random
import sys
import time
import uuid
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import orchestration as o
from orchestration.assets import Asset
from orchestration.clock import Clock
from orchestration.io.base import StagedData
from orchestration.io.files import FilesIOManager
from orchestration.model import Address, Run
from tests.support.core import Core

START = date(2013, 1, 1)
NAP_S = 0.004


def nap() -> None:
    time.sleep(random.random() * 2 * NAP_S)


def story(made: Path) -> tuple[Asset, ...]:
    """raw -> clean, day by day, and total over all days; each call is noted in the file `made`."""
    days = o.daily(START.isoformat())

    def note(what: str) -> None:
        with open(made, "a") as file:
            file.write(what + "\n")

    @o.asset(partitions=days, code_version="1")
    def raw(context: o.Context) -> dict[str, object]:
        note(f"raw {context.partition}")
        nap()
        return {"day": context.partition, "rows": list(range(200))}

    @o.asset(partitions=days, code_version="1")
    def clean(raw: dict[str, object], context: o.Context) -> dict[str, object]:
        note(f"clean {context.partition}")
        nap()
        return {**raw, "clean": True}

    @o.asset(code_version="1")
    def total(clean: dict[str, object]) -> list[str]:
        note("total")
        nap()
        return sorted(clean)

    return raw, clean, total


def expected(address: Address, days: int) -> object:
    """What each version of an address must say."""
    if address.partition is None:
        return [(START + timedelta(days=n)).isoformat() for n in range(days)]
    raw = {"day": address.partition, "rows": list(range(200))}
    return raw if address.asset == "raw" else {**raw, "clean": True}


def addresses(days: int) -> Iterable[Address]:
    from orchestration.model import AssetKey

    for n in range(days):
        day = (START + timedelta(days=n)).isoformat()
        yield Address(AssetKey("raw"), day)
        yield Address(AssetKey("clean"), day)
    yield Address(AssetKey("total"))


class Slow(FilesIOManager):
    """Takes its time before and after everything that it writes."""

    def stage(self, address: Address, version: str, value: object) -> StagedData:
        nap()
        staged = super().stage(address, version, value)
        nap()
        return staged

    def publish(self, address: Address, version: str, token: int) -> None:
        nap()
        super().publish(address, version, token)
        nap()


def project(url: str, folder: Path) -> Core:
    core = Core(folder, story(folder / "made.txt"), url, io=Slow(folder / "data"), clock=Clock())
    core.runtime = replace(core.runtime, new_id=lambda: uuid.uuid4().hex)
    return core


def walk(url: str, folder: Path, days: int) -> Run:
    last = (START + timedelta(days=days - 1)).isoformat()
    return project(url, folder).run("*", f"{START}..{last}")


if __name__ == "__main__":
    print("begun", flush=True)
    run = walk(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
    print(run.status.value, flush=True)
