"""How every asset is now, from the rows that are kept of them and from the log where they are behind."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine

from observer.reads import ledger
from observer.reads.facts import Facts, facts_of
from observer.reads.ledger import Gate
from observer.reads.model import State
from observer.reads.newest import LOOKED_UP
from observer.reads.packed import definitions_of, unpack
from observer.reads.states import Closed, Standing, Turns
from observer.reads.waiting import Waiting
from observer.store import statuses
from observer.store.statuses import Progress, StatusRow
from orchestration.graph import Graph
from orchestration.model import AssetKey


@dataclass(frozen=True, slots=True)
class _Settled:
    """What follows from the rows that are kept and the gates, whatever the time: worked out once for both.

    Parameters
    ----------
    seen: how far the rows were brought, and how often they were written.
    facts: of every asset that ``closed`` concerns.
    turns: of every asset of the graph, upstream first; of one that has no row as if it were never made.
    """

    graph: Graph
    seen: tuple[int, int]
    gates: tuple[Gate, ...]
    closed: Closed
    facts: Mapping[AssetKey, Facts]
    turns: Mapping[AssetKey, Turns]


class Overview:
    """Made by :func:`overview`, used while its connection's view lasts.

    Parameters
    ----------
    states: the state of each asset of the graph, and since when where it is broken or stale; upstream first.
    """

    def __init__(
        self, connection: Connection, graph: Graph, now: datetime, settled: _Settled, behind: Mapping[AssetKey, Facts]
    ) -> None:
        self._connection, self._graph, self._now, self._closed = connection, graph, now, settled.closed
        self._known: dict[AssetKey, Facts] = {**settled.facts, **behind}
        turned = {key: self._closed.turns(graph.asset(key), facts) for key, facts in behind.items()}
        self.states: dict[AssetKey, tuple[State, datetime | None]] = {
            key: each.at(now) for key, each in {**settled.turns, **turned}.items()
        }

    @property
    def waits(self) -> Waiting:
        """Who waits for what is held, and at which edges."""
        return self._closed.waits

    def standings(self, keys: Iterable[AssetKey]) -> dict[AssetKey, Standing]:
        """What is to be said of some assets; at most one statement."""
        wanted = tuple(keys)
        lacking = [key for key in wanted if key not in self._known]
        self._known.update(_kept(self._connection, lacking))
        return {key: self._closed.standing(self._graph.asset(key), self._known[key], self._now) for key in wanted}


def _turns(row: StatusRow | None) -> Turns:
    if row is None:
        return Turns(State.NEVER, None, None, None, None)
    return Turns(_STATES[row.state], row.since, row.fails_at, row.warns_at, row.late_at)


_STATES = {state.value: state for state in State}


def overview(connection: Connection, graph: Graph, now: datetime) -> Overview:
    """How every asset of a graph is: ten statements at most, and three where the rows are not behind."""
    reached = statuses.progress(connection)
    rows = statuses.rows_of(connection, reached)
    behind = set(lagging(graph, rows, touched_since(connection, reached)))
    if behind:
        read = ledger.load(connection, None if len(behind) > max(LOOKED_UP, len(graph) // 2) else behind, now)
        known = {key: facts_of(graph.asset(key), read) for key in graph.order if key in behind}
        gates = read.gates
    else:
        known, gates = {}, ledger.closed_gates(connection, now)
    settled = _settled(connection, graph, (reached.at, reached.revision), tuple(gates.values()), rows)
    return Overview(connection, graph, now, settled, known)


_latest: WeakKeyDictionary[Engine, _Settled] = WeakKeyDictionary()


def _settled(
    connection: Connection, graph: Graph, seen: tuple[int, int], gates: tuple[Gate, ...],
    rows: Mapping[AssetKey, StatusRow],
) -> _Settled:  # fmt: skip
    """Of those assets that have rows: whoever is behind has what is true of it worked out beside."""
    found = _latest.get(connection.engine)
    if found is None or found.graph is not graph or (found.seen, found.gates) != (seen, gates):
        closed = Closed(graph, gates)
        facts = _kept(connection, [key for key in closed.concerned if key in graph and key in rows])
        turned = {key: _turns(rows.get(key)) for key in graph.order}
        turned |= {key: closed.turns(graph.asset(key), each) for key, each in facts.items()}
        found = _latest[connection.engine] = _Settled(graph, seen, gates, closed, facts, turned)
    return found


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
    otherwise = _declared_otherwise(graph, rows)
    if not touched and not otherwise:
        return []
    return [key for key in graph.order if key in touched or key in otherwise]


_otherwise: WeakKeyDictionary[Graph, tuple[Mapping[AssetKey, StatusRow], frozenset[AssetKey]]] = WeakKeyDictionary()


def _declared_otherwise(graph: Graph, rows: Mapping[AssetKey, StatusRow]) -> frozenset[AssetKey]:
    """The assets without a row, or whose row is of another definition; worked out once for the same rows."""
    known, found = _otherwise.get(graph, (None, frozenset[AssetKey]()))
    if known is not rows:
        definitions = definitions_of(graph)
        found = frozenset(
            key for key in graph.order if (row := rows.get(key)) is None or row.definition != definitions[key]
        )
        _otherwise[graph] = rows, found
    return found


_unpacked: WeakKeyDictionary[Engine, dict[AssetKey, tuple[str, Facts]]] = WeakKeyDictionary()
_MOST = 2_000  # assets whose facts a process keeps unpacked


def _kept(connection: Connection, keys: Iterable[AssetKey]) -> dict[AssetKey, Facts]:
    """The facts of some assets by their rows; most of these say what they said when they were last read."""
    before = _unpacked.setdefault(connection.engine, {})
    found: dict[AssetKey, Facts] = {}
    for key, packed in statuses.facts(connection, tuple(keys)).items():
        known = before.get(key)
        if known is None or known[0] != packed:
            known = packed, unpack(key, packed)
            if key in before or len(before) < _MOST:
                before[key] = known
        found[key] = known[1]
    return found
