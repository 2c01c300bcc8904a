"""Where the boxes of a graph stand: in layers from left to right, with few crossings and no overlap. Pure.

Sugiyama, Tagawa and Toda (1981): cycles are turned, layers counted by the longest path, each edge that passes a layer
gets a place in it, the places of a layer are put in the order of what they are tied to, and then moved towards it.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

BOX_WIDTH: Final = 212
BOX_HEIGHT: Final = 54
_ACROSS: Final = 76  # between layers: room for a gate bar
_DOWN: Final = 18  # between boxes
_LANE: Final = 8  # of an edge that passes a layer
_SWEEPS: Final = 6
_MOST_LANES: Final = 2_000
"""Beyond it edges go straight: where so many pass, no order of them can be told by eye."""

Point = tuple[float, float]
Edge = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Layout:
    """``corners`` are the upper left ones, by node; ``lines`` the points that each edge passes, downstream last."""

    width: float
    height: float
    corners: tuple[Point, ...]
    lines: tuple[tuple[Point, ...], ...]


@lru_cache(maxsize=64)
def layered(number: int, edges: tuple[Edge, ...]) -> Layout:
    """Place ``number`` nodes; ``edges`` are pairs of their numbers, upstream first, none twice and none to itself.

    The same graph gets the same places.
    """
    tied = {end for edge in edges for end in edge}
    forward = _acyclic(number, edges)
    layers = _layers(number, forward)
    net = _Net(layers, forward, sorted(tied))
    net.arrange()
    net.settle()
    corners: list[Point] = [(0.0, 0.0)] * number
    for node in tied:
        corners[node] = (layers[node] * (BOX_WIDTH + _ACROSS), net.y[node] - BOX_HEIGHT / 2)
    right = max((x for x, _ in corners), default=0.0)
    bottom = net.bottom()
    alone = [node for node in range(number) if node not in tied]
    for node, corner in zip(alone, _grid(len(alone), right, bottom), strict=True):
        corners[node] = corner
    lines = tuple(
        tuple(line if one == turned else reversed(line))
        for one, turned, line in zip(edges, forward, net.lines(corners), strict=True)
    )
    width = max((x + BOX_WIDTH for x, _ in corners), default=0.0)
    height = max([bottom, *(corners[node][1] + BOX_HEIGHT for node in alone)])
    return Layout(width, height, tuple(corners), lines)


def _grid(number: int, right: float, bottom: float) -> Iterable[Point]:
    """Places below everything for what is tied to nothing."""
    across = max(round(right / (BOX_WIDTH + _ACROSS)) + 1, min(4, number))
    top = bottom + 2 * _DOWN if bottom else 0.0
    for place in range(number):
        row, column = divmod(place, across)
        yield column * (BOX_WIDTH + _ACROSS), top + row * (BOX_HEIGHT + _DOWN)


def _acyclic(number: int, edges: Sequence[Edge]) -> tuple[Edge, ...]:
    """The edges, those turned that lead back to where a walk in depth came from."""
    below: list[list[int]] = [[] for _ in range(number)]
    for up, down in edges:
        below[up].append(down)
    white, grey, black = 0, 1, 2
    colour = [white] * number
    back = set[Edge]()
    for start in range(number):
        walk = [(start, iter(below[start]))] if colour[start] == white else []
        colour[start] = max(colour[start], grey) if walk else colour[start]
        while walk:
            node, left = walk[-1]
            following = next(left, None)
            if following is None:
                colour[node] = black
                walk.pop()
            elif colour[following] == grey:
                back.add((node, following))
            elif colour[following] == white:
                colour[following] = grey
                walk.append((following, iter(below[following])))
    return tuple((down, up) if (up, down) in back else (up, down) for up, down in edges)


def _layers(number: int, edges: Sequence[Edge]) -> list[int]:
    """The longest way to each node; what nothing leads to stands right before what it leads to."""
    below: list[list[int]] = [[] for _ in range(number)]
    missing = [0] * number
    for up, down in edges:
        below[up].append(down)
        missing[down] += 1
    first = [node for node in range(number) if not missing[node]]
    layer, order = [0] * number, list(first)
    for node in order:  # which grows
        for down in below[node]:
            layer[down] = max(layer[down], layer[node] + 1)
            missing[down] -= 1
            if not missing[down]:
                order.append(down)
    for node in first:
        layer[node] = min((layer[down] for down in below[node]), default=1) - 1
    return layer


class _Net:
    """The nodes and, where an edge passes a layer, its lane in it; each has a place in its layer, and then a height."""

    def __init__(self, layers: Sequence[int], edges: Sequence[Edge], nodes: Sequence[int]) -> None:
        self._layers = list(layers)
        self._boxes = len(layers)
        self._chains: list[list[int]] = []
        straight = sum(max(0, layers[down] - layers[up] - 1) for up, down in edges) > _MOST_LANES
        for up, down in edges:
            lanes = [] if straight else [self._lane(layer) for layer in range(layers[up] + 1, layers[down])]
            self._chains.append([up, *lanes, down])
        self._above: list[list[int]] = [[] for _ in self._layers]
        self._below: list[list[int]] = [[] for _ in self._layers]
        for chain in self._chains:
            for up, down in pairwise(chain):
                self._above[down].append(up)
                self._below[up].append(down)
        self._rows: list[list[int]] = [[] for _ in range(max(self._layers, default=0) + 1)]
        for place in (*nodes, *range(self._boxes, len(self._layers))):
            self._rows[self._layers[place]].append(place)
        self._at = [0] * len(self._layers)
        self.y = [0.0] * len(self._layers)
        self._number()

    def _lane(self, layer: int) -> int:
        self._layers.append(layer)
        return len(self._layers) - 1

    def _number(self) -> None:
        for row in self._rows:
            for at, place in enumerate(row):
                self._at[place] = at

    # ---- the order within layers

    def arrange(self) -> None:
        """Sort layer after layer by the mean place of what each is tied to, there and back; the best order stays."""
        best, fewest = [list(row) for row in self._rows], self._crossings()
        for sweep in range(_SWEEPS):
            if not fewest:
                break
            down = sweep % 2 == 0
            for row in self._rows[1:] if down else reversed(self._rows[:-1]):
                ties = self._above if down else self._below
                row.sort(key=lambda place: self._mean(ties[place], self._at[place]))
                for at, place in enumerate(row):
                    self._at[place] = at
            if (here := self._crossings()) < fewest:
                best, fewest = [list(row) for row in self._rows], here
        self._rows = best
        self._number()

    def _mean(self, tied: Sequence[int], otherwise: float) -> float:
        return sum(self._at[one] for one in tied) / len(tied) if tied else otherwise

    def _crossings(self) -> int:
        """Pairs of edges between neighbouring layers whose ends stand in another order on one side than the other."""
        crossed = 0
        for row in self._rows:
            ends = [end for place in row for end in sorted(self._at[down] for down in self._below[place])]
            seen: list[int] = []
            for end in ends:
                crossed += len(seen) - bisect_right(seen, end)
                insort(seen, end)
        return crossed

    # ---- the heights

    def settle(self) -> None:
        """Move each towards the mean height of what it is tied to, as far as its neighbours in the layer let it."""
        for row in self._rows:
            self._place(row, lambda place: 0.0)
        for sweep in range(2 * _SWEEPS):
            down = sweep % 2 == 0
            for row in self._rows if down else reversed(self._rows):
                self._place(row, self._pulled(self._above if down else self._below))
        for row in self._rows:
            self._place(row, self._pulled([[*up, *down] for up, down in zip(self._above, self._below, strict=True)]))
        top = min((self.y[place] - self._half(place) for row in self._rows for place in row), default=0.0)
        self.y = [float(round(y - top)) for y in self.y]

    def _pulled(self, ties: Sequence[Sequence[int]]) -> Callable[[int], float]:
        def wanted(place: int) -> float:
            tied = ties[place]
            return sum(self.y[one] for one in tied) / len(tied) if tied else self.y[place]

        return wanted

    def _place(self, row: Sequence[int], wanted: Callable[[int], float]) -> None:
        """The heights nearest to what is wanted (least squares) that keep order and distance (pool adjacent violators).

        Barlow, Bartholomew, Bremner and Brunk (1972).
        """
        offset, offsets = 0.0, []
        for n, place in enumerate(row):
            offset += self._half(place) + _DOWN + self._half(row[n - 1]) if n else 0.0
            offsets.append(offset)
        blocks: list[list[float]] = []  # sum, number
        for place, shift in zip(row, offsets, strict=True):
            blocks.append([wanted(place) - shift, 1.0])
            while len(blocks) > 1 and blocks[-2][0] * blocks[-1][1] >= blocks[-1][0] * blocks[-2][1]:
                total, number = blocks.pop()
                blocks[-1][0] += total
                blocks[-1][1] += number
        means = [total / number for total, number in blocks for _ in range(int(number))]
        for place, shift, mean in zip(row, offsets, means, strict=True):
            self.y[place] = mean + shift

    def _half(self, place: int) -> float:
        return (BOX_HEIGHT if place < self._boxes else _LANE) / 2

    def bottom(self) -> float:
        """Where the lowest box or lane ends."""
        return max((self.y[place] + self._half(place) for row in self._rows for place in row), default=0.0)

    def lines(self, corners: Sequence[Point]) -> Iterable[tuple[Point, ...]]:
        """The points that each edge passes, from the right side of a box to the left side of another."""
        for chain in self._chains:
            up, down = corners[chain[0]], corners[chain[-1]]
            points = [(up[0] + BOX_WIDTH, up[1] + BOX_HEIGHT / 2)]
            for lane in chain[1:-1]:
                x, y = self._layers[lane] * (BOX_WIDTH + _ACROSS), self.y[lane]
                points += [(float(x), y), (float(x + BOX_WIDTH), y)]
            yield (*points, (down[0], down[1] + BOX_HEIGHT / 2))
