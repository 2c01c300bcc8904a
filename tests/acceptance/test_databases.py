"""Processes that are killed while they write to a database, and readers that look all the while."""

import random
import time
from pathlib import Path

import pytest

from tests.support.databases import ADDRESS, look, prepared, read, reader, started, write

KINDS = ["sqlite", "duckdb", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=KINDS)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("new_database")())
    return str(tmp_path / f"data.{request.param}")


def test_readers_see_whole_versions_while_others_are_written(address: str) -> None:
    seen_while_written(address, reads=150)


@pytest.mark.soak
def test_a_thousand_reads_see_whole_versions(address: str) -> None:
    seen_while_written(address, reads=1000)


def test_a_killed_writer_leaves_the_old_version_or_the_new_one(address: str) -> None:
    killed(address, kills=4)


@pytest.mark.soak
def test_fifty_killed_writers_leave_the_old_version_or_the_new_one(address: str) -> None:
    killed(address, kills=50)


def seen_while_written(address: str, reads: int) -> None:
    prepared(address).close()
    writer = started(write, address, 1)
    reading = None
    try:
        writer.hear()
        reading = started(read, address, reads)
        assert reading.hear(300) >= 1, "nothing was published while it was read"
        assert writer.process.is_alive(), writer.hear()
    finally:
        writer.kill()
        if reading is not None:
            reading.kill()


def killed(address: str, kills: int) -> None:
    io = prepared(address)
    chance = random.Random(20130208)
    last = 0
    for _ in range(kills):
        writer = started(write, address, last + 1)
        writer.hear()
        time.sleep(chance.uniform(0, 0.4))
        writer.kill()
        with reader(address) as ask:
            last = look(ask, last)
        pointer = io.pointer(ADDRESS)
        assert pointer is not None
        assert pointer.version == f"v{last}", "the pointer and what readers see differ"
        assert io.has(ADDRESS, pointer.version)
        io.sweep(ADDRESS, ())
        assert io.versions(ADDRESS) == (pointer.version,), "something is left of a killed writer"
    io.close()


def test_the_readers_notice_half_a_version(tmp_path: Path) -> None:
    """What the tests above look for is found where it is."""
    import sqlite3

    address = str(tmp_path / "data.sqlite")
    prepared(address).close()
    with sqlite3.connect(address) as connection:
        connection.execute("DELETE FROM orders WHERE rowid IN (SELECT rowid FROM orders LIMIT 1)")
    connection.close()
    with pytest.raises(AssertionError, match="half a version"):
        read(address, 1, print)
