"""Whether a queued run has room in the pools and tags that the environment limits, beside those that run. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from orchestration.agenda import names_of
from orchestration.graph import Graph
from orchestration.run_request import RunRequest


def room_beside(running: Iterable[RunRequest], graph: Graph, pools: Mapping[str, int]) -> Callable[[RunRequest], bool]:
    """Says of a request whether it can run beside ``running`` without more at once than ``pools`` allow.

    A run keeps to the limits by itself, so one always has room where none other counts in the same pool.
    """
    busy: Counter[str] = Counter()
    for one in running if pools else ():
        busy.update(_places(one, graph, pools))

    def has_room(request: RunRequest) -> bool:
        wanted = _places(request, graph, pools)
        return all(not busy[name] or busy[name] + n <= pools[name] for name, n in wanted.items())

    return has_room


def _places(request: RunRequest, graph: Graph, pools: Mapping[str, int]) -> Mapping[str, int]:
    """How many places a run may take in each limited pool at once: one for each step that it may have to make."""
    if not pools:
        return {}
    known = {key for key in request.assets if key in graph}
    made = known | (graph.ancestors(known) if request.upstream else set())
    found: Counter[str] = Counter()
    for key in made:
        found.update(name for name in names_of(graph.asset(key)) if name in pools)
    several = (
        request.partitions is None or len(request.partitions) > 1 or any(".." in one for one in request.partitions)
    )
    return {name: pools[name] if several else min(n, pools[name]) for name, n in found.items()}
