"""The verbs about monitors and what they learn from; ``app.py`` has all others."""

from __future__ import annotations

from typing import Annotated

import typer

from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import EnvOption, Format, FormatOption, PartitionOption, ProjectOption, verb
from observer.model import Every, FeedbackKind


@verb
def mark(
    asset: Annotated[str, typer.Argument(help="The asset whose newest version is meant.")],
    kind: Annotated[FeedbackKind | None, typer.Option("--as", help="What it is; else what was said is listed.")] = None,
    subject: Annotated[
        str | None, typer.Option(help="One monitor, e.g. 'null_rate(price)'; else those that alarmed.")
    ] = None,
    every: Annotated[Every | None, typer.Option(help="How often it comes again, of what is recurring.")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take the last word back.")] = False,
    word: Annotated[int | None, typer.Option(help="The number of another word to take back, as listed.")] = None,
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why; it stays in the history.")] = "",
    preview: Annotated[bool, typer.Option("--preview", help="Say what it would change; change nothing.")] = False,
    partition: PartitionOption = None,
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """Say of a version whether it is right, and whether monitors learn from it; undone in one step."""
    from observer.cli.mark import mark_version

    return mark_version(asset, partition, kind, subject, every, reason, preview, undo, word, project, env, output)


@verb
def list_monitors(
    select: Annotated[str, typer.Argument(help="Assets, as for run; all if left out.")] = "*",
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """List monitors: what each costs in false alarms, what it would notice today, and what it is blind to."""
    from observer.cli.monitors import show_monitors

    return show_monitors(select, project, env, output)


@verb
def backtest(
    select: Annotated[str, typer.Argument(help="Assets, as for run; all if left out.")] = "*",
    monitor: Annotated[str | None, typer.Option(help="One monitor: 'null_rate(price)'.")] = None,
    last: Annotated[int, typer.Option(help="How many points of each series.", min=1, max=10_000)] = 400,
    alpha: Annotated[float | None, typer.Option(help="The alpha to judge by, instead of each monitor's own.")] = None,
    compare: Annotated[
        str | None, typer.Option(help="What else to judge by: an environment, a project's folder, a .toml, a .py.")
    ] = None,
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """Try monitors on the stored history: false alarms, and which injected faults they find. Writes nothing."""
    from observer.cli.backtest import show_backtest

    return show_backtest(select, monitor, last, alpha, compare, project, env, output)
