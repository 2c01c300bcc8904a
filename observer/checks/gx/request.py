"""What travels between this process and the one that has the library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestration.io.base import ParquetFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of a database, which the library asks where it lies; ``url`` holds what logs in."""

    url: str = field(repr=False)
    schema: str | None
    name: str


@dataclass(frozen=True, slots=True)
class InMemory:
    """A pandas frame or an Arrow table, which the library sees as a pandas frame."""

    value: object = field(repr=False)


Source = Table | InMemory | ParquetFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Have data ready under a number; ``path`` is where this process finds the modules of the project."""

    data: int
    source: Source
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drop:
    """Forget the data of a number."""

    data: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Validate one expectation on the data of a number.

    Parameters
    ----------
    expectation: the name of its class; ``module`` is where that is defined, if not in the library.
    keys: columns that say which rows are unexpected.
    """

    data: int
    expectation: str
    arguments: Mapping[str, object]
    module: str | None
    keys: tuple[str, ...]
    examples: int


@dataclass(frozen=True, slots=True)
class Found:
    """The library's result as plain values."""

    result: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why there is no result."""

    reason: str


Answer = Found | Refused
