"""How far errors have been from nothing: an exponentially weighted standard deviation."""

from __future__ import annotations

from math import sqrt


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
