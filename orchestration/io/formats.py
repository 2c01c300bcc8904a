"""How values become files: frames as Parquet, text and JSON as themselves, everything else pickled."""

from __future__ import annotations

import hashlib
import io
import json
import math
import pickle
from collections import Counter
from collections.abc import Callable, Sequence
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
    if type(value) is str:
        try:
            text = value.encode()
        except UnicodeEncodeError:  # half a surrogate pair: pickle keeps it
            pass
        else:
            return TEXT, None, lambda file: file.write(text)
    if isinstance(value, dict | list) and _is_json(value):
        body = json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False).encode("utf-8", "surrogatepass")
        return JSON, None, lambda file: file.write(body)
    try:
        pickled = pickle.dumps(value, protocol=5)
    except Exception as error:  # pickle raises whatever the object's __reduce__ raises
        raise StorageError(
            f"a {type(value).__name__} can't be stored: {error}; nothing was published; return a frame, "
            "text, JSON or an object that pickles"
        ) from error
    return PICKLE, None, lambda file: file.write(pickled)


_DEEPEST_JSON = 50


def _is_json(value: object, depth: int = 0) -> bool:
    """Whether JSON gives it back as it is: no tuples, only text as keys, no subclasses, finite numbers."""
    kind = type(value)
    if kind is str:
        return True
    if kind is float:
        return math.isfinite(value)  # type: ignore[arg-type]
    if value is None or kind is bool or kind is int:
        return True
    if depth == _DEEPEST_JSON:
        return False
    if isinstance(value, dict) and kind is dict:
        return all(type(key) is str and _is_json(item, depth + 1) for key, item in value.items())
    return isinstance(value, list) and kind is list and all(_is_json(item, depth + 1) for item in value)


def as_table(value: object) -> pa.Table | None:
    """The value as an Arrow table if it is a frame; raises StorageError for a frame that Arrow can't hold."""
    module = type(value).__module__.partition(".")[0]
    if module not in {"pandas", "pyarrow"}:
        return None
    import pyarrow as pa

    if isinstance(value, pa.Table):
        _refuse_repeated(value.column_names)
        return value
    import pandas as pd

    if not isinstance(value, pd.DataFrame):
        return None
    _refuse_repeated(value.columns.tolist())
    _refuse_repeated([str(name) for name in value.columns])  # 1 and "1" are one name in a file
    try:
        return pa.Table.from_pandas(value)
    except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
        raise StorageError(
            f"the frame can't be stored: {' '.join(map(str, error.args))}; nothing was published; give each "
            "column one type"
        ) from error


def _refuse_repeated(names: Sequence[object]) -> None:
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise StorageError(f"the frame has two columns called {repeated[0]!r}; nothing was published; rename one")
    if "" in names:
        raise StorageError("the frame has a column without a name; nothing was published; give it one")


def _write_parquet(table: pa.Table, file: Any) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        pq.write_table(table, pa.PythonFile(file, mode="w"), compression="zstd")
    except pa.ArrowException as error:
        raise StorageError(
            f"the frame can't be stored as Parquet: {' '.join(map(str, error.args))}; nothing was published"
        ) from error


def read(file: Path | bytes, kind: str, wants: str) -> object:
    """Read what ``write`` wrote, from its file or its bytes; frames as pandas unless ``wants`` names Arrow.

    The caller has compared the bytes with the recorded hash: a pickle runs what it says.
    """
    if kind == PARQUET:
        import pyarrow as pa
        import pyarrow.parquet as pq

        source = pa.BufferReader(file) if isinstance(file, bytes) else file
        table = pq.read_table(source, partitioning=None)
        return table if wants_arrow(wants) else table.to_pandas()
    body = file if isinstance(file, bytes) else file.read_bytes()
    if kind == TEXT:
        return body.decode()
    if kind == JSON:
        return json.loads(body.decode("utf-8", "surrogatepass"))
    return pickle.loads(body)


def wants_arrow(wants: str) -> bool:
    """Whether an annotation's text asks for an Arrow table."""
    return wants in {"pa.Table", "pyarrow.Table", "pyarrow.lib.Table", "Table"}


def measure(value: object) -> Written:
    """What ``write`` would say of it, without writing it."""
    kind, rows, save = _writer(value)
    hashing = _Hashing(_Nowhere())
    save(hashing)
    return Written(kind, hashing.sha256.hexdigest(), rows, hashing.size)


def content_hash(value: object) -> str:
    """The SHA-256 of what ``write`` would write, without writing it."""
    return measure(value).sha256


class _Nowhere:
    def write(self, data: Any) -> None:
        """Take it and forget it."""
