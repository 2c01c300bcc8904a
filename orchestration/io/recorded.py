"""What the log recorded of a version, held against what storage has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from orchestration.errors import CorruptData, StorageError, TidegateError
from orchestration.io import duck, formats
from orchestration.io.base import StoredVersion
from orchestration.io.frames import PARQUET


def relation_of(versions: Sequence[StoredVersion], file_of: Callable[[StoredVersion], Path]) -> str:
    """SQL text for the rows of versions together, each in a file; raises StorageError where a query can't read one."""
    for version in versions:
        _ensure_frame(version)
    paths = [str(file_of(version)) for version in versions]
    if {version.format for version in versions} == {PARQUET}:
        return duck.relation(paths)
    return duck.relation_of_each(paths)


def _ensure_frame(version: StoredVersion) -> None:
    if version.format not in formats.FRAMES:
        raise StorageError(
            f"{version.address} is stored as {version.format}, which a query can't read; read it in a Python asset"
        )


@contextmanager
def reading(version: StoredVersion) -> Iterator[None]:
    """Say of which version it is that can't be read, and how to have it again; raises CorruptData."""
    again = f"materialize it again: tidegate run {version.address.asset} --force"
    try:
        yield
    except CorruptData as error:
        if str(version.address) in str(error):
            raise
        raise CorruptData(f"{version.address}: version {version.id}: {error}; it was not read; {again}") from error
    except FileNotFoundError as error:
        raise CorruptData(
            f"{version.address}: version {version.id} is missing ({error.filename or error}); the log still names it; "
            f"{again}"
        ) from error
    except TidegateError:
        raise
    except Exception as error:  # whatever a reader of a damaged file or pickle says
        raise CorruptData(
            f"{version.address}: version {version.id} can't be read ({type(error).__name__}: {error}); {again}"
        ) from error
