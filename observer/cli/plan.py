"""``tidegate plan``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import Format, opened, say, say_json
from orchestration.plan import explain


def show_plan(
    select: str,
    partition: str | None,
    force: bool,
    settings: Sequence[str],
    meanings: bool,
    project: Path | None,
    env: str | None,
    output: Format,
) -> ExitCode:
    """Print the plan that ``run`` would walk; ``meanings``: with what its words mean."""
    planned = opened(project, env, settings).plan(select, partition, force=force)
    if output is Format.JSON:
        say_json(planned)
    else:
        say(explain(planned, meanings=meanings))
    return ExitCode.OK
