"""``StoredReads``: the questions of ``base.py``, answered from the state database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime

from observer.backtests.sensitivities import Replays, Sensitivities
from observer.history import SeriesKey
from observer.model import IncidentStatus
from observer.project import Project
from observer.reads import catalog, decomposed, gate, incident, now, run_list, runs, schedules, step_logs, windows
from observer.reads.asset import asset_page
from observer.reads.base import GateAnswer
from observer.reads.catalog_model import AssetsPage, Question
from observer.reads.dead_letters import DeadLettersPage, dead_letters_page
from observer.reads.decomposed import Decomposed
from observer.reads.graph import graph_page
from observer.reads.graph_model import GraphPage, View
from observer.reads.incident_model import IncidentPage, IncidentsPage
from observer.reads.instants import timezone_of
from observer.reads.left import LeftPage, left_page
from observer.reads.model import AssetPage, AssetRow, NowPage, RunPage, State
from observer.reads.monitor import monitor_page, named
from observer.reads.monitor_model import MonitorPage
from observer.reads.overview import overview
from observer.reads.rows import asset_row
from observer.reads.run_model import RunsPage, RunsWanted, SchedulesPage, StepLogPage
from observer.reads.windows import WindowDistribution, WindowPoint
from observer.reads.words import words_of
from observer.windows import over as window
from orchestration.database import reading
from orchestration.selection import StatusesOf


class StoredReads:
    """``Reads`` over a project: each call is one consistent view and a fixed number of statements."""

    def __init__(self, project: Project) -> None:
        self._project, self._replays = project, Replays(project)

    def now(self) -> NowPage:
        with reading(self._project.engine) as connection:
            return now.now_page(connection, self._project, self._project.clock.now())

    def keys(self) -> Sequence[str]:
        return self._project.graph.order

    def states(self) -> Mapping[str, State]:
        with reading(self._project.engine) as connection:
            found = overview(connection, self._project.graph, self._project.clock.now())
            return {key: state for key, (state, _) in found.states.items()}

    def words(self, selection: str) -> StatusesOf | None:
        """What ``status:`` names in a selection; None where it isn't asked for."""
        with reading(self._project.engine) as connection:
            found = overview(connection, self._project.graph, self._project.clock.now())
            return words_of(connection, {key: state for key, (state, _) in found.states.items()}, selection)

    def assets(self, keys: Sequence[str]) -> tuple[AssetRow, ...]:
        graph = self._project.graph
        wanted = tuple(graph.asset(key).key for key in keys)
        with reading(self._project.engine) as connection:
            found = overview(connection, graph, self._project.clock.now()).standings(wanted)
        return tuple(asset_row(graph.asset(key), found[key]) for key in wanted)

    def catalog(self, question: Question) -> AssetsPage:
        with reading(self._project.engine) as connection:
            return catalog.assets_page(connection, self._project, question, self._project.clock.now())

    def asset(self, key: str) -> AssetPage | None:
        if key not in self._project.graph:
            return None
        with reading(self._project.engine) as connection:
            return asset_page(connection, self._project, key, self._project.clock.now())

    def left(self, key: str) -> LeftPage | None:
        if key in self._project.graph:
            return None
        with reading(self._project.engine) as connection:
            return left_page(connection, self._project, key, self._project.clock.now())

    def graph(self, view: View) -> GraphPage:
        """Raises UnknownName or SelectionError where the selection isn't one."""
        chosen = self._project.select(view.select) if view.select.strip() else self._project.graph.order
        with reading(self._project.engine) as connection:
            return graph_page(connection, self._project, chosen, view, self._project.clock.now())

    def has(self, asset: str) -> bool:
        return asset in self._project.graph

    def monitor(
        self, asset: str, monitor: str, *, part: str = "", since: datetime | None = None, until: datetime | None = None
    ) -> MonitorPage | None:
        if asset not in self._project.graph or "\0" in monitor + part:  # which PostgreSQL can't even be asked
            return None
        return monitor_page(self._project, asset, monitor, part=part, since=since, until=until)

    def sensitivities(self, asset: str, monitor: str, *, part: str = "") -> Sensitivities | None:
        if asset not in self._project.graph or "\0" in monitor + part:
            return None
        found = self._project.graph.asset(asset)
        with reading(self._project.engine) as connection:
            known = named(connection, found, monitor)
        if known is None or not known[1]:
            return None
        return self._replays.of(found, known[0], part, timezone_of(self._project.graph))

    def run(self, run_id: str) -> RunPage | None:
        with reading(self._project.engine) as connection:
            return runs.run_page(connection, self._project, run_id, self._project.clock.now())

    def step_log(self, run_id: str, asset: str, partition: str | None = None) -> StepLogPage:
        with reading(self._project.engine) as connection:
            return step_logs.of_step(connection, self._project, run_id, asset, partition)

    def run_lines(self, wanted: RunsWanted) -> RunsPage:
        keys = self._project.select(wanted.select) if wanted.select else None
        with reading(self._project.engine) as connection:
            return run_list.runs_page(connection, self._project, wanted, keys, self._project.clock.now())

    def schedules(self) -> SchedulesPage:
        return schedules.schedules_page(self._project, self._project.clock.now())

    def incident(self, incident_id: int) -> IncidentPage | None:
        with reading(self._project.engine) as connection:
            return incident.incident_page(connection, self._project, incident_id)

    def incidents(
        self,
        statuses: Collection[IncidentStatus] = (),
        *,
        asset: str | None = None,
        assets: Collection[str] | None = None,
        on: date | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> IncidentsPage:
        with reading(self._project.engine) as connection:
            return incident.incidents_page(connection, self._project, statuses, asset, assets, on, before, limit)

    def dead_letters(self, sees: Callable[[str], bool] | None = None) -> DeadLettersPage:
        with reading(self._project.engine) as connection:
            return dead_letters_page(connection, self._project, self._project.clock.now(), sees)

    def gate(self, asset: str, partition: str | None) -> GateAnswer | None:
        """Raises PartitionError where ``partition`` isn't one of the asset's."""
        with reading(self._project.engine) as connection:
            return gate.answer(connection, self._project.graph, asset, partition, self._project.clock.now())

    def merged(
        self, asset: str, metric: str, *, column: str | None = None, over: str = "month", last: int = 12
    ) -> tuple[WindowPoint, ...]:
        """A metric over windows of partitions, from what was kept of the versions that readers see.

        Parameters
        ----------
        over: ``"day"``, ``"week"``, ``"month"``, ``"year"``, ``"all"``, or how many partitions: ``"7"`` is each one
            with the six before it.
        last: how many windows, the newest ones.

        Returns
        -------
        tuple[WindowPoint, ...]: oldest first; a value is None where it can't be told, with the reason.

        Raises
        ------
        UnknownName
            There is no such asset, or no such column.
        CheckError
            The metric of several partitions can't be told from that of each.
        PartitionError
            The asset isn't partitioned, or not so that it could be put together by ``over``.
        """
        what, found = window(over), self._project.graph.asset(asset)
        with reading(self._project.engine) as connection:
            key, at = SeriesKey(metric, column), self._project.clock.now()
            return windows.of_metric(connection, found, key, what, at, last)

    def merged_distribution(
        self, asset: str, column: str, *, over: str = "month", last: int = 12
    ) -> tuple[WindowDistribution, ...]:
        """How the values of a column are spread over windows of partitions; else as ``merged``."""
        what, found = window(over), self._project.graph.asset(asset)
        with reading(self._project.engine) as connection:
            return windows.of_distribution(connection, found, column, what, self._project.clock.now(), last)

    def decomposed(
        self, asset: str, metric: str, *, column: str | None = None, segment: str | None = None
    ) -> tuple[Decomposed, ...]:
        """A metric as level, season and remainder: one for each part of the partition keys that isn't time.

        Parameters
        ----------
        segment: ``"carrier=UA"``; all rows if left out.

        Returns
        -------
        tuple[Decomposed, ...]: none where it was never measured.

        Raises
        ------
        UnknownName
            There is no such asset, or it has other metrics and not this one.
        """
        found, key = self._project.graph.asset(asset), SeriesKey(metric, column, segment)
        with reading(self._project.engine) as connection:
            return decomposed.of_series(connection, found, key, self._project.clock.now())
