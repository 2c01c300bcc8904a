"""How values become files: frames as Parquet or Arrow, text and JSON as themselves, everything else pickled."""

from __future__ import annotations

import hashlib
import io
import json
import math
import pickle
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from orchestration.errors import CorruptData, StorageError
from orchestration.io import duck, frames
from orchestration.io.base import ParquetFiles
from orchestration.io.frames import ARROW, PARQUET
from orchestration.io.streams import Part, stream
from orchestration.io.tables import Shape, joined, present, records_as_table, shape_of, tables_in

TEXT, JSON, PICKLE, JOBLIB = "text", "json", "pickle", "joblib"
FILE_NAMES = {
    PARQUET: "data.parquet",
    ARROW: "data.arrow",
    TEXT: "data.txt",
    JSON: "data.json",
    PICKLE: "data.pickle",
    JOBLIB: "data.joblib",
}
FRAMES = (PARQUET, ARROW)
OBJECTS = (PICKLE, JOBLIB)


@dataclass(frozen=True, slots=True)
class Choice:
    """The formats of what has several: frames as Parquet or Arrow IPC, objects by pickle or joblib."""

    frames: str = PARQUET
    objects: str = PICKLE


DEFAULT = Choice()


@dataclass(frozen=True, slots=True)
class Written:
    format: str
    sha256: str
    rows: int | None
    bytes: int


class Hashing(io.RawIOBase):
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


def write(folder: Path, value: object, choice: Choice = DEFAULT) -> Written:
    """Write ``value`` into ``folder`` in the format that fits it; raises StorageError where none does."""
    kind, save = _writer(value, choice)
    with open(folder / FILE_NAMES[kind], "xb") as file:
        hashing = Hashing(file)
        rows = save(hashing)
    return Written(kind, hashing.sha256.hexdigest(), rows, hashing.size)


_Saving = Callable[[Hashing], int | None]
"""Writes a value; returns how many rows it had, if it has rows."""


def _writer(value: object, choice: Choice) -> tuple[str, _Saving]:
    tables = tables_in(value)
    if tables is not None:
        return choice.frames, lambda file: frames.save(tables, file, choice.frames)
    kind, body = _body(value, choice)
    return kind, lambda file: _save(body, file)


def _body(value: object, choice: Choice) -> tuple[str, bytes]:
    """What is written of anything that is no frame, and in which format."""
    if type(value) is str:
        with suppress(UnicodeEncodeError):  # half a surrogate pair: pickle keeps it
            return TEXT, value.encode()
    if isinstance(value, dict | list) and _is_json(value):
        text = json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)
        return JSON, text.encode("utf-8", "surrogatepass")
    return choice.objects, _pickled(value, choice.objects)


def _save(body: bytes, file: Hashing) -> None:
    file.write(body)


def _pickled(value: object, kind: str) -> bytes:
    dump: Callable[[object], bytes] = _by_joblib if kind == JOBLIB else lambda value: pickle.dumps(value, protocol=5)
    try:
        return dump(value)
    except StorageError:
        raise
    except Exception as error:  # pickle raises whatever the object's __reduce__ raises
        raise StorageError(
            f"a {type(value).__name__} can't be stored: {error}; nothing was published; return a frame, "
            "text, JSON or an object that pickles"
        ) from error


def _by_joblib(value: object) -> bytes:
    body = io.BytesIO()
    _joblib().dump(value, body)
    return body.getvalue()


def _joblib() -> Any:
    try:
        import joblib
    except ImportError as error:
        raise StorageError(f"objects are to be kept by joblib, and {error}; pip install joblib") from error
    return joblib


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


def read(body: bytes, kind: str, wants: str) -> Any:
    """Read what ``write`` wrote of anything that is no frame.

    The caller has compared the bytes with the recorded hash: a pickle runs what it says.
    """
    if kind == TEXT:
        return body.decode()
    if kind == JSON:
        return as_asked(json.loads(body.decode("utf-8", "surrogatepass")), wants)
    if kind == JOBLIB:
        return _joblib().load(io.BytesIO(body))
    return pickle.loads(body)


def checked(body: Any, sha256: str) -> Any:
    """The bytes, Python's or Arrow's, if they are what was written; raises CorruptData.

    A pickle could otherwise run anything.
    """
    if hashlib.sha256(body).hexdigest() != sha256:
        raise CorruptData("it isn't what was written (its hash differs)")
    return body


def as_asked(value: object, wants: str) -> object:
    """JSON as it is, but a list of dicts as the frame that the annotation names."""
    last = wants.rpartition(".")[2]
    table = records_as_table(value) if last in _FRAME_NAMES else None
    return value if table is None else present(table, wants)


_FRAME_NAMES = ("DataFrame", "LazyFrame", "Table", "DuckDBPyRelation")


def together(loads: Sequence[Callable[[str], Any]], wants: str, schema: Callable[[int], Any]) -> Any:
    """Frames of many versions as one.

    Each of ``loads`` reads its version as the annotation that it is given asks; ``schema`` gives the columns of the
    one of that number.
    """
    if shape_of(wants) is Shape.READER:
        return stream([Part(schema(number), partial(load, wants)) for number, load in enumerate(loads)])
    if shape_of(wants) is Shape.PANDAS:
        import pandas as pd

        return pd.concat([load("") for load in loads], ignore_index=True)
    return present(joined([load("pa.Table") for load in loads]), wants)


def staged(file: Path, kind: str, value: object) -> object:
    """What the gate may look at: a frame as it lies in its file, anything else as it was returned."""
    if kind == PARQUET:
        return ParquetFiles((str(file),))
    return duck.mapped(str(file)) if kind == ARROW else value


def measure(value: object) -> Written:
    """What ``write`` would say of it, without writing it."""
    kind, save = _writer(value, DEFAULT)
    hashing = Hashing(_Nowhere())
    rows = save(hashing)
    return Written(kind, hashing.sha256.hexdigest(), rows, hashing.size)


def measure_object(value: object) -> Written:
    """What ``write`` would say of anything that is no frame, without looking whether it is one."""
    kind, body = _body(value, DEFAULT)
    return Written(kind, hashlib.sha256(body).hexdigest(), None, len(body))


def content_hash(value: object) -> str:
    """The SHA-256 of what ``write`` would write, without writing it."""
    return measure(value).sha256


class _Nowhere:
    def write(self, data: Any) -> None:
        """Take it and forget it."""
