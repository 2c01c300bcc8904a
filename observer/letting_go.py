"""Letting go of whatever an environment's retention doesn't keep, now and for all assets."""

from __future__ import annotations

from dataclasses import dataclass

from observer.forgetting import Forgotten, forget
from observer.project import Project
from observer.rollups import sum_up
from observer.store import access
from observer.versions import remove_old
from orchestration.database import writing
from orchestration.prune import Pruned


@dataclass(frozen=True, slots=True, kw_only=True)
class LetGo:
    """What went: data of earlier versions, points of the history, old records, sessions that were over."""

    versions: tuple[Pruned, ...]
    points: int
    records: Forgotten
    sessions: int


def let_go(work: Project) -> LetGo:
    """Remove the data of versions that ``retention`` lets go of, then what ``history`` and ``records`` do.

    What goes of itself after each run, or once a day while the service runs, goes here whenever that was last done.
    Raises StateError, StorageError; what was done until then stays done.
    """
    versions = tuple(remove_old(work, "*", dry=False))
    points = 0
    if work.config.history is not None:
        for asset in work.graph:
            points += sum_up(
                work.engine, work.runtime.io, asset, work.clock.now(), work.config.history, again=True
            )  # fmt: skip
    records = forget(work.engine, work.config.records, work.config.name, work.clock, assets=work.graph)
    with writing(work.engine) as connection:
        sessions = access.forget_ended(connection, work.clock.wall())
    return LetGo(versions=versions, points=points, records=records, sessions=sessions)
