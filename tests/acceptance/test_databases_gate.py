"""What a query made in a database, and what came in chunks, is judged there and held like anything else."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pandas as pd
import pyarrow as pa
import pytest

import observer as ob
from orchestration.io.base import IOManager
from orchestration.io.chunks import Chunks
from orchestration.io.files import FilesIOManager
from orchestration.io.sql import SqlIOManager
from orchestration.model import Address
from tests.support.databases import KINDS

DAYS = ob.daily(start="2013-01-01", timezone="UTC")
HISTORY, BLIZZARD = "2013-01-28..2013-02-07", "2013-02-08"
NULL_RATE = ob.monitor("null_rate", column="dep_delay", severity="error")


@ob.asset(partitions=DAYS)
def flights(context: ob.Context) -> pd.DataFrame:
    """Sixty flights of the day; half of them never left on the day of the blizzard."""
    chance = Random(context.partition_key)
    gone = 0.5 if context.partition_key == BLIZZARD else 0.05
    delays = [None if chance.random() < gone else round(chance.gauss(10, 4), 1) for _ in range(60)]
    return pd.DataFrame({"origin": ["EWR", "JFK", "LGA"] * 20, "flight": range(60), "dep_delay": delays})


departures = ob.sql_asset(
    "departures",
    "select origin, flight, dep_delay, $partition as made_for from {{ flights }}",
    partitions=DAYS,
    checks=[ob.unique("flight"), ob.accepted_values("origin", ["EWR", "JFK", "LGA"]), ob.in_range("flight", 0, 59)],
    monitors=[NULL_RATE],
)
daily_delays = ob.sql_asset(
    "daily_delays",
    "select origin, count(dep_delay) as n, avg(dep_delay) as delay from {{ departures }} group by origin",
    partitions=DAYS,
)


# On the local Snowflake it takes most of a minute, and `test_backends` holds a day there as well.
SNOWFLAKE = pytest.param("snowflake", marks=[pytest.mark.snowflake, pytest.mark.soak])
WHERE = [SNOWFLAKE if "snowflake" in str(kind) else kind for kind in KINDS]


@pytest.fixture(params=["files", *WHERE])
def io(request: pytest.FixtureRequest, new_io: Callable[[str], SqlIOManager], tmp_path: Path) -> IOManager:
    return FilesIOManager(tmp_path / "data") if request.param == "files" else new_io(request.param)


def test_what_a_query_made_is_held(io: IOManager) -> None:
    result = ob.materialize([flights, departures, daily_delays], partition=BLIZZARD, history=HISTORY, io=io)
    assert result["flights"].outcome == "published"
    assert result["departures"].outcome == "held"
    assert result["daily_delays"].outcome == "blocked"
    assert io.pointer(Address(departures.key, BLIZZARD)) is None
    if isinstance(io, SqlIOManager):
        ((days, last),) = io._ask("SELECT count(DISTINCT tidegate_partition), max(tidegate_partition) FROM departures")
        assert (days, last) == (11, "2013-02-07"), "readers see the held day"


def test_chunks_are_judged_where_they_lie(io: IOManager) -> None:
    @ob.asset(checks=[ob.row_count(max_rows=5)])
    def chunked() -> Chunks:
        return Chunks(pa.table({"n": [n, n]}) for n in range(3))

    result = ob.materialize([chunked], io=io)
    assert result["chunked"].outcome == "held"
    assert io.pointer(Address(chunked.key)) is None
