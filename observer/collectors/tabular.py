"""What counts as a table, and a pandas frame as Arrow columns, one that can't be read at a time."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard

from orchestration.errors import StorageError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A column that no engine can look into; its nulls can still be counted."""

    position: int
    name: str
    type: str
    nulls: int | None
    reason: str


def is_frame(data: object) -> TypeGuard[pd.DataFrame]:
    """Tell whether the data is a pandas frame, without importing pandas where nobody has."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(data, pandas.DataFrame)


def is_arrow(data: object) -> TypeGuard[pa.Table]:
    """Tell whether the data is an Arrow table, without importing pyarrow where nobody has."""
    pyarrow = sys.modules.get("pyarrow")
    return pyarrow is not None and isinstance(data, pyarrow.Table)


def is_polars(data: object) -> TypeGuard[pl.DataFrame]:
    """Tell whether the data is a Polars frame, without importing Polars where nobody has."""
    polars = sys.modules.get("polars")
    return polars is not None and isinstance(data, polars.DataFrame)


def is_table(data: object) -> bool:
    """Tell whether the data is a frame of any library, or an Arrow table."""
    return is_frame(data) or is_arrow(data) or is_polars(data)


def column_names(names: Iterable[object]) -> list[str]:
    """Return a frame's column names as texts; the second column called ``a`` becomes ``a#2``.

    Examples
    --------
    >>> column_names(["a", 1, "a"])
    ['a', '1', 'a#2']
    """
    seen: dict[str, int] = {}
    out: list[str] = []
    for name in map(str, names):
        clean = name.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair can't be stored
        seen[clean] = seen.get(clean, 0) + 1
        out.append(clean if seen[clean] == 1 else f"{clean}#{seen[clean]}")
    return out


def arrow_columns(frame: pd.DataFrame) -> tuple[pa.Table, list[int], list[Unreadable]]:
    """Return a frame's columns as an Arrow table, mostly without a copy: NaN is null, the index left out.

    Returns
    -------
    The table with columns named ``c0``, ``c1`` ...; the position in the frame of each of them; and the
    columns that could not be converted, such as objects of several types.
    """
    import pyarrow as pa

    arrays: list[pa.Array] = []
    positions: list[int] = []
    unreadable: list[Unreadable] = []
    for position, name in enumerate(column_names(frame.columns)):
        series = frame.iloc[:, position]
        try:
            arrays.append(_floats(series) if series.dtype.kind == "f" else pa.array(series, from_pandas=True))
        except Exception as error:  # any type of the user's own may raise anything
            unreadable.append(Unreadable(position, name, str(series.dtype).lower(), _nulls(series), first_line(error)))
        else:
            positions.append(position)
    table = pa.Table.from_arrays(arrays, names=[f"c{i}" for i in range(len(arrays))])
    return table, positions, unreadable


def _floats(series: pd.Series) -> pa.Array:
    """Numbers of a pandas column; without a copy where there is no NaN."""
    import numpy as np
    import pyarrow as pa

    if not isinstance(series.dtype, np.dtype):  # a type of some library's own
        return pa.array(series, from_pandas=True)
    values = series.to_numpy()
    has_nan = len(values) and np.isnan(values.min())  # which takes half the time of looking at each
    return pa.array(values, mask=np.isnan(values)) if has_nan else pa.array(values)


def polars_columns(frame: pl.DataFrame) -> tuple[pa.Table, list[int], list[Unreadable]]:
    """Return a Polars frame's columns as ``arrow_columns`` does; texts stay where they are."""
    import polars as pl
    import pyarrow as pa

    arrays: list[pa.ChunkedArray | pa.Array] = []
    positions: list[int] = []
    unreadable: list[Unreadable] = []
    for position, series in enumerate(frame.get_columns()):
        try:
            arrays.append(pl.DataFrame([series]).to_arrow(compat_level=pl.CompatLevel.newest()).column(0))
        except BaseException as error:  # its panics are no Exception; a column of Python objects raises one
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            unreadable.append(
                Unreadable(position, series.name, str(series.dtype).lower(), series.null_count(), first_line(error))
            )
        else:
            positions.append(position)
    table = pa.Table.from_arrays(arrays, names=[f"c{i}" for i in range(len(arrays))])
    return table, positions, unreadable


def _nulls(series: pd.Series) -> int | None:
    try:
        return int(series.isna().sum())
    except Exception:  # the column is unreadable already, by code of an extension type's
        return None


def described(error: BaseException) -> str:
    """Return an exception's kind and what it says, in one bounded line."""
    return f"{type(error).__name__}: {first_line(error)}"


def first_line(error: BaseException) -> str:
    """Return what an error says, in one bounded line; of one of storage's what the engine said, not what to do."""
    said = error.said if isinstance(error, StorageError) else None
    text = (said or str(error)).strip().splitlines()
    line = text[0].strip() if text else ""
    return (line if len(line) <= 200 else line[:199] + "…") or type(error).__name__
