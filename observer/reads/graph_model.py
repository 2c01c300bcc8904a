"""What the page of the graph shows: boxes of assets and of closed groups, the edges between them, which are shut."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from observer.reads.model import State

MOST = 150
"""Boxes that are drawn: of more nobody sees anything, and a browser is slow."""

MOST_EDGES = 600
"""Edges that are drawn: of more none can be followed."""

ALL_STEPS = 1_000
"""Further than any graph is deep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What somebody wants to see of the graph.

    Parameters
    ----------
    select: as everywhere; ``""`` for everything.
    steps: how far around a single asset; None: two, or one where two are too many.
    opened: the groups that are open among closed ones.
    closed: whether groups are closed; None: where it takes that to be seen.
    """

    select: str = ""
    steps: int | None = None
    opened: tuple[str, ...] = ()
    closed: bool | None = None


class NodeKind(StrEnum):
    ASSET = "asset"
    GROUP = "group"  # closed: it stands for the assets in it


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphNode:
    """A box."""

    id: str  # "asset:flights", "group:raw"
    kind: NodeKind
    name: str
    group: str | None
    state: State  # of a group the worst
    text: str  # why it is in that state; of a group how many assets are in which
    number: int  # of assets in it
    counts: tuple[tuple[State, int], ...]  # those of a group, worst first
    chosen: bool  # the one that was asked for
    root: bool  # others wait for it, and it for none
    above: int  # assets that it reads and that aren't in view
    below: int  # those that read it
    at: datetime | None = None  # of an asset, when readers were given what they have


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphEdge:
    """``downstream`` reads ``upstream``, both ids of nodes."""

    upstream: str
    downstream: str
    number: int  # of edges between assets that it stands for
    shut: int  # those of them at which something waits
    waiting: int  # partitions that wait there; 0 where it isn't told by partition
    on_path: bool  # from the root cause to what was asked for, or to anything if nothing was


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The assets of a group, and in which state how many are."""

    name: str | None  # None: those in no group
    number: int
    counts: tuple[tuple[State, int], ...]  # worst first


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphPage:
    at: datetime
    project: str
    environment: str
    timezone: str
    select: str  # "": the whole project
    steps: int | None  # that are shown around a single asset; None: nobody asked for a single one
    chosen: str | None  # the single asset that was asked for
    closed: bool  # groups are drawn as one box each
    opened: tuple[str, ...]  # but these
    number: int  # of assets in view
    all_assets: int
    counts: tuple[tuple[State, int], ...]  # of those in view, worst first
    groups: tuple[Tally, ...]  # as declared, those in no group last
    nodes: tuple[GraphNode, ...]  # upstream first; none where they are too many to draw
    edges: tuple[GraphEdge, ...]
    too_many: bool
    roots: tuple[str, ...]  # assets that something in view waits for, in view or not
