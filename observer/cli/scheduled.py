"""``tidegate schedule`` and its verbs: what is due next, and what keeps it from being asked for."""

from __future__ import annotations

from typing import Annotated

import typer

from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import EnvOption, Format, FormatOption, ProjectOption, verb

schedule = typer.Typer(no_args_is_help=True, help="See what is due next and was decided last; pause and resume it.")

SelectArgument = Annotated[str, typer.Argument(help="Assets, as for run; all if left out.")]


@schedule.command("list")
@verb
def list_all(
    select: SelectArgument = "*",
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """Say when each asset is due next, and what was decided of it last and why."""
    from observer.cli.schedules import list_schedules

    return list_schedules(select, project, env, output)


@schedule.command()
@verb
def decisions(
    asset: Annotated[str, typer.Argument(help="The asset.")],
    last: Annotated[int, typer.Option(help="How many decisions.", min=1, max=1000)] = 20,
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """List what was decided of an asset, the newest first."""
    from observer.cli.schedules import list_decisions

    return list_decisions(asset, last, project, env, output)


@schedule.command()
@verb
def pause(
    select: Annotated[str, typer.Argument(help="The assets whose schedules are not to be followed.")],
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why; it stays in the history.")],
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """Ask for nothing of some assets until they are resumed; what falls due meanwhile is passed over."""
    from observer.cli.schedules import pause_selected

    return pause_selected(select, reason, project, env, output)


@schedule.command()
@verb
def resume(
    select: Annotated[str, typer.Argument(help="The assets whose schedules are to be followed again.")],
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """Follow the schedules of some assets again, from now on."""
    from observer.cli.schedules import resume_selected

    return resume_selected(select, project, env, output)


@schedule.command()
@verb
def tell(
    event: Annotated[str, typer.Argument(help="The event that `ob.on_event(...)` waits for.")],
    event_id: Annotated[
        str | None, typer.Option("--id", help="Its identity: told twice, it counts once. One of its own, if left out.")
    ] = None,
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """Tell the scheduler of an event outside."""
    from observer.cli.schedules import tell_of

    return tell_of(event, event_id, project, env, output)
