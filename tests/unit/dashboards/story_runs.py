"""The story's runs and schedules as read records: two that are open, the night's own, one that was never begun."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from observer.reads.run_model import (
    LineRow,
    LogRow,
    RunLine,
    RunsPage,
    RunsWanted,
    ScheduleRow,
    SchedulesPage,
    SpanRow,
    StepLogPage,
)
from orchestration.model import AssetKey
from orchestration.schedule.state import Decision, Outcome, Pause
from tests.unit.dashboards.story_history import NOW, ZONE


def line(index: int, status: str, *, took_s: float | None = None, begun: bool = True, what: str = "*") -> RunLine:
    at = NOW - timedelta(hours=3 * index + 1)
    return RunLine(
        id=f"r{40 - index:03}", status=status, selection=what, partitions="2013-02-08",
        reason="due at 06:00 by its schedule", asked_by="schedule", asked_at=at, due_at=at,
        started_at=at if begun else None, ended_at=None if took_s is None else at + timedelta(seconds=took_s),
        duration_s=took_s, assets=7, counts=(("published", 4), ("held", 1)) if begun else (), attempts=1,
        note="" if begun else "there is no asset of that name any more",
    )  # fmt: skip


def runs_page(wanted: RunsWanted, word: str = "flights") -> RunsPage:
    ended = (
        line(1, "held", took_s=4.1), line(2, "succeeded", took_s=3.4), line(3, "failed", took_s=720.0, what=word),
        replace(line(4, "refused", begun=False, what=word), reason=word, asked_by=word),
        line(5, "cancelled", took_s=1.5), line(6, "interrupted", took_s=0.02), line(7, "succeeded", took_s=3.6),
    )  # fmt: skip
    waiting = replace(line(0, "queued", begun=False, what=word), note="")
    return RunsPage(
        at=NOW, project="flights", environment="local", timezone=ZONE, wanted=wanted,
        open=() if wanted.before else (line(0, "running"), waiting), ended=ended,
        counts=(("queued", 1), ("running", 1), ("succeeded", 2), ("held", 1), ("failed", 1), ("cancelled", 1),
                ("interrupted", 1), ("refused", 1)),
        more=(33, 12),
    )  # fmt: skip


def schedules_page(word: str = "flights") -> SchedulesPage:
    decided = Decision(
        asset=AssetKey("flights"), at=NOW - timedelta(minutes=5), outcome=Outcome.WAITS,
        reason="2013-02-08 waits for weather_raw 2013-02-08, which is not published",
    )  # fmt: skip
    return SchedulesPage(
        at=NOW, project="flights", environment="local", timezone=ZONE,
        sentence="2 assets on a schedule, 1 paused, 1 due and waiting",
        schedules=(
            ScheduleRow(
                asset=AssetKey("flights"), schedule="daily at 06:00, America/New_York",
                next_at=NOW + timedelta(hours=20), freshness="passed", pause=None, last=decided,
            ),
            ScheduleRow(
                asset=AssetKey(word), schedule=word, next_at=None, freshness=None,
                pause=Pause(by=word, reason=word, at=NOW), last=None,
            ),
        ),
    )  # fmt: skip


def span(kind: str, start_s: float, length_s: float, said: str, number: int = 1) -> SpanRow:
    return SpanRow(kind=kind, number=number, start_s=start_s, length_s=length_s, said=said)


def logs(run_id: str, word: str) -> tuple[LogRow, ...]:
    """Two tries: one that was killed, one that warned."""

    def at(offset_s: float, level: str, source: str, text: str) -> LineRow:
        return LineRow(at=NOW + timedelta(seconds=offset_s), offset_s=offset_s, level=level, source=source, text=text)

    trace = 'gave up\nTraceback (most recent call last):\n  File "pipeline.py", line 7\nLookupError: no page'
    first = (at(0.01, "info", "tidegate.asset.flights", f"fetched {word}"), at(1.3, "error", "pages", trace))
    second = (at(0.01, "warning", "py.warnings", word), at(0.2, "stdout", "", word))
    return (
        LogRow(run_id=run_id, number=1, count=2, left_out=7, worst="error", unknown="its process was ended in "
               "the middle of it: the last of what it said may be missing", ended=True, lines=first),
        LogRow(run_id=run_id, number=2, count=130, left_out=0, worst="warning", unknown="", ended=True, lines=second),
    )  # fmt: skip


def step_log(run_id: str, word: str) -> StepLogPage:
    return StepLogPage(
        at=NOW, project="flights", environment="local", timezone=ZONE, run_id=run_id, asset=word,
        partition="2013-02-08", status="held", logs=logs(run_id, word),
    )  # fmt: skip
