"""What has moved, in words: the sentence behind an effect size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from observer.quantities import number, quantity

if TYPE_CHECKING:
    from detectors.shift import Move

_PLACES = 2  # a share of numbers is known to a sixty-fourth


def in_words(moves: Sequence[Move]) -> str:
    """The changes behind an effect size, the largest first; nothing of none.

    >>> from detectors.shift import Move
    >>> in_words([Move(before=0.021, now=0.188, above=500.0)])
    'values over 500 went from 2 % to 19 %'
    >>> in_words([Move(before=0.14, now=0.31, category="UA"), Move(before=0, now=0.03, unseen=("XX",))])
    "'UA' went from 14 % to 31 %, 3 % never seen before: 'XX'"
    """
    return ", ".join(_said(move) for move in moves)


def _said(move: Move) -> str:
    if move.above is not None:
        return f"values over {number(move.above)} {_went(move, _PLACES)}"
    if move.upto is not None:
        return f"values up to {number(move.upto)} {_went(move, _PLACES)}"
    if move.category is None:
        return f"{_share(move.now)} never seen before: {', '.join(map(repr, move.unseen))}"
    if not move.now:
        return f"{move.category!r} is gone, {_share(move.before)} before"
    return f"{move.category!r} {_went(move)}"


def _went(move: Move, places: int = 3) -> str:
    return f"went from {_share(move.before, places)} to {_share(move.now, places)}"


def _share(share: float, places: int = 3) -> str:
    return quantity(round(share, places), "rate")
