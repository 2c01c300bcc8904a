"""``tidegate ingest dbt``."""

from __future__ import annotations

from pathlib import Path

from observer.cli.exit_codes import ExitCode, worst
from observer.cli.origin import Origin
from observer.cli.run import deliver, step_code, step_line
from observer.cli.speaking import Format, note, opened, say, say_json
from observer.dbt_ingest import ingest
from observer.quantities import count
from orchestration.model import StepRecord, StepStatus

_SAID = {StepStatus.PUBLISHED, StepStatus.OBSERVED, StepStatus.HELD, StepStatus.FAILED}
_MOST = 5


def ingest_artifacts(origin: Origin, folder: Path, project: Path | None, env: str | None, output: Format) -> ExitCode:
    """Take in what a tool has done elsewhere, tell what became of each asset, send the alerts."""
    work = opened(project, env)
    text = output is Format.TEXT

    def tell(step: StepRecord) -> None:
        if text and step.status in _SAID:
            say(step_line(step))

    done = ingest(work, folder, tell)
    if done.strangers:
        named = ", ".join(done.strangers[:_MOST]) + (", ..." if len(done.strangers) > _MOST else "")
        note(f"{count(len(done.strangers), 'result')} of no asset of the project left out: {named}")
    if done.run is None:
        if text:
            say(f"{origin}'s invocation {done.invocation} is in the history already; nothing was changed")
        else:
            say_json({"invocation": done.invocation, "run": None})
        return ExitCode.OK
    deliver(work)
    gates = {
        step.address: work.reads().gate(step.asset, None) for step in done.run.steps if step.status is StepStatus.HELD
    }
    if text:
        for address, answer in gates.items():
            say(f"{'':<9} {address}: {answer.sentence if answer else ''}")
        say(f"{origin}'s invocation {done.invocation}: {count(len(done.run.steps), 'asset')} in run {done.run.id}")
    else:
        say_json({"invocation": done.invocation, "run": done.run, "gates": list(gates.values())})
    return worst(step_code(step, gates.get(step.address)) for step in done.run.steps)
