"""What is said of a part of the rows that can't be taken, and which wishes are none."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import observer as ob
from observer.collectors import opened, relation
from observer.collectors.part import profile_of_part
from observer.collectors.relation import Relation
from observer.errors import CheckError
from observer.metrics import METRICS, ColumnKind
from observer.model import Observation, ProfilePolicy
from orchestration.io.base import ParquetFiles

POLICY = ProfilePolicy(sample=1_000)


def profiled(data: object, rate: float = 0.1) -> dict[tuple[str | None, str], Observation]:
    with opened(data) as there:
        assert there is not None
        found = profile_of_part(there, rate, (), POLICY)
    assert found.rows.value == 20_000
    return {(one.column, one.metric): one for one in found.observations}


def test_a_sample_that_cannot_be_taken_leaves_the_rows_and_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: Relation, rate: float) -> Relation:
        raise MemoryError("no room")

    monkeypatch.setattr(Relation, "part", refused)
    seen = profiled(pd.DataFrame({"n": range(20_000), "odd": [object()] * 20_000}))
    assert (seen["n", "mean"].value, seen["n", "mean"].reason) == (None, "no sample could be taken: no room")
    of_numbers = {line.name for line in METRICS.values() if ColumnKind.NUMBER in line.columns}
    assert {metric for column, metric in seen if column == "n"} == of_numbers
    assert seen["odd", "null_rate"].value == 0


def test_a_column_that_cannot_be_looked_into_keeps_its_nulls() -> None:
    seen = profiled(pd.DataFrame({"n": range(20_000), "odd": [object(), None] * 10_000}))
    assert seen["odd", "null_rate"].value == 0.5
    assert seen["n", "null_rate"].value == 0


def test_a_part_that_is_kept_aside_is_the_part_that_would_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pq.write_table(pa.table({"n": range(20_000)}), tmp_path / "a.parquet")
    data = ParquetFiles((str(tmp_path / "a.parquet"),))
    kept = profiled(data)
    monkeypatch.setattr(relation, "_KEPT_CELLS", 0)
    assert profiled(data) == kept


@pytest.mark.parametrize("sample", [0, 10, 0.0, 1.5, True, "10 %"])
def test_a_sample_that_is_none_is_refused(sample: object) -> None:
    with pytest.raises(CheckError, match=r"sample= is a number of rows of at least 1,000, or a share"):
        ob.asset(profile=ob.ProfilePolicy(sample=sample))  # type: ignore[arg-type]


def test_all_rows_and_some_of_them_is_refused() -> None:
    with pytest.raises(CheckError, match="leave one of them out"):
        ob.asset(profile=ob.ProfilePolicy(sample=5_000, exact=True))
