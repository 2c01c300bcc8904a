"""The verb that hands on how things stand; ``app.py`` has all others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import EnvOption, Format, FormatOption, ProjectOption, verb


@verb
def report(
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write, e.g. report.html.")],
    select: Annotated[str, typer.Argument(help="Assets, as for run; all if left out.")] = "*",
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """Write how things stand to one HTML file that opens without a server: the sentence, incidents, assets, plots."""
    from observer.cli.report import write_report

    return write_report(select, out, force, project, env, output)
