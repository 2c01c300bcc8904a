"""The hash of a frame's content: equal for equal content, and for nothing else."""

import numpy as np
import pyarrow as pa
import pytest

from orchestration.io.content import content_hash
from orchestration.io.every_type import every_type

TABLES = every_type()


@pytest.mark.parametrize("name", TABLES)
def test_where_tables_end_does_not_matter_and_values_do(name: str) -> None:
    table = TABLES[name]
    thrice = pa.concat_tables([table, table, table])
    whole = content_hash(thrice.combine_chunks())
    rows = [thrice.combine_chunks().slice(n, 1) for n in range(thrice.num_rows)]
    assert content_hash(thrice) == whole
    assert not rows or content_hash(pa.concat_tables(rows)) == whole
    assert not rows or content_hash(thrice.slice(1)) != whole
    assert content_hash(table.rename_columns(["n", "other"])) != content_hash(table)


def test_what_lies_below_a_null_does_not_matter() -> None:
    valid = pa.py_buffer(np.packbits([1, 0, 1], bitorder="little").tobytes())
    one, other = (
        pa.Array.from_buffers(pa.int64(), 3, [valid, pa.py_buffer(np.array([1, below, 3]).tobytes())])
        for below in (0, 99)
    )
    assert content_hash(pa.table({"n": one})) == content_hash(pa.table({"n": other}))


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ([None, 1], [0, 1], pa.int64()),
        (["", None], ["", ""], pa.string()),
        ([[1], None], [[1], []], pa.list_(pa.int64())),
        (["ab", "c"], ["a", "bc"], pa.string()),
    ],
)
def test_a_null_is_no_zero_and_no_empty_text(one: list[object], other: list[object], kind: pa.DataType) -> None:
    assert content_hash(pa.table({"n": pa.array(one, kind)})) != content_hash(pa.table({"n": pa.array(other, kind)}))
