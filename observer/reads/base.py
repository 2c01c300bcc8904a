"""The questions that pages, the API and the command ask."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from observer.backtests.sensitivities import Sensitivities
from observer.model import IncidentStatus
from observer.reads.catalog_model import AssetsPage, Question
from observer.reads.dead_letters import DeadLettersPage
from observer.reads.graph_model import GraphPage, View
from observer.reads.incident_model import IncidentPage, IncidentsPage
from observer.reads.left import LeftPage
from observer.reads.model import AssetPage, AssetRow, NowPage, RunPage, State
from observer.reads.monitor_model import MonitorPage
from observer.reads.run_model import RunsPage, RunsWanted, SchedulesPage, StepLogPage


@dataclass(frozen=True, slots=True, kw_only=True)
class GateAnswer:
    """May what is downstream of this address run? ``sentence`` says it to a person.

    ``outcome`` is "open", "held", "open_by_override", "blocked" (it was never made, because of what is upstream) or
    "none" (no version of it was ever judged).
    """

    asset: str
    partition: str | None
    outcome: str
    sentence: str
    reasons: tuple[str, ...]
    holds: tuple[str, ...]
    materialization_id: str | None
    decided_at: datetime | None
    expires_at: datetime | None
    incident_id: int | None
    readers_see: str | None  # the newest partition (or version) that readers have
    unknown: bool = False
    overridden: tuple[str, ...] = ()  # what would hold, and doesn't by an override of its own
    columns: tuple[str, ...] = ()  # that all faults which hold lie in; none: any


class Reads(Protocol):
    """Read-only, safe from several threads, each call a consistent answer of its own.

    Unknown names give ``None``; a partition that isn't one raises ``PartitionError``; a store that does not answer
    raises ``observer.errors.StateError``.
    """

    def now(self) -> NowPage: ...

    def keys(self) -> Sequence[str]:
        """Every asset of the project, upstream first; asks the store nothing."""
        ...

    def states(self) -> Mapping[str, State]:
        """Every asset with its state, upstream first."""
        ...

    def assets(self, keys: Sequence[str]) -> tuple[AssetRow, ...]:
        """How some assets of the project are, in the order of ``keys``."""
        ...

    def catalog(self, question: Question) -> AssetsPage:
        """Some of the assets, a page at a time; what a selection can't be read for is said on the page."""
        ...

    def asset(self, key: str) -> AssetPage | None: ...

    def left(self, key: str) -> LeftPage | None:
        """An asset that isn't in the project; None where nothing is known of it either."""
        ...

    def graph(self, view: View) -> GraphPage:
        """Raises UnknownName or SelectionError where the selection isn't one."""
        ...

    def has(self, asset: str) -> bool:
        """Whether the project has an asset of that name."""
        ...

    def monitor(
        self, asset: str, monitor: str, *, part: str = "", since: datetime | None = None, until: datetime | None = None
    ) -> MonitorPage | None:
        """One monitor on one part of the partition keys, from ``since`` to ``until``, both included.

        Left out, the newest points; with ``until`` alone, those up to it.
        """
        ...

    def sensitivities(self, asset: str, monitor: str, *, part: str = "") -> Sensitivities | None:
        """What a declared monitor would have said at nine sensitivities; None where there is nothing to replay."""
        ...

    def run(self, run_id: str) -> RunPage | None: ...

    def step_log(self, run_id: str, asset: str, partition: str | None = None) -> StepLogPage:
        """All that a step said; raises UnknownName or PartitionError where the run has no such step."""
        ...

    def run_lines(self, wanted: RunsWanted) -> RunsPage:
        """Raises UnknownName or SelectionError where the selection names what isn't there."""
        ...

    def schedules(self) -> SchedulesPage: ...

    def incident(self, incident_id: int) -> IncidentPage | None: ...

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
        """Those in one of some statuses (none: any), the newest first.

        ``assets``: of these only (none: of any); ``on``: opened on that day of the project's calendar; ``before``: of
        lower numbers than this.
        """
        ...

    def dead_letters(self, sees: Callable[[str], bool] | None = None) -> DeadLettersPage:
        """The messages that were given up; ``sees``: those only whose assets all are ones that it says yes to."""
        ...

    def gate(self, asset: str, partition: str | None) -> GateAnswer | None: ...
