"""Every engine that looks at data, by how it gets an Arrow table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from orchestration.io.base import ParquetFiles, SqlRelation
from orchestration.io.sql import SqlIOManager
from orchestration.model import Address, AssetKey
from tests.support.databases import KINDS

Form = Callable[[pa.Table], object]
ADDRESS = Address(AssetKey("made"))


@pytest.fixture(params=["pandas", "polars", "arrow", "parquet", *KINDS])
def form(request: pytest.FixtureRequest, tmp_path: Path, new_io: Callable[[str], SqlIOManager]) -> Form:
    """How an engine gets an Arrow table."""
    kind = str(request.param)

    def parquet(table: pa.Table) -> object:
        path = tmp_path / "it's.parquet"
        pq.write_table(table, path)
        return ParquetFiles((str(path),))

    def polars(table: pa.Table) -> object:
        import polars

        return polars.from_arrow(table)

    forms: Mapping[str, Form] = {
        "pandas": lambda table: table.to_pandas(types_mapper=pd.ArrowDtype), "arrow": lambda table: table,
        "polars": polars, "parquet": parquet,
    }  # fmt: skip
    if kind in forms:
        return forms[kind]
    io = new_io(kind)

    def database(table: pa.Table) -> object:
        if kind == "sqlite":  # which refuses NaN
            table = without_nan(table)
        io.stage(ADDRESS, "v1", table)
        data = io._staged(ADDRESS, "v1").data
        assert isinstance(data, SqlRelation)
        return data

    return database


def without_nan(table: pa.Table) -> pa.Table:
    for at, field in enumerate(table.schema):
        if pa.types.is_floating(field.type):
            there = pc.is_nan(table.column(at))
            table = table.set_column(at, field, pc.if_else(there, pa.scalar(None, field.type), table.column(at)))
    return table
