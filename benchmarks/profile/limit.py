"""The limit: decoding the columns, and one plain pass of C over the values."""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).parent


class _State(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_double) for name in ("count", "zeros", "negatives", "min", "max", "sum", "squares")),
        ("registers", ctypes.c_uint8 * 1024),
    ]


def decode(path: Path, columns: dict[str, str]) -> None:
    """Have DuckDB decode every column and add up what can be added: less can't be asked of it."""
    asked = [f'sum("{name}")' if type_ in ("BIGINT", "DOUBLE") else f'min("{name}")' for name, type_ in columns.items()]
    with duckdb.connect(config={"threads": "2"}) as connection:
        connection.execute(f"select {', '.join(asked)} from '{path}'").fetchall()


def pass_over(table: pa.Table) -> None:
    """One pass of the kernel over every column, by its Arrow buffers; booleans are too little to count."""
    kernel = compiled_kernel()
    for column in table.columns:
        state = _State(min=float("inf"), max=float("-inf"))
        for chunk in column.chunks:
            type_ = chunk.type
            if pa.types.is_boolean(type_):
                continue
            valid, *rest = (None if buffer is None else ctypes.c_void_p(buffer.address) for buffer in chunk.buffers())
            name = "texts" if pa.types.is_string(type_) else "floats" if pa.types.is_floating(type_) else "integers"
            place = (valid, ctypes.c_int64(chunk.offset), ctypes.c_int64(len(chunk)), ctypes.byref(state))
            kernel[name](*rest, *place)


@cache
def compiled_kernel() -> ctypes.CDLL:
    """The kernel, compiled by the machine's own C compiler; raises FileNotFoundError where there is none."""
    made = Path(tempfile.mkdtemp(prefix="tidegate-kernel-")) / "kernel.so"
    command = ["cc", "-O3", "-march=native", "-shared", "-fPIC", "-o", str(made), str(HERE / "kernel.c")]
    subprocess.run(command, check=True, capture_output=True)
    return ctypes.CDLL(str(made))


def read(path: Path) -> pa.Table:
    """The table in memory, for the pass."""
    return pq.read_table(path)
