"""Copies of the state: from each engine, into each engine, while others work, whole or not at all."""

import os
import shutil
import sqlite3
import stat
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, insert, select, text

from observer.backups import back_up, restore
from observer.errors import BackupError, StateError
from observer.store import schema
from orchestration.database import open_database, reading, writing
from orchestration.tables import EPOCH, events, partition_keys
from tests.support.released import bring_to, contents, fill, spoken

Open = Callable[..., Engine]
Held = Mapping[str, list[tuple[Any, ...]]]
ENGINES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """`database("sqlite")` or `database("postgres")`: a new one, empty, or with rows in every table."""
    opened: list[Engine] = []

    def new(kind: str, *, rows: bool = False, revision: str = schema.HEAD) -> Engine:
        file = f"sqlite:///{tmp_path / f'state-{len(opened)}.db'}"
        engine = open_database(file if kind == "sqlite" else request.getfixturevalue("new_database")())
        opened.append(engine)
        if rows:
            bring_to(engine, revision)
            with writing(engine) as connection:
                fill(connection, spoken(connection))
        return engine

    yield new
    for engine in opened:
        engine.dispose()


def held(engine: Engine) -> Held:
    with reading(engine) as connection:
        return contents(connection, spoken(connection))


@pytest.mark.parametrize("into", ENGINES)
@pytest.mark.parametrize("kind", ENGINES)
def test_what_was_kept_comes_back_in_either_engine(database: Open, tmp_path: Path, kind: str, into: str) -> None:
    source, file = database(kind, rows=True), tmp_path / "kept.db"
    done = back_up(source, file)
    assert (done.revision, done.bytes) == (schema.HEAD, file.stat().st_size)
    assert {number for name, number in done.rows.items() if name != "compatibility"} == {3}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.glob("*kept*")) == ["kept.db"], "nothing is left beside it"

    target = database(into)
    assert set(restore(target, file).values()) == {3}
    assert held(target) == held(source)
    with writing(target) as connection:  # numbered after those that came back
        made = insert(events).values(at=EPOCH, kind="x", detail={}).returning(events.c.id)
        assert connection.execute(made).scalar_one() == 4
    assert schema.current(target) == schema.HEAD


@pytest.mark.parametrize("kind", ENGINES)
def test_what_is_there_is_replaced_only_by_force(database: Open, tmp_path: Path, kind: str) -> None:
    source, target, file = database("sqlite", rows=True), database(kind), tmp_path / "kept.db"
    schema.ensure(target)
    with writing(target) as connection:
        connection.execute(insert(partition_keys).values(set="s", key="mine", added_at=EPOCH))
    before = held(target)
    back_up(source, file)
    with pytest.raises(BackupError, match=r"isn't empty \(1 partition_keys \.\.\.\); nothing was changed; --force"):
        restore(target, file)
    assert held(target) == before
    restore(target, file, force=True)
    assert held(target) == held(source)


@pytest.mark.parametrize("kind", ENGINES)
def test_what_is_written_while_it_looks_is_never_lost(
    database: Open, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for whoever writes, then sees it; and whoever comes after the look waits for what is put back."""
    source, target, file = database("sqlite", rows=True), database(kind), tmp_path / "kept.db"
    schema.ensure(target)
    back_up(source, file)
    looked, written = threading.Event(), []

    def write() -> None:
        assert looked.wait(60)
        with writing(target) as connection:
            connection.execute(insert(partition_keys).values(set="mine", key="mine", added_at=EPOCH))
        written.append(time.monotonic())

    def look(connection: Connection) -> None:
        refuse(connection)
        looked.set()
        time.sleep(0.5)
        assert not written, "it has to wait"

    restoring = sys.modules[restore.__module__]
    refuse = restoring._refuse_unless_empty
    monkeypatch.setattr(restoring, "_refuse_unless_empty", look)
    with ThreadPoolExecutor(1) as beside:
        waits = beside.submit(write)
        restore(target, file)
        waits.result(60)
    with reading(target) as connection:
        assert "mine" in connection.execute(select(partition_keys.c.set)).scalars().all()


@pytest.mark.parametrize("kind", ENGINES)
def test_a_copy_of_an_earlier_revision_is_upgraded_and_the_file_stays(
    database: Open, tmp_path: Path, kind: str
) -> None:
    source, target, file = database(kind, rows=True, revision="0011"), database(kind), tmp_path / "kept.db"
    assert back_up(source, file).revision == "0011"
    with reading(source) as connection:
        tables = spoken(connection)
        before = contents(connection, tables)
    kept = file.read_bytes()
    restore(target, file)
    assert schema.current(target) == schema.HEAD
    with reading(target) as connection:
        assert contents(connection, tables) == before
    assert file.read_bytes() == kept


@pytest.mark.parametrize("kind", ENGINES)
def test_a_copy_is_of_one_moment_and_nobody_waits_for_it(database: Open, tmp_path: Path, kind: str) -> None:
    """A writer adds to two tables in each transaction; a copy has as many rows of one as of the other."""
    engine, stop, written = database(kind, rows=True), threading.Event(), [0]

    def write() -> None:
        while not stop.is_set():
            with writing(engine) as connection:
                connection.execute(insert(partition_keys).values(set="w", key=str(written[0]), added_at=EPOCH))
                connection.execute(insert(events).values(at=EPOCH, kind="w", detail={"n": written[0]}))
            written[0] += 1

    if kind == "postgres":
        with writing(engine) as connection:
            for table, column in (("partition_keys", "seq"), ("events", "id")):
                connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), 100)"))
    writer = threading.Thread(target=write)
    writer.start()
    try:
        found = []
        for n in range(5):
            before = written[0]
            kept = back_up(engine, tmp_path / f"{n}.db").rows
            assert kept["partition_keys"] == kept["events"] >= before + 3
            found.append(kept["events"])
            reached = written[0]
            while written[0] == reached and writer.is_alive():
                pass
    finally:
        stop.set()
        writer.join()
    assert found == sorted(set(found)), "the writer went on all the while"


@pytest.mark.postgres
def test_what_the_other_engine_does_not_take_changes_nothing(database: Open, tmp_path: Path) -> None:
    source, target = database("sqlite", rows=True), database("postgres", rows=True)
    with writing(source) as connection:  # SQLite keeps it, PostgreSQL has room for 40
        connection.execute(text("UPDATE versions SET data_version = :long"), {"long": "x" * 100})
    back_up(source, tmp_path / "kept.db")
    before = held(target)
    with pytest.raises(StateError, match="value too long"):
        restore(target, tmp_path / "kept.db", force=True)
    assert held(target) == before


def test_what_is_no_copy_is_refused(database: Open, tmp_path: Path) -> None:
    target = database("sqlite", rows=True)
    before = held(target)
    for name, content in (("gone.db", None), ("text.db", b"no database at all " * 100), ("empty.db", b"")):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(BackupError, match="nothing was changed"):
            restore(target, tmp_path / name, force=True)
    back_up(target, tmp_path / "kept.db")
    with closing(sqlite3.connect(tmp_path / "kept.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(BackupError, match="made by a later Tidegate"):
        restore(target, tmp_path / "kept.db", force=True)
    assert held(target) == before


def test_a_damaged_copy_is_refused(database: Open, tmp_path: Path) -> None:
    source, target, file = database("sqlite", rows=True), database("sqlite"), tmp_path / "kept.db"
    back_up(source, file)
    whole = bytearray(file.read_bytes())
    for at in range(8 * 4096, len(whole), 4096):  # the head of every later page
        whole[at : at + 64] = os.urandom(64)
    file.write_bytes(whole)
    with pytest.raises((BackupError, StateError), match=r"nothing was changed|was left as it is"):
        restore(target, file)
    assert schema.current(target) is None


def test_a_state_of_a_later_tidegate_is_left_to_it(database: Open, tmp_path: Path) -> None:
    source, target = database("sqlite", rows=True), database("sqlite", rows=True)
    back_up(source, tmp_path / "kept.db")
    with writing(target) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StateError, match="restore with that one"):
        restore(target, tmp_path / "kept.db", force=True)


def test_a_file_that_is_there_stays(database: Open, tmp_path: Path) -> None:
    engine, file = database("sqlite", rows=True), tmp_path / "kept.db"
    file.write_text("mine")
    with pytest.raises(BackupError, match="already; nothing was written"):
        back_up(engine, file)
    assert file.read_text() == "mine"
    assert back_up(engine, file, force=True).rows["runs"] == 3
    with pytest.raises(BackupError, match="can't be written: No such file"):
        back_up(engine, tmp_path / "nowhere" / "kept.db")
    with pytest.raises(BackupError, match="is empty"):
        back_up(database("sqlite"), tmp_path / "nothing.db")


def test_any_copy_of_the_file_can_be_put_back(database: Open, tmp_path: Path) -> None:
    """`cp` of a state that nobody works with, its log beside it or not."""
    source, target = database("sqlite", rows=True), database("sqlite")
    before = held(source)
    source.dispose()
    shutil.copy(str(source.url.database), tmp_path / "copied.db")
    restore(target, tmp_path / "copied.db")
    assert held(target) == before
    with reading(target) as connection:
        assert connection.execute(select(partition_keys.c.key)).first() is not None
