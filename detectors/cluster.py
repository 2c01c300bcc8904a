"""Trouble comes in clusters: what follows a surprise is likelier to be one, and so says less."""

from __future__ import annotations

AFTER = 4.0
"""How many times as likely as else a surprise is right after another: of real series seven, part of which a wider
scale explains."""

FADE = 0.3
"""What is left of that with each point."""


class Cluster:
    """How lately a series has surprised.

    Examples
    --------
    >>> cluster = Cluster()
    >>> for surprising in (True, False):
    ...     cluster.learn(surprising)
    ...     print(round(cluster.factor(), 1))
    4.0
    1.9
    """

    __slots__ = ("heat",)

    def __init__(self) -> None:
        self.heat = 0.0
        """1 right after a surprise, towards 0 since."""

    def factor(self) -> float:
        """Return how many times as likely as else a surprise is now."""
        return 1.0 + (AFTER - 1.0) * self.heat

    def learn(self, surprising: bool) -> None:
        """Take in whether a point lay beyond the body of its distribution."""
        self.heat = 1.0 if surprising else FADE * self.heat
