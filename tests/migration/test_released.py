"""Every released schema is upgraded with what is in it, and the code of then goes on beside the newer schema."""

from sqlalchemy import Column, Engine, Integer, MetaData, Table, Text, delete, update

from observer.backups.rows import empty
from observer.store import schema
from orchestration.database import open_database, reading, writing
from tests.support.released import ROWS, bring_to, contents, fill, fill_least, revisions, spoken

RELEASED = revisions()


def test_every_released_schema_is_upgraded_with_all_that_is_in_it(state_url: str) -> None:
    """One database through all of them, rows in every table of each; then what the code of each says of the newest."""
    engine, of_then, before = open_database(state_url), dict[str, dict[str, Table]](), dict[str, object]()
    for number, revision in enumerate(RELEASED):
        bring_to(engine, revision)
        with writing(engine) as connection:
            if number:
                assert contents(connection, of_then[RELEASED[number - 1]]) == before, revision
            tables = of_then[revision] = spoken(connection)
            fill(connection, tables, first=1 + ROWS * number)
            before = dict(contents(connection, tables))
    found = schema.look(engine)
    assert found.revision == schema.HEAD
    assert {len(rows) for rows in contents_of(engine, of_then["0001"]).values()} == {ROWS * len(RELEASED)}
    beside = [revision for revision in RELEASED if found.oldest is not None and revision >= found.oldest]
    assert beside
    for revision in beside:
        goes_on(engine, of_then[revision])
    engine.dispose()


def contents_of(engine: Engine, tables: dict[str, Table]) -> dict[str, list[tuple[object, ...]]]:
    with reading(engine) as connection:
        return dict(contents(connection, tables))


def goes_on(engine: Engine, tables: dict[str, Table]) -> None:
    """Whatever the code of then says of rows is taken by the schema as it is now."""
    with writing(engine) as connection:
        empty(connection)
        fill(connection, tables, first=11)
        fill_least(connection, tables, first=21)
        for table in tables.values():
            plain = [each for each in table.c if not each.primary_key]
            if plain:
                connection.execute(update(table).values({each.name: table.c[each.name] for each in plain}))
        assert {len(rows) for rows in contents(connection, tables).values()} == {ROWS + 1}
        for table in reversed(tables.values()):
            connection.execute(delete(table))


def test_what_code_can_work_beside_is_told_from_what_it_cannot() -> None:
    assert not lost(made(), made(Column("later", Text)))
    assert not lost(made(), made(Column("later", Text, nullable=False, server_default="")))
    assert lost(made(), made(Column("later", Text, nullable=False))) == ["things.later has to be said"]
    assert lost(made(Column("gone", Text)), made()) == ["things.gone is gone"]
    assert lost(made(Column("n", Text)), made(Column("n", Integer))) == ["things.n is INTEGER, was TEXT"]
    assert lost(made(Column("n", Text)), made(Column("n", Text, nullable=False))) == ["things.n has to be said"]
    assert lost(made(), {}) == ["things is gone"]


def test_a_revision_that_code_cannot_work_beside_says_so(state_url: str) -> None:
    engine = open_database(state_url)
    first = next(revision for revision in RELEASED if revision >= "0018")
    bring_to(engine, first)
    for revision in RELEASED[RELEASED.index(first) + 1 :]:
        with reading(engine) as connection:
            before = spoken(connection)
        bring_to(engine, revision)
        with reading(engine) as connection:
            missing = lost(before, spoken(connection))
        said = schema.look(engine).oldest == revision
        assert said or not missing, f"{revision} takes away what code before it needs and doesn't say so: {missing}"
    engine.dispose()


def made(*columns: "Column[object]") -> dict[str, Table]:
    return {"things": Table("things", MetaData(), Column("id", Integer, primary_key=True), *columns)}


def lost(before: dict[str, Table], after: dict[str, Table]) -> list[str]:
    """What code that speaks ``before`` reads or writes and ``after`` doesn't have, or doesn't take, any more."""
    found = []
    for name, table in before.items():
        if name not in after:
            found.append(f"{name} is gone")
            continue
        now = after[name]
        for column in table.c:
            if column.name not in now.c:
                found.append(f"{name}.{column.name} is gone")
            elif str(column.type) != str(now.c[column.name].type):
                found.append(f"{name}.{column.name} is {now.c[column.name].type}, was {column.type}")
        for column in now.c:
            needed = not column.nullable and column.server_default is None and not column.primary_key
            was = table.c.get(column.name)
            if needed and (was is None or was.nullable):
                found.append(f"{name}.{column.name} has to be said")
    return found
