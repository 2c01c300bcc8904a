"""The newest versions and steps of assets: the same of a few as of all, and not by reading all their past."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, Subquery, insert, select, text

from observer.reads.newest import STRIP, steps_of, versions_of
from observer.store.schema import ensure
from orchestration.database import open_database, reading, writing
from orchestration.model import AssetKey
from orchestration.tables import runs, steps, versions
from tests.unit.observer.ledger import START

WHOLE, DAILY, BOTH, NOTHING = (AssetKey(name) for name in ("whole", "daily", "both", "nothing"))
MANY = 3000
Asked = Callable[[Sequence[AssetKey] | None], Subquery]


@pytest.fixture
def engine(state_url: str) -> Iterator[Engine]:
    made = open_database(state_url)
    ensure(made)
    with writing(made) as connection:
        fill(connection)
    yield made
    made.dispose()


def fill(connection: Connection) -> None:
    """An asset without partitions that is made often, one of many days, and one that was cut into days later."""
    made = [(WHOLE, "", "discarded" if n % 7 == 0 else "superseded") for n in range(MANY)]
    made += [(DAILY, f"{n % 200:04}", "superseded" if n < 400 else "published") for n in range(600)]
    made += [(BOTH, "", "superseded")] * 40 + [(BOTH, f"{n:04}", "held") for n in range(10)]
    made += [(WHOLE, "", "published"), (DAILY, "0199", "held")]
    of_run = {"selection": "*", "partitions": "", "trigger": "t", "environment": "local", "holder": "h"}
    connection.execute(
        insert(runs), [{"id": f"r{n}", "status": "succeeded", "started_at": START, **of_run} for n in range(len(made))]
    )
    connection.execute(
        insert(versions),
        [
            {
                "id": f"v{n}", "asset": asset, "partition": partition, "run_id": f"r{n}", "status": status,
                "materialized_at": START, "data_version": "d", "code_version": "c", "fingerprint": "f",
                "duration_s": 1.0, "format": "parquet", "metadata": {}, "inputs": {},
            }
            for n, (asset, partition, status) in enumerate(made)
        ],
    )  # fmt: skip
    ended = ("failed", "published", "cancelled")  # of which the last says nothing
    connection.execute(
        insert(steps),
        [
            {
                "run_id": f"r{n}", "position": 0, "asset": asset, "partition": partition, "status": ended[n % 3],
                "reason": "r", "note": "", "ended_at": START.replace(microsecond=n // 2),
            }
            for n, (asset, partition, _) in enumerate(made)
        ],
    )  # fmt: skip


def rows(connection: Connection, asked: Subquery) -> set[tuple[object, ...]]:
    return {tuple(row) for row in connection.execute(select(asked))}


@pytest.mark.parametrize("asked", [versions_of, steps_of])
def test_a_few_are_told_as_all_are(engine: Engine, asked: Asked) -> None:
    with reading(engine) as connection:
        every = rows(connection, asked(None))
        assert rows(connection, asked([WHOLE, DAILY, BOTH, NOTHING])) == every
        alone = [rows(connection, asked([asset])) for asset in (WHOLE, DAILY, BOTH)]
        assert set().union(*alone) == every
        assert rows(connection, asked([])) == rows(connection, asked([NOTHING])) == set()


def test_the_newest_stand(engine: Engine) -> None:
    with reading(engine) as connection:
        here = versions_of([WHOLE])
        found = connection.execute(select(here.c.seq, here.c.status).order_by(here.c.seq)).all()
        assert len(found) == STRIP
        assert "discarded" not in {status for _, status in found}
        assert found[-1].status == "published"
        assert len(rows(connection, versions_of([DAILY]))) > STRIP
        assert len(rows(connection, versions_of([BOTH]))) == 10 + STRIP
        assert len(rows(connection, steps_of([DAILY]))) == STRIP


@pytest.mark.parametrize(("asked", "index"), [(versions_of, "ix_versions_whole"), (steps_of, "ix_steps_whole")])
def test_what_an_asset_without_partitions_has_had_before_is_not_read(engine: Engine, asked: Asked, index: str) -> None:
    statement = str(select(asked([WHOLE])).compile(engine, compile_kwargs={"literal_binds": True})).replace(":", r"\:")
    with writing(engine) as connection:
        if engine.name == "postgresql":
            connection.execute(text("ANALYZE"))
        how = "EXPLAIN (ANALYZE, FORMAT JSON)" if engine.name == "postgresql" else "EXPLAIN QUERY PLAN"
        plan = connection.execute(text(f"{how} {statement}")).all()
    assert index in "".join(str(each) for row in plan for each in row)
    if engine.name == "postgresql":
        assert most_read(plan[0][0][0]["Plan"]) < 10 * STRIP
    else:
        assert not [row for row in plan if "SCAN versions" in row.detail or "SCAN steps" in row.detail]


def most_read(node: dict[str, Any]) -> float:
    """Of all parts of a plan, how many rows one has looked at."""
    here = float(node["Actual Rows"]) + float(node.get("Rows Removed by Filter", 0))
    below = [most_read(each) for each in node.get("Plans", ())]
    return max([here * float(node["Actual Loops"]), *below])
