"""A shop in an environment of each backend, and a process that writes to it, run after run, until it is killed."""

import json
import os
import traceback
from collections.abc import Callable, Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from observer.errors import ProjectError
from observer.project import Project, open_project
from tests.support import local_snowflake, s3
from tests.support.forked import FORKED
from tests.unit.observer.shop import TOML, put, shop

DAY = "2024-02-01"
ROWS = 50
KINDS = (
    "files", "objects", "sqlite", "duckdb", "iceberg", pytest.param("postgres", marks=pytest.mark.postgres),
    pytest.param("snowflake", marks=pytest.mark.snowflake),
)  # fmt: skip
"""Every backend that keeps data, as parameters of a test: `files` lie in a folder, `objects` in an object store."""


def shop_on(kind: str, folder: Path, fixture: Callable[[str], Any]) -> Path:
    """The shop whose data lies in a new, empty place of a kind, on the server that the fixtures run."""
    made = shop(folder)
    (made / "tidegate.toml").write_text(f"{TOML}io.default = {inline(options_of(kind, fixture))}\n")
    return made


def options_of(kind: str, fixture: Callable[[str], Any]) -> Mapping[str, object]:
    """What an environment says of a new, empty place of a kind."""
    if kind == "objects":
        server = fixture("object_store")
        return {"kind": "files", "path": f"s3://{s3.bucket(server)}/data", "storage": s3.storage(server)}
    if kind == "postgres":
        return {"kind": kind, "url": fixture("new_database")()}
    if kind == "snowflake":
        return {"kind": kind, **local_snowflake.new_options(fixture("snowflake_server"))}
    return {"kind": kind, "path": f".tidegate/{kind}"}


def inline(value: object) -> str:
    """A value as TOML in one line."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{name} = {inline(one)}" for name, one in value.items()) + " }"
    return json.dumps(value)


def put_version(folder: Path, number: int) -> None:
    """What the next run makes: its number is in every row, and there are as many as it says. Every third is bad."""
    put(folder, DAY, ["bad"] * ROWS if number % 3 == 0 else [f"good{number}"] * (ROWS + number))


def seen(work: Project) -> int:
    """The number of the version that readers see, 0 for none; raises AssertionError for half of one, or a held one."""
    try:
        frame = work.load("orders", DAY, wants="pd.DataFrame")
    except ProjectError as error:
        if "is published" not in str(error):
            raise
        return 0
    assert isinstance(frame, pd.DataFrame)
    names = list(frame["name"])
    assert len(set(names)) == 1, f"two versions at once: {set(names)}"
    assert names[0].startswith("good"), f"a held version: {names[0]}"
    number = int(names[0][4:])
    assert len(names) == ROWS + number, f"half of {names[0]}: {len(names)} rows"
    return number


def writing(folder: Path, first: int) -> tuple[ForkServerProcess, Path]:
    """Start a process that makes version after version; the file says which runs ended, or what went wrong."""
    said = folder / f"wrote-{first}"
    process = FORKED.Process(target=_write, args=(folder, first, said, dict(os.environ)), daemon=True)
    process.start()
    return process, said


def _write(folder: Path, first: int, said: Path, environment: Mapping[str, str]) -> None:
    os.environ.update(environment)  # the process that it is a fork of began before the test set its own
    number = first
    try:
        work = open_project(folder)
        while True:
            put_version(folder, number)
            run = work.run(work.plan("orders", DAY, force=True), trigger="test")
            wanted = "held" if number % 3 == 0 else "published"
            assert run.steps[-1].status == wanted, f"{run.steps[-1].status}: {run.steps[-1].error}"
            _say(said, str(number))
            number += 1
    except BaseException:
        _say(said, traceback.format_exc())
        raise


def _say(said: Path, text: str) -> None:
    with said.open("a") as file:  # at once: who is killed half-way has said nothing
        file.write(f"{text}\n")
