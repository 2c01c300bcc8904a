"""``tidegate cancel``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from observer.cli.duration import seconds
from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import Format, opened, say, say_json
from observer.cli.user import user_name
from orchestration.model import Run, RunStatus


def cancel_run(
    run: str | None, reason: str, wait: str, project: Path | None, env: str | None, output: Format
) -> ExitCode:
    """Ask a run to end and wait a while until it has."""
    patience_s = seconds(wait, "--wait")
    work = opened(project, env)
    asked = work.cancel(run, by=user_name(), reason=reason.strip())
    found = work.ended(asked.id, patience_s)
    if output is Format.JSON:
        say_json({"run": found})
    else:
        say(_sentence(found))
    if found.status is RunStatus.RUNNING:
        return ExitCode.TIMED_OUT if patience_s else ExitCode.OK
    return ExitCode.OK if found.status in (RunStatus.CANCELLED, RunStatus.INTERRUPTED) else ExitCode.FAILED


def _sentence(run: Run) -> str:
    counts = ", ".join(f"{n} {status}" for status, n in Counter(step.status.value for step in run.steps).items())
    if run.status is RunStatus.RUNNING:
        return (
            f"run {run.id} is asked to end and has not ended yet ({counts}): a function that can't be stopped goes on "
            "to its end first; see how it stands with the same command"
        )
    if run.status is RunStatus.CANCELLED:
        return f"run {run.id} was {run.cancellation} ({counts}); go on from there: tidegate resume {run.id}"
    if run.status is RunStatus.INTERRUPTED:
        return f"the process of run {run.id} was gone ({counts}); go on from there: tidegate resume {run.id}"
    return f"run {run.id} was faster: it ended as {run.status} ({counts}); nothing was cancelled"
