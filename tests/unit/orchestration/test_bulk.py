"""Many rows at a time mean on each engine what one at a time would."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, bindparam, event, insert, select, update

from orchestration.bulk import Bulk
from orchestration.database import reading, writing
from orchestration.tables import events
from tests.support.core import open_state

AT = datetime(2013, 2, 8, 6, 30, 0, 123456, tzinfo=UTC)
ADD = Bulk(insert(events))
RENAME = Bulk(update(events).where(events.c.asset == bindparam("b_asset")).values(run_id="renamed"))


@pytest.fixture
def engine(state_url: str) -> Engine:
    return open_state(state_url)


def row(asset: str | None, **detail: object) -> dict[str, object]:
    return {"at": AT, "kind": "step.ended", "run_id": None, "asset": asset, "partition": "", "detail": detail}


def kept(engine: Engine) -> list[tuple[object, ...]]:
    with reading(engine) as connection:
        rows = connection.execute(select(events).order_by(events.c.id)).all()
    return [(each.at, each.run_id, each.asset, each.detail) for each in rows]


def test_rows_are_bound_by_their_types_in_their_order(engine: Engine) -> None:
    with writing(engine) as connection:
        ADD.run(connection, [row("a", name="é", n=1.5, none=None), row(None), row("c", last=True)])
    assert kept(engine) == [
        (AT, None, "a", {"name": "é", "n": 1.5, "none": None}),
        (AT, None, None, {}),
        (AT, None, "c", {"last": True}),
    ]


def test_values_that_are_fixed_in_the_statement_are_kept(engine: Engine) -> None:
    with writing(engine) as connection:
        ADD.run(connection, [row("a"), row("b"), row("c")])
        RENAME.run(connection, [{"b_asset": "a"}, {"b_asset": "c"}])
    assert [(asset, run) for _, run, asset, _ in kept(engine)] == [("a", "renamed"), ("b", None), ("c", "renamed")]


def test_no_rows_are_no_statement(engine: Engine) -> None:
    seen: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda c, cursor, statement, *rest: seen.append(statement))
    with writing(engine) as connection:
        if engine.dialect.name == "sqlite":  # where SQLAlchemy doesn't hear of it
            connection.connection.driver_connection.set_trace_callback(seen.append)  # type: ignore[union-attr]
        ADD.run(connection, [row("a")])
        assert [statement for statement in seen if statement.startswith("INSERT")]
        seen.clear()
        ADD.run(connection, [])
        assert seen == []


def test_what_no_row_names_is_not_taken_for_nothing(tmp_path: object) -> None:
    engine = open_state(f"sqlite:///{tmp_path}/state.db")
    with writing(engine) as connection:
        ADD.run(connection, [row("a")])
        with pytest.raises(KeyError, match="b_asset"):
            RENAME.run(connection, [{"run_id": "other"}])
        with pytest.raises(KeyError, match="kind"):
            ADD.run(connection, [row("b"), {"at": AT}])
    assert [asset for _, _, asset, _ in kept(engine)] == ["a"]
