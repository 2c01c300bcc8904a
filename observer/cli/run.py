"""``tidegate run``, and the walk that it shares with ``resume``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from observer.cli.exit_codes import ExitCode, worst
from observer.cli.speaking import Format, note, opened, say, say_json
from observer.cli.stopping import stopped_by_sigterm
from observer.errors import StateError
from observer.project import Project
from observer.quantities import count, quantity
from observer.reads.base import GateAnswer
from observer.reads.gate import BUILT_IN_PLACE
from orchestration.model import Run, RunStatus, StepRecord, StepStatus
from orchestration.plan import Plan

_SAID = {
    StepStatus.PUBLISHED, StepStatus.OBSERVED, StepStatus.HELD, StepStatus.BLOCKED, StepStatus.FAILED,
    StepStatus.INTERRUPTED,
}  # fmt: skip


def run_assets(
    select: str,
    partition: str | None,
    force: bool,
    fail_fast: bool,
    settings: Sequence[str],
    project: Path | None,
    env: str | None,
    output: Format,
) -> ExitCode:
    """Plan, and walk the plan."""
    work = opened(project, env, settings)
    planned = work.plan(select, partition, force=force)
    return walk(work, planned, trigger="command", fail_fast=fail_fast, output=output)


def walk(
    work: Project, planned: Plan, *, trigger: str, fail_fast: bool, output: Format, resumes: str | None = None
) -> ExitCode:
    """Walk a plan, tell what became of each step, send the alerts."""
    text = output is Format.TEXT

    def tell(step: StepRecord) -> None:
        if text and step.status in _SAID:
            say(step_line(step))

    with stopped_by_sigterm():
        done = work.run(planned, trigger=trigger, listener=tell, fail_fast=fail_fast, resumes=resumes)
    gates = {
        step.address: answer
        for step in done.steps
        if step.status is StepStatus.HELD and (answer := work.reads().gate(step.asset, step.partition))
    }
    if text:
        for step in done.steps:
            if answer := gates.get(step.address):
                say(_held(work, step, answer))
        say(_summary(work, done))
        if done.status is RunStatus.CANCELLED:
            say(f"run {done.id} was {done.cancellation}; go on from there: tidegate resume {done.id}")
    deliver(work)
    if not text:
        say_json({"run": done, "gates": list(gates.values())})
    if done.status is RunStatus.CANCELLED:
        return ExitCode.INTERRUPTED
    return worst(step_code(step, gates.get(step.address)) for step in done.steps)


def deliver(work: Project) -> None:
    """Send the alerts that are due; what can't be sent is no failure of what was done."""
    try:
        delivered = work.deliver()
    except StateError as error:
        note(f"alerts could not be sent just now: {error}")
        return
    if delivered.failed:
        alerts, they = count(delivered.waiting, "alert"), "it waits" if delivered.waiting == 1 else "they wait"
        note(f"{alerts} could not be delivered yet; {they} and will be tried again")


def step_line(step: StepRecord) -> str:
    """What became of a step, in a line."""
    said = {
        StepStatus.HELD: step.reason,
        StepStatus.BLOCKED: step.reason,
        StepStatus.FAILED: step.error or "",
        StepStatus.INTERRUPTED: step.error or "",
    }.get(step.status, quantity(step.duration_s, "s") if step.duration_s is not None else "")
    noted = f" ({step.note})" if step.note else ""
    return f"{step.status.value:<9} {step.address}: {said.removeprefix(f'{step.address}: ')}{noted}"


def _held(work: Project, step: StepRecord, answer: GateAnswer) -> str:
    blocked = work.graph.blocked_by(step.asset, answer.columns)
    parts = [f"readers keep {answer.readers_see}" if answer.readers_see else "readers have nothing of it yet"]
    if work.graph.asset(step.asset).built_in_place:
        parts = [BUILT_IN_PLACE]
    if blocked:
        verb = "is" if len(blocked) == 1 else "are"
        parts.insert(0, f"{count(len(blocked), 'asset')} {verb} blocked downstream")
    if answer.incident_id is not None:
        parts.append(f"incident #{answer.incident_id}")
        parts.append(f"{work.observer.dashboard_url}/incidents/{answer.incident_id}")
    return f"{'':<9} {step.address}: {' · '.join(parts)}"


def _summary(work: Project, done: Run) -> str:
    counts = Counter(step.status.value for step in done.steps)
    said = ", ".join(f"{n} {status}" for status, n in counts.items()) or "nothing to do"
    seconds = (done.ended_at - done.started_at).total_seconds() if done.ended_at else None
    return f"{said} in {quantity(seconds, 's')} · {work.observer.dashboard_url}/runs/{done.id}"


def step_code(step: StepRecord, answer: GateAnswer | None) -> ExitCode:
    """The exit code that a step asks for; ``answer`` is its gate's, where it is held."""
    if step.status is StepStatus.HELD and answer is not None and answer.unknown:
        return ExitCode.UNKNOWN
    bad = {StepStatus.HELD, StepStatus.BLOCKED, StepStatus.FAILED, StepStatus.INTERRUPTED}
    return ExitCode.FAILED if step.status in bad else ExitCode.OK
