"""`tidegate db`, in a project of its own; the guide's commands are run as they stand."""

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import insert, text

from observer.project import open_project
from observer.store import schema
from observer.store.access_tables import sessions
from orchestration.database import open_database, writing
from orchestration.tables import EPOCH
from tests.unit.docs.pages import DOCS, blocks
from tests.unit.observer.cli.conftest import Tidegate
from tests.unit.observer.shop import TOML, put, shop


def test_the_commands_of_the_guide_do_what_it_says(folder: Path, tidegate: Tidegate) -> None:
    put(folder, "2024-02-01")
    assert tidegate("run", "orders", "--partition", "2024-02-01").code == 0
    shown = [block.text for block in blocks(DOCS / "guide" / "operations.md", "console")]
    lines = [line for text in shown for line in text.splitlines()]
    commands = [line.split()[3:] for line in lines if line.startswith("$ tidegate db ")]
    assert [words[0] for words in commands] == ["status", "backup", "upgrade", "upgrade", "backup", "restore", "prune"]
    for words in commands:
        done = tidegate("db", *(word.replace("prod", "local") for word in words))
        assert done.code == 0, (words, done)
    before, kept = (json.loads(tidegate("db", "status", "--format", "json").out)["rows"], (folder / "kept.db"))
    assert kept.is_file()
    assert before["versions"] == 1
    said = tidegate("db", "status").out.splitlines()[1].replace(schema.HEAD, "....")
    assert any(re.fullmatch(said, line) for line in lines), "as the page shows it, of whatever revision"


def test_status_says_where_and_how_much(folder: Path, tidegate: Tidegate) -> None:
    assert "empty: the first verb that needs it makes its tables" in tidegate("db", "status").out
    put(folder, "2024-02-01")
    tidegate("run", "orders", "--partition", "2024-02-01")
    (folder / "pipeline.py").write_text("this is no Python")
    done = tidegate("db", "status")
    assert done.code == 0
    assert done.out.startswith(f"sqlite:///{folder / '.tidegate' / 'state.db'}: ")
    assert ["versions", "1"] in [line.split() for line in done.out.splitlines()]


def test_an_upgrade_is_said_before_it_is_done(folder: Path, tidegate: Tidegate) -> None:
    engine = open_database(f"sqlite:///{folder / '.tidegate' / 'state.db'}")
    with writing(engine) as connection:
        schema.upgrade(connection, None, "0014")
    engine.dispose()
    due = tidegate("db", "status")
    assert (due.code, "tidegate db upgrade" in due.out) == (1, True)
    would = tidegate("db", "upgrade", "--dry-run")
    assert would.out.splitlines()[0] == ("0015  Which versions' data was let go, and an index of those that are kept.")
    assert would.out.splitlines()[-1].endswith(f"would be at revision {schema.HEAD}, from 0014")
    assert tidegate("db", "status").code == 1
    done = json.loads(tidegate("db", "upgrade", "--format", "json").out)
    assert (done["from"], done["to"], done["steps"][0]["revision"]) == ("0014", schema.HEAD, "0015")
    assert tidegate("db", "status").code == 0
    assert "nothing was to be done" in tidegate("db", "upgrade").out


def test_a_copy_goes_from_one_project_to_another(folder: Path, tidegate: Tidegate, tmp_path: Path) -> None:
    put(folder, "2024-02-01")
    tidegate("run", "orders", "--partition", "2024-02-01")
    kept = tmp_path / "kept.db"
    said = tidegate("db", "backup", str(kept))
    assert said.out.startswith(f"{kept}: ")
    assert "digests of tokens" in said.err
    assert tidegate("db", "backup", str(kept)).code == 2
    other = shop(tmp_path / "other")
    assert tidegate("db", "restore", str(kept), "--project", str(other)).code == 0
    gate = tidegate("gate", "orders", "--project", str(other), "-p", "2024-02-01")
    assert "open: 2024-02-01 was published" in gate.out
    refused = tidegate("db", "restore", str(kept), "--project", str(other), "--format", "json")
    assert (refused.code, refused.json["error"]["code"]) == (2, "cannot-back-up")
    done = tidegate("db", "restore", str(kept), "--force", "--project", str(other), "--format", "json")
    assert done.json["rows"]["versions"] == 1


def test_prune_lets_go_of_all_that_is_not_kept(folder: Path, tidegate: Tidegate) -> None:
    put(folder, "2024-02-01")
    for names in (["ada"], ["bob"], ["cy"]):
        put(folder, "2024-02-01", names)
        assert tidegate("run", "orders", "--partition", "2024-02-01", "--force").code == 0
    assert "neither retention=, history= nor records=" in tidegate("db", "prune").err
    (folder / "tidegate.toml").write_text(
        f"{TOML.replace('2024-03-01', '2024-03-09')}\nretention = {{ keep = 1 }}\nhistory = {{ days = 1 }}\n"
        "records = { days = 400, audit_days = 800, incident_days = 800, dead_letter_days = 90, evaluation_days = 400, "
        "version_days = 800 }\n"
    )
    work = open_project(folder)
    with writing(work.engine) as connection:
        connection.execute(insert(sessions).values(digest="d", made_at=EPOCH, expires_at=EPOCH))
    work.close()
    done = tidegate("db", "prune", "--format", "json")
    assert done.code == 0, done
    assert (done.json["versions"], done.json["sessions"], done.json["left"]) == (1, 1, {})
    kinds = ("runs", "messages", "events", "audit", "incidents", "dead_letters", "evaluations", "version_records")
    assert [done.json[name] for name in kinds] == [0] * len(kinds)
    again = tidegate("db", "prune")
    assert again.out == (
        "removed 0 versions (0 bytes), 0 points of the history, 0 runs, 0 messages, 0 events, 0 lines of the audit, "
        "0 incidents, 0 dead letters, 0 evaluations, 0 records of versions, 0 sessions that were over\n"
    )


def test_a_later_schema_is_said(folder: Path, tidegate: Tidegate) -> None:
    open_project(folder).close()
    engine = open_database(f"sqlite:///{folder / '.tidegate' / 'state.db'}")
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert "this one can go on with it" in tidegate("db", "status").out
    assert "nothing was to be done" in tidegate("db", "upgrade").out
    with writing(engine) as connection:
        connection.execute(text("UPDATE compatibility SET oldest = '9999'"))
    engine.dispose()
    assert tidegate("db", "status").code == 3
    assert "use the newer Tidegate" in tidegate("db", "upgrade").err
    assert tidegate("ls").code == 3


@pytest.mark.parametrize("verb", [["status"], ["backup", "x.db"], ["restore", "x.db"]])
def test_no_project_is_said(tmp_path: Path, tidegate: Tidegate, verb: list[str]) -> None:
    assert tidegate("db", *verb, "--project", str(tmp_path)).code == 2
