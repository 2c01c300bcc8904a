"""What steps said, and what they waited for: of a run, of one step, of the newest try of an asset."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlalchemy import Connection

from observer.project import Project
from observer.reads.instants import timezone_of
from observer.reads.run_model import LineRow, LogRow, SpanRow, StepLogPage
from orchestration import step_logs
from orchestration.errors import PartitionError, UnknownName
from orchestration.model import Address, StepRecord
from orchestration.queue import run_of
from orchestration.step_log import LogLine
from orchestration.step_logs import KeptLog

_LOGS = 40
_LINES = 40
"""Of so many logs of a run the last lines are read, so many of each; the others are a page of their own."""
_WORST = ("critical", "error", "warning")


def logs_in(connection: Connection, run_id: str) -> dict[tuple[str, str | None], tuple[LogRow, ...]]:
    """By asset and partition what the tries of a run's steps said, the worst with their last lines: two statements."""
    heads = step_logs.kept_in(connection, run_id)
    chosen = sorted(heads, key=lambda one: (_WORST.index(one.worst) if one.worst in _WORST else 9, -one.seq))[:_LOGS]
    lines = step_logs.lines_of(connection, [one.seq for one in chosen])
    found: dict[tuple[str, str | None], tuple[LogRow, ...]] = {}
    for one in heads:
        row = _row(one, lines.get(one.seq, ())[-_LINES:])
        found[one.address] = (*found.get(one.address, ()), row)
    return found


def spans_in(connection: Connection, run_id: str) -> dict[int, tuple[SpanRow, ...]]:
    """By position what the steps of a run waited for, and which tries failed: one statement."""
    found: dict[int, tuple[SpanRow, ...]] = {}
    for one in step_logs.spans_of(connection, run_id):
        row = SpanRow(
            kind=one.kind.value, number=one.number, start_s=one.start_s, length_s=one.length_s, said=one.said
        )  # fmt: skip
        found[one.position] = (*found.get(one.position, ()), row)
    return found


def of_step(
    connection: Connection, project: Project, run_id: str, asset: str, partition: str | None,
    sees: Callable[[str], bool] = lambda asset: True,
) -> StepLogPage:  # fmt: skip
    """All that a step said; the partition may be left out where the run has one of the asset.

    Raises
    ------
    UnknownName
        There is no such run, or the asset is no step of it; ``sees`` says which ones may be named.
    PartitionError
        It has several partitions of the asset, or not that one.
    """
    steps = run_of(connection, run_id).steps
    mine = [step for step in steps if step.asset == asset]
    if not mine:
        raise UnknownName("asset", asset, {step.asset for step in steps if sees(step.asset)}, where=f"run {run_id}")
    step = _chosen(mine, run_id, partition)
    return StepLogPage(
        at=project.clock.now(), project=project.config.root.name, environment=project.config.name,
        timezone=timezone_of(project.graph), run_id=run_id, asset=step.asset, partition=step.partition,
        status=step.status.value,
        logs=tuple(_row(one, one.lines) for one in step_logs.of_step(connection, run_id, step.address)),
    )  # fmt: skip


def _chosen(mine: Sequence[StepRecord], run_id: str, partition: str | None) -> StepRecord:
    if partition is None and len(mine) == 1:
        return mine[0]
    for step in mine:
        if step.partition == partition:
            return step
    some = ", ".join(str(step.partition) for step in mine[:5]) + (" ..." if len(mine) > 5 else "")
    raise PartitionError(
        f"run {run_id} has no step {Address(mine[0].asset, partition)}; name one of its partitions: {some}"
        if mine[0].partition is not None
        else f"{mine[0].asset} has no partitions in run {run_id}; leave the partition out"
    )


def last_of(connection: Connection, address: Address, most: int) -> LogRow | None:
    """The last lines of what the newest try of an asset said: one statement."""
    found = step_logs.last_of(connection, address)
    return None if found is None else _row(found, found.lines[-most:])


def _row(one: KeptLog, lines: Sequence[LogLine]) -> LogRow:
    def at(line: LogLine) -> LineRow:
        begun = one.begun_at
        return LineRow(
            at=None if begun is None else begun + timedelta(seconds=line.offset_s), offset_s=line.offset_s,
            level=line.level, source=line.source, text=line.text,
        )  # fmt: skip

    return LogRow(
        run_id=one.run_id, number=one.number, count=one.count, left_out=one.left_out, worst=one.worst,
        unknown=one.unknown, ended=one.ended, lines=tuple(map(at, lines)),
    )  # fmt: skip
