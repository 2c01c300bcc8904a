"""How values become files: frames as Parquet, text and JSON as themselves, everything else pickled."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.errors import StorageError

if TYPE_CHECKING:
    import pyarrow as pa

PARQUET, TEXT, JSON, PICKLE = "parquet", "text", "json", "pickle"
FILE_NAMES = {PARQUET: "data.parquet", TEXT: "data.txt", JSON: "data.json", PICKLE: "data.pickle"}


@dataclass(frozen=True, slots=True)
class Written:
    format: str
    sha256: str
    rows: int | None
    bytes: int


class _Hashing(io.RawIOBase):
    """A file that hashes what is written to it, so that nothing is read twice."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.sha256 = hashlib.sha256()
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.sha256.update(data)
        count = memoryview(data).nbytes
        self.size += count
        self._file.write(data)
        return count


def write(folder: Path, value: object, sync: Callable[[Any], None]) -> Written:
    """Write ``value`` into ``folder`` in the format that fits it; raises StorageError where none does."""
    kind, rows, save = _writer(value)
    with open(folder / FILE_NAMES[kind], "xb") as file:
        hashing = _Hashing(file)
        save(hashing)
        file.flush()
        sync(file)
    return Written(kind, hashing.sha256.hexdigest(), rows, hashing.size)


def _writer(value: object) -> tuple[str, int | None, Callable[[Any], None]]:
    table = as_table(value)
    if table is not None:
        return PARQUET, table.num_rows, lambda file: _write_parquet(table, file)
    if isinstance(value, str):
        return TEXT, None, lambda file: file.write(value.encode())
    if isinstance(value, dict | list):
        try:
            body = json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False).encode()
        except (TypeError, ValueError):
            pass
        else:
            return JSON, None, lambda file: file.write(body)
    try:
        pickled = pickle.dumps(value, protocol=5)
    except Exception as error:  # pickle raises whatever the object's __reduce__ raises
        raise StorageError(
            f"a {type(value).__name__} can't be stored: {error}; nothing was published; return a frame, text, JSON "
            "or an object that pickles"
        ) from error
    return PICKLE, None, lambda file: file.write(pickled)


def as_table(value: object) -> pa.Table | None:
    """The value as an Arrow table if it is a frame; raises StorageError for a frame that Arrow can't hold."""
    module = type(value).__module__.partition(".")[0]
    if module not in {"pandas", "pyarrow"}:
        return None
    import pyarrow as pa

    if isinstance(value, pa.Table):
        return value
    import pandas as pd

    if not isinstance(value, pd.DataFrame):
        return None
    repeated = value.columns[value.columns.duplicated()].tolist()
    if repeated:
        raise StorageError(f"the frame has two columns called {repeated[0]!r}; nothing was published; rename one")
    try:
        return pa.Table.from_pandas(value)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise StorageError(
            f"the frame can't be stored: {' '.join(map(str, error.args))}; nothing was published; give each column one type"
        ) from error


def _write_parquet(table: pa.Table, file: Any) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(table, pa.PythonFile(file, mode="w"), compression="zstd")


def read(folder: Path, kind: str, wants: str) -> object:
    """Read what ``write`` wrote; frames as pandas unless ``wants`` names Arrow."""
    file = folder / FILE_NAMES[kind]
    if kind == PARQUET:
        import pyarrow.parquet as pq

        table = pq.read_table(file, partitioning=None)
        return table if wants_arrow(wants) else table.to_pandas()
    body = file.read_bytes()
    if kind == TEXT:
        return body.decode()
    if kind == JSON:
        return json.loads(body)
    return pickle.loads(body)


def wants_arrow(wants: str) -> bool:
    """Whether an annotation's text asks for an Arrow table."""
    return wants in {"pa.Table", "pyarrow.Table", "pyarrow.lib.Table", "Table"}


def content_hash(value: object) -> str:
    """The SHA-256 of what ``write`` would write, without writing it."""
    _, _, save = _writer(value)
    hashing = _Hashing(_Nowhere())
    save(hashing)
    return hashing.sha256.hexdigest()


class _Nowhere:
    def write(self, data: Any) -> None:
        """Take it and forget it."""
