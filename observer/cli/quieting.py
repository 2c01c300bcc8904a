"""The verbs that keep a check or monitor quiet for a while."""

from __future__ import annotations

from typing import Annotated

import typer

from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import EnvOption, Format, FormatOption, PartitionOption, ProjectOption, verb


@verb
def mute(
    asset: Annotated[str, typer.Argument(help="The asset.")],
    subject: Annotated[str, typer.Argument(help="The check or monitor, e.g. 'unique(id)'.")],
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why; it stays in the history.")],
    length: Annotated[str, typer.Option("--for", help="How long: 30m, 2h, 3d.")],
    partition: PartitionOption = None,
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """Let a check or monitor neither hold nor tell for a while, with a reason; it is evaluated and recorded as ever."""
    from observer.cli.mutes import mute_subject

    return mute_subject(asset, subject, partition, length, reason, project, env, output)


@verb
def unmute(
    asset: Annotated[str, typer.Argument(help="The asset.")],
    subject: Annotated[str, typer.Argument(help="The check or monitor that is muted.")],
    partition: PartitionOption = None,
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """End a mute before its time."""
    from observer.cli.mutes import unmute_subject

    return unmute_subject(asset, subject, partition, project, env, output)
