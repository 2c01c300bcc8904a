"""Alembic's history and the tables that the code speaks are the same, on both engines."""

import re
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, select, text

from observer.errors import StateError
from observer.project import open_project
from observer.store import schema
from observer.store.tables import outbox
from orchestration import runs
from orchestration.database import open_database, reading, writing
from orchestration.queue_tables import run_queue
from orchestration.tables import events, metadata, versions
from tests.support import migrated
from tests.unit.observer.shop import put, shop


def scripts() -> ScriptDirectory:
    return ScriptDirectory(str(Path(schema.__file__).parents[1] / "migrations"))


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))


def test_the_code_speaks_alembics_head() -> None:
    assert scripts().get_heads() == [schema.HEAD]
    assert outbox.metadata is metadata
    assert run_queue.metadata is metadata


def test_revisions_are_one_line_from_the_first() -> None:
    line = list(scripts().walk_revisions())
    assert all(isinstance(script.down_revision, str | None) for script in line)
    assert line[-1].down_revision is None


def test_an_upgrade_gives_exactly_the_tables(state_url: str) -> None:
    engine = open_database(state_url)
    assert schema.current(engine) is None
    schema.ensure(engine)
    assert schema.current(engine) == schema.HEAD
    with reading(engine) as connection:
        assert differences(connection) == []
    schema.ensure(engine)
    engine.dispose()


def test_what_other_tests_begin_with_is_what_the_migrations_make(state_url: str) -> None:
    engine, made = open_database(state_url), []
    for upgrade in (migrated.migrate, migrated.upgrade, migrated.upgrade):  # the last of which repeats
        with engine.connect() as connection, connection.begin() as nothing_stays:
            upgrade(connection, None)
            made.append(catalogue(connection))
            nothing_stays.rollback()
    engine.dispose()
    assert len(made[0]) > 50
    assert made[0] == made[1] == made[2]


def catalogue(connection: Connection) -> list[tuple[object, ...]]:
    """Every column, index and constraint as the engine has it, and every row that is there from the first."""
    questions = [_CATALOGUE[connection.dialect.name], "SELECT * FROM alembic_version", "SELECT * FROM compatibility"]
    return sorted((tuple(row) for each in questions for row in connection.execute(text(each))), key=repr)


_CATALOGUE = {
    "sqlite": "SELECT type, name, sql FROM sqlite_master",
    "postgresql": """
        SELECT table_name, column_name, ordinal_position, data_type, is_nullable, column_default
        FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL SELECT indexdef, '', 0, '', '', '' FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL SELECT conname, pg_get_constraintdef(oid), 0, '', '', '' FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
    """,
}


def test_a_downgrade_leaves_nothing_behind(state_url: str) -> None:
    engine = open_database(state_url)
    schema.ensure(engine)
    with writing(engine) as connection, as_file(files("observer.migrations")) as folder:
        command.downgrade(schema.configuration(str(folder), connection), "base")
    schema.ensure(engine)
    with reading(engine) as connection:
        assert differences(connection) == []
    engine.dispose()


def test_a_later_revision_is_refused_and_left_as_it_is(state_url: str) -> None:
    engine = open_database(state_url)
    schema.ensure(engine)
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StateError, match="is at revision 9999, which this Tidegate doesn't know"):
        schema.ensure(engine)
    assert schema.current(engine) == "9999"
    engine.dispose()


def test_two_processes_may_begin_at_once(state_url: str) -> None:
    failed: list[BaseException] = []

    def begin() -> None:
        engine = open_database(state_url)
        try:
            schema.ensure(engine)
        except BaseException as error:
            failed.append(error)
        finally:
            engine.dispose()

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_an_upgrade_that_breaks_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    """A table of somebody else's in the way: nothing of ours is left beside it."""
    file = tmp_path / "state.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE outbox (mine TEXT)")
    connection.close()
    engine = open_database(f"sqlite:///{file}")
    with pytest.raises(StateError, match="already exists"):
        schema.ensure(engine)
    with reading(engine) as held:
        assert held.execute(text("SELECT name FROM sqlite_master")).scalars().all() == ["outbox"]
    engine.dispose()


def test_every_revision_says_what_it_does() -> None:
    for script in scripts().walk_revisions():
        assert re.match(r"\d{4}$", script.revision)
        assert script.doc


def test_a_database_of_the_first_revision_keeps_its_runs(state_url: str) -> None:
    """They were not forced, resume nothing and were never cancelled; and they can be resumed."""
    engine = open_database(state_url)
    with writing(engine) as connection, as_file(files("observer.migrations")) as folder:
        command.upgrade(schema.configuration(str(folder), connection), "0001")
    assert schema.current(engine) == "0001"
    with writing(engine) as connection:
        connection.execute(
            text(
                "INSERT INTO runs (id, selection, partitions, status, trigger, environment, holder, started_at) "
                "VALUES ('old', 'a', '', 'failed', 'command', 'local', 'host:1:0', 0)"
            )
        )
        connection.execute(
            text(
                "INSERT INTO steps (run_id, position, asset, partition, status, reason, note) "
                "VALUES ('old', 0, 'a', '', 'failed', 'never materialized', '')"
            )
        )
    schema.ensure(engine)
    with reading(engine) as connection:
        assert differences(connection) == []
        run = runs.find(connection, "old")
        assert (run.resumes, run.fail_fast, run.cancellation, run.steps[0].forced) == (None, False, None, False)
        assert runs.unfinished(connection, "local") == "old"
    engine.dispose()


def test_a_database_without_sketches_keeps_its_points_and_says_what_it_lacks(tmp_path: Path, state_url: str) -> None:
    """What was measured before there were sketches still makes a month of what needs none."""
    shop(tmp_path, toml=f'[env.local]\nclock = "2024-03-01 06:00 UTC"\nstate = "{state_url}"\n')
    for day in ("2024-02-01", "2024-02-02"):
        put(tmp_path, day, ["ada", None])
    with closing(open_project(tmp_path)) as project:
        project.run(project.plan("orders", "2024-02-01..2024-02-02"), trigger="test")
        with writing(project.engine) as connection, as_file(files("observer.migrations")) as folder:
            command.downgrade(schema.configuration(str(folder), connection), "0007")
    engine = open_database(state_url)
    assert schema.current(engine) == "0007"
    schema.ensure(engine)
    with reading(engine) as held:
        assert differences(held) == []
    engine.dispose()
    with closing(open_project(tmp_path)) as project:
        (nulls,) = project.reads().merged("orders", "null_rate", column="name")
        assert (nulls.value, nulls.partitions) == (0.5, 2)
        (distinct,) = project.reads().merged("orders", "distinct_count", column="name")
        assert distinct.value is None
        assert "it was measured before there were any" in str(distinct.reason)
        project.run(project.plan("orders", "2024-02-01..2024-02-02", force=True), trigger="test")
        (again,) = project.reads().merged("orders", "distinct_count", column="name")
        assert again.value == 1


def test_what_was_removed_before_is_known_to_be(state_url: str) -> None:
    engine = open_database(state_url)
    schema.ensure(engine)
    gone = {"versions": "m1, m2", "number": 2}
    with writing(engine) as connection, as_file(files("observer.migrations")) as folder:
        connection.execute(insert(versions), [_version(name) for name in ("m1", "m2", "m3")])
        connection.execute(insert(events).values(at=_AT, kind="versions.removed", asset="a", partition="", detail=gone))
        command.downgrade(schema.configuration(str(folder), connection), "0015-1")
    schema.ensure(engine)
    with reading(engine) as connection:
        found = connection.execute(select(versions.c.id, versions.c.removed_at).order_by(versions.c.id)).all()
    assert [tuple(row) for row in found] == [("m1", _AT), ("m2", _AT), ("m3", None)]
    engine.dispose()


_AT = datetime(2024, 3, 1, 6, 0, tzinfo=UTC)


def _version(name: str) -> dict[str, object]:
    return {
        "id": name, "asset": "a", "partition": "", "run_id": "r", "status": "superseded", "materialized_at": _AT,
        "data_version": "d", "code_version": "c", "fingerprint": "f", "duration_s": 1.0, "format": "parquet",
        "metadata": {}, "inputs": [],
    }  # fmt: skip
