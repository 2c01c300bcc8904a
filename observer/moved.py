"""What has moved, in words: the sentence behind an effect size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from observer.quantities import number, quantity

if TYPE_CHECKING:
    from detectors.shift import Move, Slide

_PLACES = 2  # a share of numbers is known to a sixty-fourth
_PARTS = {1 / 4: "a quarter", 1 / 3: "a third", 1 / 2: "half", 2 / 3: "two thirds", 3 / 4: "three quarters"}
_NEAR, _ALL = 0.04, 0.95


def in_words(moves: Sequence[Move], slide: Slide | None = None) -> str:
    """The changes behind an effect size, the largest first; nothing of none.

    >>> from detectors.shift import Move
    >>> in_words([Move(before=0.021, now=0.188, above=500.0)])
    'values over 500 went from 2 % to 19 %'
    >>> in_words([Move(before=0.14, now=0.31, category="UA"), Move(before=0, now=0.03, unseen=("XX",))])
    "'UA' went from 14 % to 31 %, 3 % never seen before: 'XX'"
    >>> from detectors.shift import Slide
    >>> in_words([], Slide(first=0.75, last=1.0, by=3.0)), in_words([], Slide(first=0.0, last=1.0, by=-0.5))
    ('the upper quarter moved up by 3', 'all values moved down by 0.5')
    """
    return ", ".join([*(_said(move) for move in moves), *([_slid(slide)] if slide is not None else [])])


def _slid(slide: Slide) -> str:
    """``the upper quarter moved up by 3``."""
    way = f"moved {'up' if slide.by > 0.0 else 'down'} by {number(abs(slide.by))}"
    share = slide.last - slide.first
    if share > _ALL:
        return f"all values {way}"
    near = min(_PARTS, key=lambda part: abs(part - share))
    said = _PARTS[near] if abs(near - share) < _NEAR else _share(share, _PLACES)
    if slide.last > _ALL:
        return f"the upper {said.removeprefix('a ')} {way}"
    return f"the lower {said.removeprefix('a ')} {way}" if slide.first < 1.0 - _ALL else f"{said} of the values {way}"


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
