"""Sketches of distinct values, one row a version: those of all its columns together, compressed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, delete, insert, select

from observer.store.tables import sketches
from orchestration.bulk import Bulk

_ADD = Bulk(insert(sketches))
_AT_ONCE = 500  # versions in a question; databases take so many values and no more


def save(connection: Connection, kept: Iterable[tuple[int, bytes | None]]) -> None:
    """Store those of some versions, by ``versions.seq``, in the caller's transaction."""
    rows = [{"version_seq": seq, "packed": packed} for seq, packed in kept if packed is not None]
    if rows:
        _ADD.run(connection, rows)


def load(connection: Connection, version_seqs: Iterable[int]) -> Mapping[int, bytes]:
    """Those of some versions, as far as there are any."""
    wanted = sorted(version_seqs)
    found: dict[int, bytes] = {}
    for begin in range(0, len(wanted), _AT_ONCE):
        some = wanted[begin : begin + _AT_ONCE]
        rows = connection.execute(select(sketches).where(sketches.c.version_seq.in_(some)))
        found.update((row.version_seq, row.packed) for row in rows)
    return found


def forget(connection: Connection, version_seqs: Iterable[int]) -> None:
    """Remove those of versions whose points are let go of."""
    connection.execute(delete(sketches).where(sketches.c.version_seq.in_(list(version_seqs))))
