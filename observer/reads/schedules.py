"""What is due next, what was decided last and why, and what somebody has paused."""

from __future__ import annotations

from datetime import UTC, datetime

from observer.project import Project
from observer.quantities import count
from observer.reads.instants import timezone_of
from observer.reads.run_model import ScheduleRow, SchedulesPage
from observer.schedules import schedule_lines

_NEVER = datetime.max.replace(tzinfo=UTC)


def schedules_page(project: Project, now: datetime) -> SchedulesPage:
    """Every asset with a schedule or kept fresh; paused ones last."""
    rows = [
        ScheduleRow(
            asset=line.asset, schedule=line.schedule, next_at=line.next_at,
            freshness=None if line.freshness is None else line.freshness.value, pause=line.pause, last=line.last,
        )
        for line in schedule_lines(project, project.graph.order)
    ]  # fmt: skip
    rows.sort(key=lambda row: (row.pause is not None, row.next_at or _NEVER))
    return SchedulesPage(
        at=now, project=project.config.root.name, environment=project.config.name,
        timezone=timezone_of(project.graph), sentence=_sentence(rows, followed=project.config.schedules),
        schedules=tuple(rows),
    )  # fmt: skip


def _sentence(rows: list[ScheduleRow], *, followed: bool) -> str:
    if rows and not followed:
        return f"{count(len(rows), 'asset')} on a schedule that this environment does not follow"
    paused = sum(row.pause is not None for row in rows)
    waits = sum(row.pause is None and row.last is not None and row.last.outcome == "waits" for row in rows)
    said = [f"{paused} paused"] if paused else []
    if waits:
        said.append(f"{waits} due and waiting")
    return ", ".join([count(len(rows), "asset") + " on a schedule", *said])
