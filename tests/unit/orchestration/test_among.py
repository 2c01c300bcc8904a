"""One statement for any number of names."""

from sqlalchemy import Column, MetaData, String, Table, create_engine, insert, select
from sqlalchemy.dialects import postgresql

from orchestration.among import Among, each_of

NAMES = Table("names", MetaData(), Column("name", String, index=True))
QUESTION = select(NAMES.c.name).where(Among(NAMES.c.name, "wanted")).order_by(NAMES.c.name)


def test_it_finds_the_rows_of_any_number_of_names():
    hostile = ["a", 'b"', "c'", "[d]", "ü\n", "%s", ""]
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        NAMES.create(connection)
        connection.execute(insert(NAMES), [{"name": name} for name in (*hostile, "other")])
        for wanted in ([], ["a"], ["a", "none"], hostile):
            found = connection.execute(QUESTION, {"wanted": wanted}).scalars().all()
            assert found == sorted(set(wanted) - {"none"})


def test_the_statement_does_not_depend_on_the_names():
    assert str(QUESTION.compile(dialect=postgresql.dialect())).count("ANY (%(wanted)s") == 1


def test_sqlite_looks_only_at_the_rows_of_those_names():
    """Not at the whole table, which takes the longer the more was ever written."""
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        NAMES.create(connection)
        asked = str(QUESTION.compile(dialect=engine.dialect))
        steps = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", ("[]",))]
    assert [step for step in steps if " names " in step] == ["SEARCH names USING COVERING INDEX ix_names_name (name=?)"]


def test_a_row_of_each_name_is_asked_for_by_the_same_statement_on_each_engine(state_url):
    engine = create_engine(state_url)
    with engine.begin() as connection:
        for wanted in ([], ["a"], ["a", "[d]", 'b"', "c'", "%s", ""]):
            rows = each_of(wanted, "asset").cte("wanted")
            assert sorted(connection.execute(select(rows.c.asset)).scalars()) == sorted(wanted)
    engine.dispose()
    assert each_of(["a"], "asset")._generate_cache_key() == each_of(["b", "c"], "asset")._generate_cache_key()
