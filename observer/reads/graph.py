"""The graph as far as somebody wants to see it: a neighbourhood, a selection, or the whole with its groups closed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from observer.project import Project
from observer.quantities import count
from observer.reads.graph_model import MOST, MOST_EDGES, GraphEdge, GraphNode, GraphPage, NodeKind, Tally, View
from observer.reads.instants import timezone_of
from observer.reads.model import State
from observer.reads.overview import overview
from observer.reads.states import BROKEN, RANK, Standing
from orchestration.graph import Graph
from orchestration.model import AssetKey, OnHold

_CLOSED_FROM = 30
"""Assets from which on the groups of a whole project are closed: fewer are seen at a glance as they are."""

_CAUSES = 3
"""Root causes to which the way is shown, however far it is."""

Ends = tuple[AssetKey, AssetKey]


def graph_page(
    connection: Connection, project: Project, chosen: tuple[AssetKey, ...], view: View, now: datetime
) -> GraphPage:
    """The part of the graph that ``chosen`` are: eleven statements at most, whatever there is."""
    graph = project.graph
    whole = overview(connection, graph, now)
    states = {key: state for key, (state, _) in whole.states.items()}
    shut = _shut(graph, states, whole.waits.edges)
    single = chosen[0] if len(chosen) == 1 and view.select.strip() else None
    keys, steps = (chosen, None) if single is None else _around(graph, single, view.steps)
    if single is not None:
        keys = _with_causes(graph, keys, single, shut)
    roots = _roots(graph, keys, shut)
    closed = _closed(graph, keys, view, single)
    drawn = _Drawn(graph, {key: states[key] for key in keys}, shut, roots, _boxes(graph, keys, view, closed), single)
    edges = drawn.edges()
    too_many = len(drawn.boxes) > MOST or len(edges) > MOST_EDGES or (closed and len(drawn.boxes) == 1 < len(keys))
    return GraphPage(
        at=now, project=project.config.root.name, environment=project.config.name, timezone=timezone_of(graph),
        select=view.select.strip(), steps=steps, chosen=single, closed=closed, opened=view.opened, number=len(keys),
        all_assets=len(graph), counts=counted(states[key] for key in keys), groups=_groups(graph, keys, states),
        nodes=() if too_many else drawn.nodes(whole.standings(drawn.single)), edges=() if too_many else edges,
        too_many=too_many, roots=roots,
    )  # fmt: skip


def counted(states: Iterable[State]) -> tuple[tuple[State, int], ...]:
    """How many are in which state, worst first."""
    counts = Counter(states)
    return tuple((state, counts[state]) for state in sorted(counts, key=RANK.__getitem__))


def _around(graph: Graph, centre: AssetKey, steps: int | None) -> tuple[tuple[AssetKey, ...], int]:
    """The neighbourhood of an asset, and how many steps it reaches."""
    depth = 2 if steps is None else steps
    near = {centre} | graph.ancestors((centre,), depth) | graph.descendants((centre,), depth)
    if steps is None and len(near) > MOST:
        return _around(graph, centre, 1)
    return tuple(key for key in graph.order if key in near), depth


def _with_causes(
    graph: Graph, keys: Sequence[AssetKey], centre: AssetKey, waits: Collection[Ends]
) -> tuple[AssetKey, ...]:
    """``keys`` and the shortest ways from the nearest of what the asset waits for in the end."""
    above: dict[AssetKey, list[AssetKey]] = {}
    for up, down in waits:
        above.setdefault(down, []).append(up)
    leads: dict[AssetKey, AssetKey] = {centre: centre}  # to the next step towards the asset
    order = [centre]
    for key in order:  # which grows, the nearest first
        for up in sorted(above.get(key, ())):
            if up not in leads:
                leads[up] = key
                order.append(up)
    here = set(keys)
    for root in [key for key in order if key != centre and key not in above][:_CAUSES]:
        while root != centre:
            here.add(root)
            root = leads[root]
    return tuple(key for key in graph.order if key in here)


def _behind(start: Collection[AssetKey], waits: Collection[Ends]) -> set[AssetKey]:
    """``start`` and everything that it waits for."""
    above: dict[AssetKey, list[AssetKey]] = {}
    for up, down in waits:
        above.setdefault(down, []).append(up)
    seen, frontier = set(start), list(start)
    while frontier:
        for up in above.get(frontier.pop(), ()):
            if up not in seen:
                seen.add(up)
                frontier.append(up)
    return seen


def _shut(graph: Graph, states: Mapping[AssetKey, State], waits: Mapping[Ends, Collection[object]]) -> dict[Ends, int]:
    """The edges at which something waits, and how many partitions do: for a held one, or after a failure."""
    shut = {ends: len(keys) for ends, keys in waits.items()}
    for key, state in states.items():
        for edge in graph.upstream(key) if state is State.BLOCKED else ():
            if states[edge.upstream] in BROKEN and edge.on_hold is OnHold.WAIT:
                shut.setdefault(edge.ends, 0)
    return shut


def _roots(graph: Graph, found: Collection[AssetKey], waits: Collection[Ends]) -> tuple[AssetKey, ...]:
    """What is waited for by anything that was found, and waits for nothing itself."""
    behind = _behind(found, waits)
    tied = [(up, down) for up, down in waits if up in behind and down in behind]
    causes = {up for up, _ in tied} - {down for _, down in tied}
    return tuple(key for key in graph.order if key in causes)


def _closed(graph: Graph, keys: Sequence[AssetKey], view: View, single: AssetKey | None) -> bool:
    if view.closed is not None:
        return view.closed
    if view.opened:
        return True
    return len(keys) > (MOST if view.select.strip() or single is not None else _CLOSED_FROM)


def _boxes(graph: Graph, keys: Sequence[AssetKey], view: View, closed: bool) -> dict[str, list[AssetKey]]:
    """The assets by the id of the box that they are in; a group of one is that one."""
    groups = {key: graph.asset(key).group for key in keys}
    sizes = Counter(groups.values())
    boxes: dict[str, list[AssetKey]] = {}
    for key in keys:
        group = groups[key]
        alone = not closed or group is None or group in view.opened or sizes[group] == 1
        boxes.setdefault(f"asset:{key}" if alone else f"group:{group}", []).append(key)
    return boxes


def _groups(graph: Graph, keys: Sequence[AssetKey], states: Mapping[AssetKey, State]) -> tuple[Tally, ...]:
    found: dict[str | None, list[State]] = {}
    for key in keys:
        found.setdefault(graph.asset(key).group, []).append(states[key])
    named = [(group, here) for group, here in found.items() if group is not None]
    none = [(None, found[None])] if None in found else []
    return tuple(Tally(name=group, number=len(here), counts=counted(here)) for group, here in (*named, *none))


class _Drawn:
    """Boxes and the edges between them."""

    def __init__(
        self,
        graph: Graph,
        states: Mapping[AssetKey, State],
        shut: Mapping[Ends, int],
        roots: Collection[AssetKey],
        boxes: Mapping[str, Sequence[AssetKey]],
        chosen: AssetKey | None,
    ) -> None:
        self._graph, self._states, self._shut, self._chosen = graph, states, shut, chosen
        self._box = {key: box for box, keys in boxes.items() for key in keys}
        self._roots = set(roots)
        behind = _behind({chosen}, shut) if chosen is not None else set()
        self._path = behind if len(behind) > 1 else set(states)
        self.boxes = boxes
        self.single = tuple(keys[0] for box, keys in boxes.items() if not _is_group(box))

    def nodes(self, standings: Mapping[AssetKey, Standing]) -> tuple[GraphNode, ...]:
        """The boxes, upstream first; ``standings`` are those of the assets that have their own."""
        return tuple(self._node(box, keys, standings) for box, keys in self.boxes.items())

    def _node(self, box: str, keys: Sequence[AssetKey], standings: Mapping[AssetKey, Standing]) -> GraphNode:
        group, counts = self._graph.asset(keys[0]).group, counted(self._states[key] for key in keys)
        said = ", ".join(f"{number} {state}" for state, number in counts)
        is_group = _is_group(box)
        readers = None if is_group else standings[keys[0]].readers
        return GraphNode(
            id=box, kind=NodeKind.GROUP if is_group else NodeKind.ASSET, name=(group or "") if is_group else keys[0],
            group=group, state=counts[0][0],
            text=f"{count(len(keys), 'asset')}: {said}" if is_group else standings[keys[0]].text, number=len(keys),
            counts=counts, chosen=self._chosen in keys, root=not self._roots.isdisjoint(keys),
            above=len({e.upstream for key in keys for e in self._graph.upstream(key)} - set(self._box)),
            below=len({down for key in keys for down in self._graph.downstream(key)} - set(self._box)),
            at=None if readers is None else readers.materialized_at,
        )  # fmt: skip

    def edges(self) -> tuple[GraphEdge, ...]:
        """The edges between boxes; those within one are not seen."""
        bundles: dict[tuple[str, str], dict[Ends, None]] = {}
        for key in self._states:
            for edge in self._graph.upstream(key):
                up, down = self._box.get(edge.upstream), self._box[key]
                if up is not None and up != down:
                    bundles.setdefault((up, down), {})[edge.ends] = None
        return tuple(self._edge(up, down, tuple(ends)) for (up, down), ends in bundles.items())

    def _edge(self, up: str, down: str, ends: Sequence[Ends]) -> GraphEdge:
        shut = [each for each in ends if each in self._shut]
        return GraphEdge(
            upstream=up, downstream=down, number=len(ends), shut=len(shut),
            waiting=sum(self._shut[each] for each in shut),
            on_path=any(each[0] in self._path and each[1] in self._path for each in shut),
        )  # fmt: skip


def _is_group(box: str) -> bool:
    return box.startswith("group:")
