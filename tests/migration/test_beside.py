"""This code beside a schema that a later Tidegate has upgraded, while it was at work."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from typer.testing import CliRunner

from observer.cli.app import app
from observer.errors import StateError
from observer.project import Project, open_project
from observer.store import schema
from orchestration.database import open_database, reading, writing
from orchestration.model import StepStatus
from tests.support.released import bring_to, contents, fill, spoken
from tests.unit.observer.shop import put, shop


def upgraded_later(connection: Connection, oldest: str) -> None:
    """What a later release may do: more tables, columns and indexes; and how it says what code may go on."""
    for name in spoken(connection):
        quoted = connection.dialect.identifier_preparer.quote(name)
        connection.execute(text(f"ALTER TABLE {quoted} ADD COLUMN later TEXT"))
        connection.execute(text(f"ALTER TABLE {quoted} ADD COLUMN later_still TEXT NOT NULL DEFAULT 'x'"))
        connection.execute(text(f"CREATE INDEX ix_later_{name} ON {quoted} (later)"))
    connection.execute(text("CREATE TABLE later (id INTEGER PRIMARY KEY)"))
    connection.execute(text("UPDATE compatibility SET oldest = :oldest"), {"oldest": oldest})
    connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))


@pytest.fixture
def folder(tmp_path: Path, state_url: str) -> Path:
    made = shop(tmp_path / "shop", toml=f'[env.local]\nclock = "2024-03-01 06:00 UTC"\nstate = "{state_url}"\n')
    put(made, "2024-02-01")
    put(made, "2024-02-02", ["bad"])
    put(made, "2024-02-03")
    return made


def work(project: Project, day: str) -> dict[str, StepStatus]:
    run = project.run(project.plan("orders+", day), trigger="test")
    return {step.asset: step.status for step in run.steps}


def test_a_replica_goes_on_while_the_schema_is_upgraded(folder: Path) -> None:
    with closing(open_project(folder)) as before:
        assert set(work(before, "2024-02-01").values()) == {StepStatus.PUBLISHED}
        with writing(before.engine) as connection:
            upgraded_later(connection, schema.HEAD)
        assert work(before, "2024-02-02")["orders"] is StepStatus.HELD
        with closing(open_project(folder)) as after:
            assert after.release("orders", "2024-02-02", reason="it is right", by="ana")
            assert set(work(after, "2024-02-03").values()) == {StepStatus.PUBLISHED}
            assert len(after.reads().now().assets) == 3
        assert schema.current(before.engine) == "9999", "nothing of it was taken back"


def test_code_that_is_too_old_says_so(folder: Path) -> None:
    with closing(open_project(folder)) as before, writing(before.engine) as connection:
        upgraded_later(connection, "9999")
    with pytest.raises(StateError, match=rf"revision 9999, .*{schema.HEAD}, and asks for one .* 9999 at least"):
        open_project(folder)
    for verb, code in (("upgrade", 3), ("status", 3)):
        done = CliRunner().invoke(app, ["db", verb, "--project", str(folder)])
        assert done.exit_code == code, done.output


def test_an_older_schema_is_upgraded_by_itself_only_where_one_machine_has_it(folder: Path, state_url: str) -> None:
    engine = open_database(state_url)
    bring_to(engine, "0016")
    with writing(engine) as connection:
        tables = spoken(connection)
        fill(connection, tables)
        before = contents(connection, tables)
    if engine.dialect.name == "sqlite":
        open_project(folder).close()
    else:
        with pytest.raises(StateError, match=r"at revision 0016, .* upgrade it \(tidegate db upgrade\)"):
            open_project(folder)
        assert schema.current(engine) == "0016"
        assert CliRunner().invoke(app, ["db", "status", "--project", str(folder)]).exit_code == 1
        said = CliRunner().invoke(app, ["db", "upgrade", "--project", str(folder)])
        assert said.exit_code == 0, said.output
        assert f"is at revision {schema.HEAD}, from 0016" in said.stdout
        open_project(folder).close()
    with reading(engine) as connection:
        assert contents(connection, tables) == before
    engine.dispose()


@pytest.mark.postgres
def test_an_upgrade_does_not_let_others_wait_behind_it(
    new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_database(new_database())
    bring_to(engine, "0014")
    monkeypatch.setattr(schema, "_PATIENCE_MS", 100)
    with reading(engine) as connection:
        connection.execute(text("SELECT * FROM versions"))  # which 0015 changes
        with pytest.raises(StateError, match="others work with a table that it changes; nothing was changed"):
            schema.ensure(engine)
    assert schema.current(engine) == "0014"
    schema.ensure(engine)
    engine.dispose()
