"""Clues: what changed around incidents, written once each."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, insert, select

from observer.clues import Clue, ClueKind
from observer.store.incident_tables import incident_clues
from orchestration.model import AssetKey


def save(connection: Connection, incident_id: int, clues: Iterable[Clue]) -> None:
    """Keep the clues of an incident, in their order."""
    rows = [
        {
            "incident_id": incident_id, "number": number, "kind": one.kind.value, "asset": one.asset,
            "partition": one.partition or "", "at": one.at, "distance": one.distance, "sentence": one.sentence,
            "share": one.share,
        }
        for number, one in enumerate(clues)
    ]  # fmt: skip
    if rows:
        connection.execute(insert(incident_clues), rows)


def of_incident(connection: Connection, incident_id: int) -> tuple[Clue, ...]:
    """What was kept, in its order."""
    rows = connection.execute(
        select(incident_clues).where(incident_clues.c.incident_id == incident_id).order_by(incident_clues.c.number)
    )
    return tuple(
        Clue(
            kind=ClueKind(row.kind), asset=AssetKey(row.asset), partition=row.partition or None, at=row.at,
            distance=row.distance, sentence=row.sentence, share=row.share,
        )
        for row in rows
    )  # fmt: skip
