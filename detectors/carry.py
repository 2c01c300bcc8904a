"""What the last error says of the next: how much of it comes again, as far as errors have persisted."""

from __future__ import annotations

MEMORY = 0.99
"""Discount of what was seen of neighbouring errors: worth about a hundred of them."""

PRIOR = 20.0
"""Errors that the belief in independent ones is worth."""


class Carry:
    """The correlation of neighbouring errors, and the last of them.

    share = max(0, r) * n / (n + PRIOR), with the first-order autocorrelation r of n pairs (Cochrane and Orcutt 1949).
    Pairs with an unusual error say nothing of how usual ones persist.

    Examples
    --------
    >>> carry = Carry()
    >>> for error in [1.0] * 21:
    ...     carry.learn(error, 3.0)
    >>> 0.4 < carry.ahead() < 0.5  # twenty pairs, as many as the belief in none
    True
    """

    __slots__ = ("error", "product", "square", "usual", "weight")

    def __init__(self) -> None:
        self.error = 0.0
        """The last one, clipped."""
        self.usual = True
        """Whether it was not."""
        self.product = 0.0
        self.square = 0.0
        self.weight = 0.0

    def ahead(self) -> float:
        """Return how far off the forecast the next value is expected to be."""
        if self.square <= 0.0:
            return 0.0
        share = self.product / self.square * self.weight / (self.weight + PRIOR)
        return max(0.0, min(1.0, share)) * self.error

    def learn(self, error: float, limit: float) -> None:
        """Take in an error of the forecast itself, which is clipped at `limit`."""
        clipped = max(-limit, min(limit, error))
        usual = clipped == error
        if usual and self.usual:
            self.product = MEMORY * self.product + clipped * self.error
            self.square = MEMORY * self.square + self.error * self.error
            self.weight = MEMORY * self.weight + 1.0
        self.error, self.usual = clipped, usual

    def forget(self) -> None:
        """Carry nothing over: the level is new."""
        self.error = 0.0
