"""A question's rows mean on each engine what SQLAlchemy's would."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, bindparam, insert, select

from orchestration.among import Among
from orchestration.bulk import Bulk
from orchestration.database import reading, writing
from orchestration.errors import StateError
from orchestration.question import Question
from orchestration.tables import events, steps
from tests.support.core import open_state

AT = datetime(2013, 2, 8, 6, 30, 0, 123456, tzinfo=UTC)
ADD = Bulk(insert(events))
THOSE = select(events).where(Among(events.c.asset, "b_assets"), events.c.kind == "step.ended").order_by(events.c.id)
SINCE = select(events.c.asset).where(events.c.at >= bindparam("b_at")).order_by(events.c.id)


@pytest.fixture
def engine(state_url: str) -> Engine:
    engine = open_state(state_url)
    rows = [
        {"at": AT, "kind": kind, "run_id": None, "asset": asset, "partition": "", "detail": {"n": n, "text": "é"}}
        for n, (asset, kind) in enumerate([("a", "step.ended"), ("b", "step.ended"), ("a", "run.ended"), (None, "x")])
    ]
    with writing(engine) as connection:
        ADD.run(connection, rows)
    return engine


def test_its_rows_are_those_that_sqlalchemy_reads(engine: Engine) -> None:
    question, names = Question(THOSE), {"b_assets": ["a", "none"]}
    with reading(engine) as connection:
        for _ in range(2):  # the second time it is prepared
            found = question.ask(connection, names)
            assert [tuple(row) for row in found] == [tuple(row) for row in connection.execute(THOSE, names)]
    (row,) = found
    assert (row.asset, row.at, row.run_id, row.detail) == ("a", AT, None, {"n": 0, "text": "é"})


def test_values_are_bound_by_their_types(engine: Engine) -> None:
    question = Question(SINCE)
    with reading(engine) as connection:
        assert [row.asset for row in question.ask(connection, {"b_at": AT})] == ["a", "b", "a", None]
        assert list(question.ask(connection, {"b_at": AT.replace(year=2014)})) == []


def test_truths_are_read_as_such(engine: Engine) -> None:
    with reading(engine) as connection:
        assert list(Question(select(steps.c.forced)).ask(connection, {})) == []
        row = {"at": AT, "kind": "x", "run_id": None, "asset": "z", "partition": "", "detail": []}
    with writing(engine) as connection:
        ADD.run(connection, [row])
        found = Question(select((events.c.asset == "z").label("is_it"), events.c.detail)).ask(connection, {})
    assert [each.is_it for each in found] == [False, False, False, None, True]
    assert [each.detail for each in found][-2:] == [{"n": 3, "text": "é"}, []]


def test_what_the_database_refuses_is_told_as_ever(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.exec_driver_sql("ALTER TABLE events RENAME TO gone")
    with pytest.raises(StateError, match=r"gone|events"), reading(engine) as connection:
        Question(SINCE).ask(connection, {"b_at": AT})
