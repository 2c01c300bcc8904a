"""Everything that was measured of some versions: each as one batch of numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, select

from observer.history import SeriesKey
from observer.store.tables import observations

Batch = Mapping[SeriesKey, float]
"""What was measured of a version and has a value."""


def load(
    connection: Connection, known: Mapping[SeriesKey, int], version_seqs: Collection[int], since: datetime
) -> Mapping[int, Batch]:
    """The numbers of some versions, in the series ``known``, by ``versions.seq``; one statement.

    ``since``: none of the points is older, in the time that orders them.
    """
    names = {number: key for key, number in known.items()}
    wanted = frozenset(version_seqs)
    found: dict[int, dict[SeriesKey, float]] = {seq: {} for seq in wanted}
    o = observations.c
    rows = connection.execute(
        select(o.series_id, o.version_seq, o.value).where(
            o.series_id.in_(sorted(names)), o.ordered_at >= since, o.value.is_not(None)
        )
    )
    for number, seq, value in rows:
        if seq in wanted:
            found[seq][names[number]] = value
    return found
