"""``tidegate db`` and its verbs: the state database, its schema, and copies of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import EnvOption, Format, FormatOption, ProjectOption, verb

db = typer.Typer(no_args_is_help=True, help="Look at the state database, upgrade it, keep a copy and put one back.")

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The copy: a file of SQLite's.")]


@db.command()
@verb
def status(project: ProjectOption = None, env: EnvOption = None, output: FormatOption = Format.TEXT) -> ExitCode | None:
    """Say where the state is, of which schema, and how much it holds: exit code 1 where an upgrade is due."""
    from observer.cli import databases

    return databases.show(project, env, output)


@db.command()
@verb
def upgrade(
    dry: Annotated[bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")] = False,
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """Bring the schema to the one that this Tidegate speaks, in one transaction."""
    from observer.cli import databases

    return databases.bring_up(dry, project, env, output)


@db.command()
@verb
def backup(
    file: FileArgument,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """Keep a copy of the state as it is now, while others work with it."""
    from observer.cli import databases

    return databases.keep(file, force, project, env, output)


@db.command()
@verb
def restore(
    file: FileArgument,
    force: Annotated[bool, typer.Option("--force", help="Replace what the state holds.")] = False,
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """Put a copy back, on either engine, whole or not at all."""
    from observer.cli import databases

    return databases.put_back(file, force, project, env, output)


@db.command()
@verb
def prune(project: ProjectOption = None, env: EnvOption = None, output: FormatOption = Format.TEXT) -> ExitCode | None:
    """Let go now of whatever the environment's retention, history and records don't keep."""
    from observer.cli import databases

    return databases.prune(project, env, output)
