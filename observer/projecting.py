"""Bringing ``asset_status`` up to the end of the log: what a page would have to work out, before it is asked.

Nothing is written where a run writes: an event says that an asset is not what its row says, and readers heed it. So a
row that is behind costs a reader time, and a run pays nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from sqlalchemy import Connection, Engine

from observer.reads import ledger
from observer.reads.facts import Facts, facts_of
from observer.reads.overview import lagging, touched_since
from observer.reads.packed import definitions_of, pack
from observer.reads.states import turns
from observer.store import statuses
from observer.store.statuses import Progress, StatusRow
from orchestration.assets import Asset
from orchestration.cursor import FULL, Cursor
from orchestration.database import reading, writing
from orchestration.graph import Graph
from orchestration.model import AssetKey

_AT_ONCE = 1000  # assets whose log is read together: a database reads all verdicts for some as for many

Made = tuple[StatusRow, str]


class Projection:
    """Follows the log and writes what has changed; one thread calls it, any number of processes have one.

    Parameters
    ----------
    engine: of the state database.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._cursor = Cursor()

    def bring_up(self, graph: Graph, now: datetime) -> int:
        """Work out the rows that are behind, and write them; how many there were.

        None are written where another process has written meanwhile: the next call looks again.
        """
        with reading(self._engine) as connection:
            seen = statuses.progress(connection)
            settled = self._settled(connection, seen)
            kept, touched = statuses.rows_of(connection, seen), touched_since(connection, seen)
            behind = lagging(graph, kept, touched)
            made = list(worked_out(connection, graph, set(behind), now))
            # Another process may have these in its project, or this one again: their rows would seem to be up to date.
            others = [key for key in kept if key not in graph and (touched is None or key in touched)]
        if not made and not others and settled == seen.at:
            return 0
        with writing(self._engine) as connection:
            return len(made) if statuses.save(connection, made, seen, settled, gone=others) else 0

    def _settled(self, connection: Connection, seen: Progress) -> int:
        """The event up to which the log is complete in the connection's view; where no more is known, as before."""
        if (self._cursor.at or 0) > seen.newest:  # a copy was put back, whose log is shorter
            self._cursor = Cursor()
        while len(self._cursor.advance(connection)) == FULL:
            pass
        return max(seen.at, self._cursor.at or 0)


def worked_out(connection: Connection, graph: Graph, keys: Collection[AssetKey], now: datetime) -> Iterator[Made]:
    """The rows of some assets, from the log alone."""
    definitions, order = definitions_of(graph), [key for key in graph.order if key in keys]
    for start in range(0, len(order), _AT_ONCE):
        some = order[start : start + _AT_ONCE]
        read = ledger.load(connection, some, now)
        for key in some:
            yield _row(graph.asset(key), definitions[key], facts_of(graph.asset(key), read))


def _row(asset: Asset, definition: str, facts: Facts) -> Made:
    found = turns(asset, facts)
    row = StatusRow(
        asset=asset.key, definition=definition, state=found.state.value, since=found.since, fails_at=found.fails_at,
        warns_at=found.warns_at, late_at=found.late_at,
    )  # fmt: skip
    return row, pack(facts)


def rebuild(engine: Engine, graph: Graph, now: datetime) -> int:
    """Work every row out anew; how many there are."""
    with writing(engine) as connection:
        statuses.forget(connection)
    return Projection(engine).bring_up(graph, now)


def differing(connection: Connection, graph: Graph, keys: Collection[AssetKey], now: datetime) -> list[AssetKey]:
    """Those of some assets whose row isn't behind and yet isn't what the log says."""
    kept = statuses.rows(connection)
    behind = lagging(graph, kept, touched_since(connection, statuses.progress(connection)))
    current = set(keys) - set(behind)
    packed = statuses.facts(connection, current)
    return [
        row.asset
        for row, facts in worked_out(connection, graph, current, now)
        if (kept[row.asset], packed[row.asset]) != (row, facts)
    ]
