"""What is due in a project, for whoever leads: looks outside, reads the state, decides, and says what to write."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from observer import freshness
from observer.assets import quality_of
from observer.project import Project
from observer.service.scheduler import Decided
from observer.store import ages
from observer.store import freshness as freshness_store
from orchestration.database import reading
from orchestration.heap import quiet_heap
from orchestration.model import AssetKey
from orchestration.schedule.base import Sighting
from orchestration.schedule.reading import read_state
from orchestration.schedule.state import ScheduleState
from orchestration.schedule.tick import decide, record, sightings

_LOOK_EVERY_S = 10.0
_IDLE = 9.0
"""So many times as long as a tick took nothing is decided after it, so that a large project costs a tenth of a core."""


class Deciding:
    """Says what is due of a project at an instant, and what writes it down; reads, writes nothing.

    It remembers for a while what it saw outside, since places there may be slow.
    """

    def __init__(self) -> None:
        self._seen: Mapping[str, Sighting] = {}
        self._looked: tuple[float, int] | None = None  # when, and at which project
        self._not_before = 0.0

    def __call__(self, work: Project, now: datetime) -> Decided:
        began = time.monotonic()
        if began < self._not_before:
            return Decided(())
        found = decided(work, now, self._sightings(work, began))
        took = time.monotonic() - began
        self._not_before = began + took * (1 + _IDLE) if took > 0.1 else 0.0
        return found

    def _sightings(self, work: Project, now_s: float) -> Mapping[str, Sighting]:
        if self._looked is None or self._looked[1] != id(work) or now_s - self._looked[0] >= _LOOK_EVERY_S:
            self._seen = sightings(work.graph, work.runtime.redact)
            self._looked = (now_s, id(work))
        return self._seen


def decided(work: Project, now: datetime, seen: Mapping[str, Sighting]) -> Decided:
    """What is due at ``now``, ``seen`` being what was found outside."""
    with quiet_heap():
        with reading(work.engine) as connection:
            state = project_state(connection, work, now, seen)
            before = freshness_store.load_all(connection)
        tick = decide(work.graph, state, now, work.runtime.pools) if work.config.schedules else None
        changed = freshness.evaluate(work.graph, state, before, now)

    def write(connection: Connection) -> None:
        if tick is not None:
            record(connection, tick)
        freshness.record(connection, work.observer, state, changed, before, now)

    further = tick is not None and (tick.followed or tick.decisions or tick.cursor != tick.before)
    return Decided(() if tick is None else tick.requests, write if changed or further else None)


def project_state(
    connection: Connection, work: Project, now: datetime, seen: Mapping[str, Sighting] | None = None
) -> ScheduleState:
    """The state of a project's schedules; in as many questions for many assets as for one."""
    measured = ages.last_changes(connection)
    told: dict[AssetKey, datetime | None] = {
        asset.key: measured.get(asset.key) for asset in work.graph if quality_of(asset).updated_by is not None
    }
    return read_state(connection, now, work.config.name, ages_from=told, sightings=seen)
