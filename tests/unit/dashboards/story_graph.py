"""The story's graph: seven assets, the blizzard held in the middle, two that wait for it."""

from __future__ import annotations

from observer.reads.graph_model import GraphEdge, GraphNode, GraphPage, NodeKind, Tally, View
from observer.reads.model import State
from tests.unit.dashboards import story

_ASSETS = (
    ("flights_raw", "raw", State.HEALTHY), ("weather_raw", "raw", State.HEALTHY), ("planes", "raw", State.HEALTHY),
    ("flights", "core", State.HELD), ("daily_delays", "reports", State.BLOCKED),
    ("delay_model", "reports", State.HEALTHY), ("delay_report", "reports", State.BLOCKED),
)  # fmt: skip
_READS = (
    ("flights_raw", "flights"), ("weather_raw", "flights"), ("planes", "flights"), ("flights", "daily_delays"),
    ("flights", "delay_model"), ("flights", "delay_report"), ("daily_delays", "delay_report"),
)  # fmt: skip
_SHUT = (("flights", "daily_delays"), ("flights", "delay_report"), ("daily_delays", "delay_report"))


def graph_page(view: View, flights: str = "flights") -> GraphPage:
    """The whole of it, whatever part is asked for; ``flights`` is what that asset is called."""
    named = {"flights": flights}
    counts = ((State.HELD, 1), (State.BLOCKED, 2), (State.HEALTHY, 4))
    return GraphPage(
        at=story.NOW, project="flights", environment="local", timezone=story.ZONE, select=view.select, steps=None,
        chosen=None, closed=False, opened=(), number=7, all_assets=7, counts=counts,
        groups=(Tally(name="raw", number=3, counts=((State.HEALTHY, 3),)),),
        nodes=tuple(
            GraphNode(
                id=f"asset:{named.get(name, name)}", kind=NodeKind.ASSET, name=named.get(name, name), group=group,
                state=state, text=f"2013-02-08 is {state}", number=1, counts=((state, 1),), chosen=False,
                root=name == "flights", above=0, below=0,
            )
            for name, group, state in _ASSETS
        ),
        edges=tuple(
            GraphEdge(
                upstream=f"asset:{named.get(up, up)}", downstream=f"asset:{named.get(down, down)}", number=1,
                shut=int((up, down) in _SHUT), waiting=int((up, down) in _SHUT), on_path=(up, down) in _SHUT,
            )
            for up, down in _READS
        ),
        too_many=False, roots=(flights,),
    )  # fmt: skip
