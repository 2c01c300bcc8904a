"""``tidegate resume``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from observer.cli.exit_codes import ExitCode
from observer.cli.run import walk
from observer.cli.speaking import Format, note, opened, say, say_json
from observer.quantities import count
from orchestration.resume import Resumption


def resume_run(
    run: str | None,
    fail_fast: bool | None,
    settings: Sequence[str],
    project: Path | None,
    env: str | None,
    output: Format,
) -> ExitCode:
    """Go on with a run, or say that nothing is left of it."""
    work = opened(project, env, settings)
    left = work.resume(run)
    if left.gone:
        note(_gone(left))
    if left.is_needless:
        if output is Format.JSON:
            say_json({"resumes": left.run.id, "run": None, "gates": []})
        else:
            say(_needless(left))
        return ExitCode.OK
    if output is Format.TEXT:
        asked = f"{left.run.selection} {left.run.partitions}".rstrip()
        say(f"resuming run {left.run.id}: {asked}, which ended as {left.run.status}")
    swift = left.run.fail_fast if fail_fast is None else fail_fast
    return walk(
        work, left.plan, trigger=f"resume of {left.run.id}", fail_fast=swift, resumes=left.run.id, output=output
    )


def _needless(left: Resumption) -> str:
    if left.done_by is not None:
        return f"run {left.run.id} was resumed by run {left.done_by}, which succeeded; nothing is left to do"
    return f"nothing is left to do: all that run {left.run.id} had to do is done and up to date"


def _gone(left: Resumption) -> str:
    names = [str(address) for address in left.gone]
    more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
    they = "it is" if len(names) == 1 else "they are"
    steps = count(len(names), "step")
    return f"{steps} of run {left.run.id} the project no longer has; {they} left out: {', '.join(names[:5])}{more}"
