"""What is kept of a part of the data beside its numbers, so that those of many parts can be put together."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Keeping:
    """Names of columns.

    Parameters
    ----------
    sketches: whose distinct values are counted by a sketch that stays, where the engine counts by one.
    points: of which some values of the sample stay, where one is taken for the quartiles.
    """

    sketches: Collection[str] = ()
    points: Collection[str] = ()


NOTHING = Keeping()
