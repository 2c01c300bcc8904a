"""Checks across assets, run by the real runner: what readers see of the other, of the partition that belongs."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import observer as ob
from observer.testing import Made
from orchestration.errors import DefinitionError, UnknownName
from orchestration.io.base import IOManager
from orchestration.io.duckdb_file import open_duckdb
from orchestration.io.files import FilesIOManager
from orchestration.io.memory import MemoryIOManager

days = ob.daily(start="2013-02-01")


@ob.asset
def carriers() -> pd.DataFrame:
    return pd.DataFrame({"code": ["UA", "AA"]})


@ob.asset(partitions=days)
def raw(context: ob.Context) -> pd.DataFrame:
    n = 3 if context.partition == "2013-02-01" else 4
    return pd.DataFrame({"id": range(n), "miles": [10.0] * n})


def said(made: Made) -> dict[str, tuple[str, str]]:
    return {one.subject: (one.status.value, one.sentence) for one in made.evaluations if one.kind == "check"}


@pytest.fixture(params=["memory", "files", "duckdb"])
def io(request: pytest.FixtureRequest, tmp_path: Path) -> IOManager:
    kinds = {
        "memory": MemoryIOManager, "files": lambda: FilesIOManager(tmp_path / "data"),
        "duckdb": lambda: open_duckdb(tmp_path / "data.duckdb"),
    }  # fmt: skip
    return kinds[request.param]()


def test_a_key_must_be_there(io: IOManager) -> None:
    @ob.asset(
        checks=[
            ob.references("carrier", carriers, "code"),
            ob.references("carrier", "carriers", ["code"], warn_above=0, error_above=0.5, name="some"),
        ],
        deps=[carriers],
    )
    def flights() -> pd.DataFrame:
        return pd.DataFrame({"carrier": ["UA", "ZZ", "ZZ", None, "AA", "XX"]})

    made = ob.materialize([carriers, flights], io=io)["flights"]
    found = said(made)
    assert made.outcome == "held"
    sentence = "3 of 6 rows have a carrier that carriers doesn't have, for example 'ZZ'"
    assert found["references(carrier, carriers)"] == ("failed", sentence)
    assert found["some"] == ("warned", f"{sentence}; at most 50 % may")
    sample = next(one.sample for one in made.evaluations if one.sample is not None)
    assert sample.rows == (("ZZ", 2), ("XX", 1))


def test_by_partition_always(io: IOManager) -> None:
    @ob.asset(partitions=days, checks=[ob.reconciles("raw", sums=["miles"], keys={"flight": "id"})])
    def flights(raw: pd.DataFrame) -> pd.DataFrame:
        return raw.rename(columns={"id": "flight"}) if len(raw) == 3 else raw[1:].rename(columns={"id": "flight"})

    made = ob.materialize([raw, flights], partition="2013-02-01..2013-02-02", io=io)
    first, second = made.all_of("flights")
    assert said(first)["reconciles(raw)"] == ("passed", "rows, the sum of miles, keys agree with raw")
    status, sentence = said(second)["reconciles(raw)"]
    assert (status, second.outcome) == ("failed", "held")
    assert sentence == (
        "rows are 3 here and 4 there; the sum of miles is 30 here and 40 there; 1 keys are only in raw, for example 0"
    )


def test_queries_and_functions_take_others_by_name(io: IOManager) -> None:
    @ob.asset(partitions=days, deps=[raw])
    def flights() -> pd.DataFrame:
        return pd.DataFrame({"id": range(3)})

    @ob.check(flights)
    def as_many(flights: pd.DataFrame, raw: pd.DataFrame) -> bool:
        return len(flights) == len(raw)

    apart = ob.sql_check("apart", "select * from {{ raw }} anti join {{ flights }} using (id)", asset=flights)
    made = ob.materialize([raw, flights], partition="2013-02-01..2013-02-02", checks=[as_many, apart], io=io)
    verdicts = [{name: status for name, (status, _) in said(one).items()} for one in made.all_of("flights")]
    assert verdicts == [{"as_many": "passed", "apart": "passed"}, {"as_many": "failed", "apart": "failed"}]


def test_where_nothing_is_published_it_is_unknown_and_held() -> None:
    @ob.asset(checks=[ob.row_count(min_rows=9)])
    def empty() -> pd.DataFrame:
        return pd.DataFrame({"code": ["UA"]})

    @ob.asset(checks=[ob.references("carrier", empty, "code")], reads={"empty": "proceed"})
    def flights(empty: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"carrier": ["UA"]})

    made = ob.materialize([empty, flights])["flights"]
    status, sentence = said(made)["references(carrier, empty)"]
    assert (made.outcome, status) == ("held", "unknown")
    assert "nothing of empty is published" in sentence


def test_what_cannot_be_compared_is_refused_when_it_is_declared() -> None:
    @ob.source
    def feed() -> pd.DataFrame:
        return pd.DataFrame({"code": ["UA"]})

    @ob.asset(checks=[ob.references("carrier", "carrier", "code")])
    def misnamed() -> pd.DataFrame:
        return pd.DataFrame({"carrier": ["UA"]})

    @ob.asset(checks=[ob.references("carrier", feed, "code")])
    def of_a_source() -> pd.DataFrame:
        return pd.DataFrame({"carrier": ["UA"]})

    with pytest.raises(UnknownName, match="carriers"):
        ob.materialize([carriers, misnamed])
    with pytest.raises(DefinitionError, match="kept nowhere"):
        ob.materialize([feed, of_a_source])
