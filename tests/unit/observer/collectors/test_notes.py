"""What Arrow and Parquet say of columns beside their types, measured as any version is."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from observer.audit import measure
from observer.model import Column
from orchestration.io.base import ParquetFiles
from orchestration.model import AssetKey, Materialization, Staged

TABLE = pa.table(
    {"id": [1], "name": ["a"]},
    schema=pa.schema([
        pa.field("id", pa.int64(), nullable=False, metadata={"comment": "the key"}), pa.field("name", pa.string()),
    ]),
)  # fmt: skip


def staged(data: object) -> Staged:
    made = Materialization(
        id="m", asset=AssetKey("a"), partition=None, run_id="r", materialized_at=datetime(2024, 1, 1, tzinfo=UTC),
        data_version="d", code_version="c", fingerprint="f", duration_s=0.1,
    )  # fmt: skip
    return Staged(materialization=made, data=data)


@pytest.mark.parametrize("kind", ["arrow", "parquet"])
def test_nullability_and_comments_are_seen(kind: str, tmp_path: Path) -> None:
    pq.write_table(TABLE, tmp_path / "a.parquet")
    data = TABLE if kind == "arrow" else ParquetFiles((str(tmp_path / "a.parquet"),))
    schema = measure(staged(data)).schema
    assert schema is not None
    assert schema.columns == (
        Column("id", "bigint", nullable=False, comment="the key"), Column("name", "varchar", nullable=True),
    )  # fmt: skip


def test_a_pandas_frame_says_nothing() -> None:
    schema = measure(staged(TABLE.to_pandas())).schema
    assert schema is not None
    assert [(c.nullable, c.comment) for c in schema.columns] == [(None, None), (None, None)]
