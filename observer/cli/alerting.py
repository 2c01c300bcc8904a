"""``tidegate alerts`` and its verbs: who is told, and what could not be delivered."""

from __future__ import annotations

from typing import Annotated

import typer

from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import EnvOption, Format, FormatOption, ProjectOption, verb

alerts = typer.Typer(no_args_is_help=True, help="See who is told and what could not be delivered; deliver it again.")


@alerts.command()
@verb
def routes(
    select: Annotated[str, typer.Argument(help="Assets, as for run; all if left out.")] = "*",
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """Say which channels hear of incidents of each asset, by severity, and how each channel fares."""
    from observer.cli import alerts as verbs

    return verbs.show_routes(select, project, env, output)


@alerts.command()
@verb
def dead(project: ProjectOption = None, env: EnvOption = None, output: FormatOption = Format.TEXT) -> ExitCode | None:
    """List the messages that were given up, the newest first, and why: exit code 1 if there are any."""
    from observer.cli import alerts as verbs

    return verbs.list_dead(project, env, output)


@alerts.command()
@verb
def replay(
    message: Annotated[
        str | None, typer.Argument(metavar="ID", help="The message's id, as `alerts dead` says it.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every message that was given up.")] = False,
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """Deliver what was given up, with the same id as before; what fails again is tried as ever."""
    from observer.cli import alerts as verbs

    return verbs.try_again(message, everything, project, env, output)


@alerts.command("test")
@verb
def try_out(
    channel: Annotated[str, typer.Argument(help="The channel's name.")],
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """Send a channel a message that says nothing is wrong."""
    from observer.cli import alerts as verbs

    return verbs.send_test(channel, project, env, output)
