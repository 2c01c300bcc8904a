"""The verbs about what others keep and have done elsewhere, and about runs that were; ``app.py`` has all others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from observer.cli.exit_codes import ExitCode
from observer.cli.origin import Origin
from observer.cli.speaking import (
    ConfigOption,
    EnvOption,
    Format,
    FormatOption,
    PartitionOption,
    ProjectOption,
    verb,
)


@verb
def observe(
    select: Annotated[str, typer.Argument(help="Sources, as for run; all if left out.")] = "kind:source",
    config: ConfigOption = None,
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """Look at sources: measure and judge them, and how old they are; make nothing."""
    from observer.cli.observe import observe_sources

    return observe_sources(select, config or (), project, env, output)


@verb
def take_in(
    origin: Annotated[Origin, typer.Argument(help="Whose artifacts: dbt.")],
    folder: Annotated[Path, typer.Argument(help="The folder they lie in, such as target/.")],
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """Take what a tool has done elsewhere into the history, by the artifacts that it left; each invocation once."""
    from observer.cli.ingest import ingest_artifacts

    return ingest_artifacts(origin, folder, project, env, output)


@verb
def runs(
    run: Annotated[str | None, typer.Argument(help="The run's id; left out, the last runs are listed.")] = None,
    logs: Annotated[bool, typer.Option("--logs", help="Say what each step said.")] = False,
    asset: Annotated[str | None, typer.Option(help="Only what the step of this asset said.")] = None,
    partition: PartitionOption = None,
    last: Annotated[int, typer.Option(help="How many runs to list, the newest.", min=1, max=1_000)] = 20,
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """List the last runs; of one say what became of each step, or what its code said while it ran."""
    from observer.cli.runs import show_runs

    return show_runs(run, asset, partition, logs, last, project, env, output)
