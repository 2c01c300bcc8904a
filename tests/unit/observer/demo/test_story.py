"""How the demo tells its story, without playing it; tests/acceptance/test_demo.py plays it."""

import sys
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from observer.cli import demo
from observer.demo.story import READS_THE_DAY, MorningClock, Outcome
from observer.model import Notification
from orchestration.model import AssetKey, Run, RunStatus, StepRecord, StepStatus

AT = datetime(2013, 2, 9, 11, tzinfo=UTC)
MESSAGE = Notification(
    id="msg_1", incident_id=1, event="incident.opened", channel="ops", payload="{}", created_at=AT, attempts=1,
    next_attempt_at=None, delivered_at=AT, last_error=None,
)  # fmt: skip
AS_TOLD = Outcome(
    held=True, sentence="Null rate of dep_time 50.8 %", blocked=READS_THE_DAY, went_on="read 38",
    readers_see="2013-02-07", incident=None, messages=(MESSAGE,), days_before=38, held_before=(),
    warned_before=("2013-01-30",),
)  # fmt: skip


def a_run(*steps: StepStatus) -> Run:
    records = tuple(
        StepRecord(run_id="r", position=n, asset=AssetKey(f"a{n}"), partition="2013-02-08", status=s, reason="why")
        for n, s in enumerate(steps)
    )
    return Run(
        id="r", selection="*", partitions="", status=RunStatus.HELD, trigger="demo", environment="local", started_at=AT,
        ended_at=AT, holder="h:1:0", steps=records,
    )  # fmt: skip


def test_only_the_whole_story_is_as_told() -> None:
    assert AS_TOLD.is_as_told
    for wrong in (
        replace(AS_TOLD, held=False),
        replace(AS_TOLD, blocked=("daily_delays",)),
        replace(AS_TOLD, messages=()),
        replace(AS_TOLD, messages=(MESSAGE, replace(MESSAGE, delivered_at=None))),
    ):
        assert not wrong.is_as_told


def test_another_end_is_told_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    lost = replace(AS_TOLD, held=False, blocked=(), went_on="", messages=(replace(MESSAGE, delivered_at=None),))
    demo._tell(lost, [], 3.0)
    said = capsys.readouterr().out
    assert "flights of 2013-02-08: NOT held." in said
    assert "blocked      nothing\n" in said
    assert "webhook      msg_1 has NOT arrived" in said
    assert "before it    38 days: 0 held (none), 1 warned (2013-01-30); each held only itself" in said
    assert said.endswith("That is not how the story goes; begin it again with: make demo ARGS=--fresh\n")


def test_the_clock_stands_at_six_in_the_morning_after() -> None:
    clock = MorningClock("America/New_York")
    for day, hour in (("2013-01-05", 11), ("2013-07-05", 10)):  # in summer New York is four hours behind
        clock.turn_to(day)
        now = clock.clock().now()
        assert (now.day, now.hour, now.tzinfo) == (6, hour, UTC)


def test_a_terminal_gets_a_bar_and_a_file_gets_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    done = a_run(StepStatus.PUBLISHED, StepStatus.PUBLISHED, StepStatus.HELD)
    with demo._progress() as lines:
        for _ in range(7):
            lines.day("2013-02-08", done)
    said = capsys.readouterr().out
    assert "   7 of 39 days  2013-02-08  2 published\n" in said
    assert said.count("2013-02-08  a2 held: why") == 7
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    with demo._progress() as bar:
        bar.day("2013-02-08", done)
    shown = capsys.readouterr().out
    assert "2013-02-08  a2 held: why" in shown
    assert "1/39" in shown
