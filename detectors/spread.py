"""How far errors have been from nothing: an exponentially weighted standard deviation, and which slots differ."""

from __future__ import annotations

from math import sqrt

SLOT_MEMORY = 0.95
"""Discount of a slot's past at each visit: twenty visits of a weekday are five months."""

SLOT_PRIOR = 30.0
"""Visits that the belief in equal noise is worth: a Sunday is believed to be noisier only once many were."""


class Spread:
    """Exponentially weighted standard deviation around zero, and what it is worth in points.

    Parameters
    ----------
    memory: discount of the past at each value, 0..1.
    """

    __slots__ = ("memory", "square", "weight", "weight_square")

    def __init__(self, memory: float) -> None:
        self.memory = memory
        self.square = 0.0
        self.weight = 0.0
        self.weight_square = 0.0

    def learn(self, error: float) -> None:
        """Take in one value."""
        self.square = self.memory * self.square + error * error
        self.weight = self.memory * self.weight + 1.0
        self.weight_square = self.memory**2 * self.weight_square + 1.0

    def deviation(self) -> float:
        """Return the standard deviation; 0 with no value at all."""
        return sqrt(self.square / self.weight) if self.weight else 0.0

    def worth(self) -> float:
        """Return how many equally weighted values it is worth (Kish 1965); 2 with none."""
        return self.weight**2 / self.weight_square if self.weight else 2.0


class SlotSpread:
    """By how much errors in each slot of a season are wider or narrower than usual, shrunk towards not at all.

    factor = sqrt((SLOT_PRIOR + sum of squares) / (SLOT_PRIOR + visits)), of errors in usual standard deviations.

    Parameters
    ----------
    slots: length of the season in slots; one slot never differs.
    """

    __slots__ = ("squares", "visits")

    def __init__(self, slots: int) -> None:
        self.squares = [0.0] * slots
        self.visits = [0.0] * slots

    def factor(self, slot: int) -> float:
        """Return what the usual spread is multiplied with in `slot`."""
        return sqrt((SLOT_PRIOR + self.squares[slot]) / (SLOT_PRIOR + self.visits[slot]))

    def learn(self, error: float, slot: int) -> None:
        """Take in an error in usual standard deviations, clipped, that was made in `slot`."""
        if len(self.visits) > 1:
            self.squares[slot] = SLOT_MEMORY * self.squares[slot] + error * error
            self.visits[slot] = SLOT_MEMORY * self.visits[slot] + 1.0
