"""A copy of some rows, which several statements share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from observer.collectors.field import Field

Sampler = Callable[[float, Sequence[Field]], str]
"""What some of the rows are called in a statement, by their share of all rows and the fields that are wanted."""


@dataclass(frozen=True, slots=True)
class Copied:
    """A copy of some rows: what makes it, what it is called, and how it is sampled."""

    statement: str
    source: str
    sample: Sampler
