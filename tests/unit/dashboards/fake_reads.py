"""Reads that answer with the story, fail as a lost database does, or hold names that want to be markup."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final

from observer.backtests.sensitivities import Sensitivities
from observer.errors import StateError, UnknownName
from observer.model import IncidentStatus
from observer.reads.base import GateAnswer
from observer.reads.catalog_model import AssetsPage, Question
from observer.reads.dead_letters import DeadLettersPage
from observer.reads.graph_model import GraphPage, View
from observer.reads.incident_model import IncidentPage, IncidentsPage
from observer.reads.left import LeftPage
from observer.reads.model import AssetPage, AssetRow, Neighbour, NowPage, RunPage, SaidRow, State
from observer.reads.monitor_model import MonitorPage
from observer.reads.run_model import RunsPage, RunsWanted, SchedulesPage, StepLogPage
from tests.unit.dashboards import story, story_catalog, story_graph, story_incident, story_monitor, story_runs


@dataclass
class StoryReads:
    """The story's answers; with ``broken`` every question fails as a lost database does."""

    page: NowPage = field(default_factory=story.now_page)
    pages: dict[str, AssetPage] = field(default_factory=lambda: {"flights": story.asset_page()})
    runs: dict[str, RunPage] = field(default_factory=lambda: {"r039": story.run_page()})
    broken: bool = False
    word: str = "weather_raw 2013-02-08: 12 rows"
    run_word: str = "flights"
    flights: str = "flights"  # what the graph calls it

    def _ask(self) -> None:
        if self.broken:
            raise StateError("state.db is not a database; nothing was changed; restore it or remove it")

    def now(self) -> NowPage:
        self._ask()
        return self.page

    def keys(self) -> list[str]:
        return list(self.states())

    def states(self) -> dict[str, State]:
        self._ask()
        return {row.key: row.state for row in self.page.assets}

    def assets(self, keys: Sequence[str]) -> tuple[AssetRow, ...]:
        self._ask()
        rows = {row.key: row for row in self.page.assets}
        return tuple(rows[key] for key in keys)

    def catalog(self, question: Question) -> AssetsPage:
        self._ask()
        return story_catalog.assets_page(question, self.page.assets)

    def asset(self, key: str) -> AssetPage | None:
        self._ask()
        return self.pages.get(key)

    def left(self, key: str) -> LeftPage | None:
        self._ask()
        return None

    def graph(self, view: View) -> GraphPage:
        self._ask()
        return story_graph.graph_page(view, self.flights)

    def has(self, asset: str) -> bool:
        self._ask()
        return asset in self.pages

    def monitor(
        self, asset: str, monitor: str, *, part: str = "", since: datetime | None = None, until: datetime | None = None
    ) -> MonitorPage | None:
        self._ask()
        page = self.pages.get(asset)
        found = next((one for one in page.monitors if one.id == monitor), None) if page is not None else None
        return None if found is None else story_monitor.monitor_page(asset, found, since, until)

    def sensitivities(self, asset: str, monitor: str, *, part: str = "") -> Sensitivities | None:
        page = self.monitor(asset, monitor, part=part)
        return None if page is None else story_monitor.sensitivities(page)

    def run(self, run_id: str) -> RunPage | None:
        self._ask()
        return self.runs.get(run_id)

    def step_log(self, run_id: str, asset: str, partition: str | None = None) -> StepLogPage:
        self._ask()
        if asset != "flights":
            raise UnknownName("asset", asset, ["flights"], where=f"run {run_id}")
        return story_runs.step_log(run_id, self.run_word)

    def run_lines(self, wanted: RunsWanted) -> RunsPage:
        self._ask()
        return story_runs.runs_page(wanted, self.run_word)

    def schedules(self) -> SchedulesPage:
        self._ask()
        return story_runs.schedules_page(self.run_word)

    def dead_letters(self, sees: Callable[[str], bool] | None = None) -> DeadLettersPage:
        self._ask()
        return story_incident.dead_letters_page(self.word)

    def incident(self, incident_id: int) -> IncidentPage | None:
        self._ask()
        found = next((row for row in self.page.incidents if row.id == incident_id), None)
        return None if found is None else story_incident.incident_page(found, self.word)

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
        self._ask()
        page = story_incident.incidents_page(next(iter(self.page.incidents), None), self.word)
        return page if before is None else replace(page, incidents=(), more=False)

    def gate(self, asset: str, partition: str | None) -> GateAnswer | None:
        self._ask()
        return None


HOSTILE: Final = "<img src=x onerror=alert(1)>\"'&{{7*7}} שלום 🌊 " + "very_long_" * 30


def hostile_reads() -> StoryReads:
    """The story with names and sentences that want to be markup, or to break the page."""
    row = replace(story.incident(), asset=HOSTILE, sentence=HOSTILE, affected=(HOSTILE,), owners=(HOSTILE,))
    asset_row = replace(story.assets()[0], key=HOSTILE, text=HOSTILE, owners=(HOSTILE,))
    series = replace(story.monitors()[0], title=HOSTILE, sentence=HOSTILE)
    points = (*series.points[:-1], replace(series.points[-1], sentence=HOSTILE))
    heat = story.heatmap()
    page = replace(
        story.asset_page(),
        key=HOSTILE,
        description=HOSTILE,
        owners=(HOSTILE,),
        tags=(HOSTILE,),
        text=HOSTILE,
        incidents=(row,),
        monitors=(replace(series, points=points), *story.monitors()[1:]),
        gate=replace(story.asset_page().gate, sentence=HOSTILE, release_command=f"tidegate release {HOSTILE}"),
        heatmap=replace(heat, columns=(HOSTILE, *heat.columns[1:])),
        downstream=(Neighbour(key=HOSTILE, state=State.BLOCKED, text=HOSTILE),),
        consumers=(HOSTILE,),
        checks=(replace(story.checks()[0], name=HOSTILE, sentence=HOSTILE),),
        said=(
            SaidRow(
                number=1,
                at=story.asset_page().at,
                data_at=story.asset_page().at,
                partition=HOSTILE,
                subject=HOSTILE,
                said="expected",
                by=HOSTILE,
                reason=HOSTILE,
                counts=True,
            ),
        ),
    )
    run = story.run_page()
    step = replace(
        run.steps[4], asset=HOSTILE, reason=HOSTILE, error=HOSTILE, blocked_by=HOSTILE,
        spans=(story_runs.span("try", 0.1, 0.2, HOSTILE), story_runs.span("place", 0.3, 0.1, HOSTILE)),
        logs=story_runs.logs("r039", HOSTILE),
    )  # fmt: skip
    return StoryReads(
        word=HOSTILE,
        run_word=HOSTILE,
        flights=HOSTILE,
        page=replace(story.now_page(), sentence=HOSTILE, incidents=(row,), assets=(asset_row, *story.assets()[1:])),
        pages={HOSTILE: page},
        runs={"r039": replace(run, sentence=HOSTILE, steps=(*run.steps[:4], step, *run.steps[5:]))},
    )
