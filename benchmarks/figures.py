"""One measured figure: ours, the peer's, and whether the goal is met."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """``ratio`` and ``goal`` are in the sense in which more is better (peer / ours), or as ``unit`` says.

    ``peer`` is None where there is none, or where it could not be installed.
    """

    name: str
    ours: float
    peer: float | None
    unit: str
    ratio: float | None
    goal: str
    met: bool | None

    def line(self) -> str:
        """The figure as a line of a table."""
        peer = "-" if self.peer is None else f"{self.peer:.4g}"
        ratio = "-" if self.ratio is None else f"{self.ratio:.1f}x"
        met = {True: "met", False: "missed", None: "" if self.goal == "none" else "not compared"}[self.met]
        return f"{self.name:<64} {self.ours:>10.4g} {peer:>10} {self.unit:<10} {ratio:>8}  goal {self.goal:<10} {met}"


def times_less(name: str, ours: float, peer: float | None, unit: str, goal: float) -> Figure:
    """A cost that has to be ``goal`` times less than the peer's."""
    ratio = None if peer is None else peer / ours
    met = None if ratio is None else ratio >= goal
    return Figure(name=name, ours=ours, peer=peer, unit=unit, ratio=ratio, goal=f">= {goal:g}x", met=met)


def compared(name: str, ours: float, peer: float | None, unit: str) -> Figure:
    """A cost beside the peer's, without a goal."""
    ratio = None if peer is None else peer / ours
    return Figure(name=name, ours=ours, peer=peer, unit=unit, ratio=ratio, goal="none", met=None)


def at_most(name: str, ours: float, unit: str, goal: float) -> Figure:
    """A cost with a ceiling of its own."""
    return Figure(name=name, ours=ours, peer=None, unit=unit, ratio=None, goal=f"<= {goal:g}", met=ours <= goal)


def at_least(name: str, ours: float, unit: str, goal: float, peer: float | None = None) -> Figure:
    """A quality that has to reach a floor."""
    return Figure(name=name, ours=ours, peer=peer, unit=unit, ratio=None, goal=f">= {goal:g}", met=ours >= goal)
