"""``StoredReads``: the questions of ``base.py``, answered from the state database."""

from __future__ import annotations

from observer.project import Project
from observer.reads import gate, incidents, now, runs
from observer.reads.asset import asset_page
from observer.reads.base import GateAnswer
from observer.reads.model import AssetPage, IncidentRow, NowPage, RunPage
from orchestration.database import reading


class StoredReads:
    """``Reads`` over a project: each call is one consistent view and a fixed number of statements."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def now(self) -> NowPage:
        with reading(self._project.engine) as connection:
            return now.now_page(connection, self._project, self._project.clock.now())

    def asset(self, key: str) -> AssetPage | None:
        if key not in self._project.graph:
            return None
        with reading(self._project.engine) as connection:
            return asset_page(connection, self._project, key, self._project.clock.now())

    def run(self, run_id: str) -> RunPage | None:
        with reading(self._project.engine) as connection:
            return runs.run_page(connection, self._project, run_id, self._project.clock.now())

    def incident(self, incident_id: int) -> IncidentRow | None:
        with reading(self._project.engine) as connection:
            return incidents.one(connection, self._project, incident_id)

    def gate(self, asset: str, partition: str | None) -> GateAnswer | None:
        """Raises PartitionError where ``partition`` isn't one of the asset's."""
        with reading(self._project.engine) as connection:
            return gate.answer(connection, self._project.graph, asset, partition, self._project.clock.now())
