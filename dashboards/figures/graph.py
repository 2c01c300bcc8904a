"""The graph as shapes of an inline SVG: boxes that are links, and edges, cut where something waits. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from dashboards.figures.layered import BOX_HEIGHT, BOX_WIDTH, Layout, Point, layered
from dashboards.figures.text import fitted
from dashboards.prose import in_utc
from dashboards.theme import look
from observer.quantities import count
from observer.reads.graph_model import GraphEdge, GraphNode, GraphPage, NodeKind

_MARGIN: Final = 6
_NAME: Final = 20  # columns of the fixed font that fit into a box
_DETAIL: Final = 27


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A node: where it stands, and what of its words fits into it."""

    node: GraphNode
    x: float
    y: float
    name: str
    detail: str  # after the word of its state
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An edge: its path up to the gate bar and from there on; without one all of it is ``before``."""

    edge: GraphEdge
    before: str
    after: str
    bar: Point | None
    number: str  # beside the bar; "" where it is one
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """All shapes, in the pixels of the picture's own size."""

    width: int
    height: int
    box_width: int
    box_height: int
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]  # what is shut last: it lies on top


def drawing(page: GraphPage) -> Drawing | None:
    """The picture of ``page``; None where nothing is to be drawn."""
    if not page.nodes:
        return None
    at = {node.id: number for number, node in enumerate(page.nodes)}
    placed = layered(len(page.nodes), tuple((at[edge.upstream], at[edge.downstream]) for edge in page.edges))
    nodes = {node.id: node for node in page.nodes}
    lines = [_line(edge, points, nodes) for edge, points in zip(page.edges, placed.lines, strict=True)]
    return Drawing(
        width=round(placed.width) + 2 * _MARGIN, height=round(placed.height) + 2 * _MARGIN,
        box_width=BOX_WIDTH, box_height=BOX_HEIGHT, boxes=tuple(_boxes(page.nodes, placed)),
        lines=tuple(sorted(lines, key=lambda line: (line.bar is not None, line.edge.on_path))),
    )  # fmt: skip


def _boxes(nodes: Sequence[GraphNode], placed: Layout) -> list[Box]:
    return [
        Box(
            node=node, x=x + _MARGIN, y=y + _MARGIN, name=fitted(node.name, _NAME), detail=_detail(node),
            title=f"{node.name}: {look(node.state).word}. {in_utc(node.text)}",
        )
        for node, (x, y) in zip(nodes, placed.corners, strict=True)
    ]  # fmt: skip


def _detail(node: GraphNode) -> str:
    """What stands after the word of the state, as far as there is room for it."""
    room = _DETAIL - len(look(node.state).word)
    if node.kind is NodeKind.GROUP:
        worst = node.counts[0][1] if node.counts else 0
        many = f"all {node.number} assets" if worst == node.number else f"{worst} of {node.number} assets"
        return fitted(many, room)
    if node.root:
        return fitted("root cause", room)
    return fitted(node.group or "", room)


def _line(edge: GraphEdge, points: Sequence[Point], nodes: Mapping[str, GraphNode]) -> Line:
    moved = [(x + _MARGIN, y + _MARGIN) for x, y in points]
    up, down = nodes[edge.upstream], nodes[edge.downstream]
    if not edge.shut:
        many = f" ({count(edge.number, 'edge')})" if edge.number > 1 else ""
        title = f"{down.name} reads {up.name}{many}"
        return Line(edge=edge, before=_path(moved), after="", bar=None, number="", title=title)
    first, rest = _halved(moved[0], moved[1])
    bar = ((moved[0][0] + moved[1][0]) / 2, (moved[0][1] + moved[1][1]) / 2)
    number = edge.shut if edge.number > 1 else edge.waiting
    return Line(
        edge=edge, before=first, after=rest + _on(moved, 1), bar=bar,
        number=f"{number:,}" if number > 1 else "", title=_waits(edge, up, down),
    )  # fmt: skip


def _waits(edge: GraphEdge, up: GraphNode, down: GraphNode) -> str:
    if edge.number > 1:
        return f"{down.name} waits for {up.name} at {edge.shut} of {count(edge.number, 'edge')}"
    what = f": {count(edge.waiting, 'partition')}" if edge.waiting > 1 else ""
    return f"{down.name} waits for {up.name}{what}"


def _path(points: Sequence[Point]) -> str:
    return _move(points[0]) + _on(points, 0)


def _on(points: Sequence[Point], first: int) -> str:
    """On from a point: a curve from a box or lane to the next, straight along a lane."""
    parts = []
    for n, (here, there) in enumerate(pairwise(points[first:]), first):
        parts.append(f"L{there[0]:g} {there[1]:g}" if here[1] == there[1] or n % 2 else _curve(here, there))
    return "".join(parts)


def _move(point: Point) -> str:
    return f"M{point[0]:g} {point[1]:g}"


def _curve(here: Point, there: Point) -> str:
    half = (here[0] + there[0]) / 2
    return f"C{half:g} {here[1]:g} {half:g} {there[1]:g} {there[0]:g} {there[1]:g}"


def _halved(here: Point, there: Point) -> tuple[str, str]:
    """The two halves of the curve between two points (de Casteljau, 1959)."""
    x, y = (here[0] + there[0]) / 2, (here[1] + there[1]) / 2
    near, far = (here[0] + x) / 2, (there[0] + x) / 2
    above, below = (here[1] + y) / 2, (there[1] + y) / 2
    first = f"{_move(here)}C{near:g} {here[1]:g} {x:g} {above:g} {x:g} {y:g}"
    return first, f"{_move((x, y))}C{x:g} {below:g} {far:g} {there[1]:g} {there[0]:g} {there[1]:g}"
