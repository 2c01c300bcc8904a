"""The verbs about what others keep and have done elsewhere; ``app.py`` has all others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from observer.cli.exit_codes import ExitCode
from observer.cli.origin import Origin
from observer.cli.speaking import ConfigOption, EnvOption, Format, FormatOption, ProjectOption, verb


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
