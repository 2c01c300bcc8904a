"""How every asset is now, from the rows that are kept of them and from the log where they are behind."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection

from observer.reads import ledger
from observer.reads.facts import Facts, facts_of
from observer.reads.model import State
from observer.reads.packed import definitions_of, unpack
from observer.reads.states import Closed, Standing, Turns
from observer.reads.waiting import Waiting
from observer.store import statuses
from observer.store.statuses import Progress, StatusRow
from orchestration.graph import Graph
from orchestration.model import AssetKey


class Overview:
    """Made by :func:`overview`, used while its connection's view lasts.

    Parameters
    ----------
    states: the state of each asset of the graph, and since when where it is broken or stale; upstream first.
    """

    def __init__(
        self, connection: Connection, graph: Graph, now: datetime, closed: Closed,
        rows: Mapping[AssetKey, StatusRow], known: dict[AssetKey, Facts],
    ) -> None:  # fmt: skip
        self._connection, self._graph, self._now, self._closed, self._known = connection, graph, now, closed, known
        self.states: dict[AssetKey, tuple[State, datetime | None]] = {
            key: self._turns(key, rows).at(now) for key in graph.order
        }

    @property
    def waits(self) -> Waiting:
        """Who waits for what is held, and at which edges."""
        return self._closed.waits

    def _turns(self, key: AssetKey, rows: Mapping[AssetKey, StatusRow]) -> Turns:
        if key in self._known:
            return self._closed.turns(self._graph.asset(key), self._known[key])
        row = rows[key]
        return Turns(State(row.state), row.since, row.fails_at, row.warns_at, row.late_at)

    def standings(self, keys: Iterable[AssetKey]) -> dict[AssetKey, Standing]:
        """What is to be said of some assets; at most one statement."""
        wanted = tuple(keys)
        lacking = [key for key in wanted if key not in self._known]
        self._known.update(_kept(self._connection, lacking))
        return {key: self._closed.standing(self._graph.asset(key), self._known[key], self._now) for key in wanted}


def overview(connection: Connection, graph: Graph, now: datetime) -> Overview:
    """How every asset of a graph is: ten statements at most, and three where the rows are not behind."""
    reached = statuses.progress(connection)
    rows = statuses.rows_of(connection, reached)
    behind = set(lagging(graph, rows, touched_since(connection, reached)))
    if behind:
        read = ledger.load(connection, None if 2 * len(behind) > len(graph) else behind, now)
        known = {key: facts_of(graph.asset(key), read) for key in graph.order if key in behind}
        closed = Closed(graph, read.gates.values())
    else:
        known, closed = {}, Closed(graph, ledger.closed_gates(connection, now).values())
    known |= _kept(connection, [key for key in closed.concerned if key in graph and key not in behind])
    return Overview(connection, graph, now, closed, rows, known)


_FAR = 20_000  # events: as far behind, each asset is as likely touched as not


def touched_since(connection: Connection, reached: Progress) -> set[AssetKey] | None:
    """The assets that something has happened to since; None: so much has that it may be any of them."""
    if reached.newest - reached.at > _FAR:
        return None
    return statuses.touched(connection, reached.at)


def lagging(graph: Graph, rows: Mapping[AssetKey, StatusRow], touched: Collection[AssetKey] | None) -> list[AssetKey]:
    """The assets of which ``rows`` don't say what is true at the end of the log; upstream first."""
    if touched is None:
        return list(graph.order)
    definitions = definitions_of(graph)
    return [
        key
        for key in graph.order
        if key in touched or (row := rows.get(key)) is None or row.definition != definitions[key]
    ]


def _kept(connection: Connection, keys: Iterable[AssetKey]) -> dict[AssetKey, Facts]:
    found = statuses.facts(connection, tuple(keys))
    return {key: unpack(key, packed) for key, packed in found.items()}
