"""The verbs of ``tidegate``; each is one function in a file of its own, imported when it is called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from observer.cli import access, alerting, db, elsewhere, quieting, scheduled, serving, sharing, watching, working
from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import ConfigOption, EnvOption, Format, FormatOption, PartitionOption, ProjectOption, verb

app = typer.Typer(
    name="tidegate",
    help="Is the table right, and up to date, before anything reads it?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog=(
        "Exit codes: 0 passed or open, 1 failed or held, 2 wrong use or invalid project, "
        "3 could not evaluate, 4 waited too long, 130 interrupted or cancelled."
    ),
)


def _say_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"tidegate {version('tidegate')}")
        raise typer.Exit


@app.callback()
def tidegate(
    version: Annotated[
        bool, typer.Option("--version", help="Say which Tidegate this is.", callback=_say_version, is_eager=True)
    ] = False,
) -> None:
    """Is the table right, and up to date, before anything reads it?"""


Selection = Annotated[
    str,
    typer.Argument(help="Assets: NAME, +NAME (and upstream), NAME+2, tag:T, group:G, owner:O, kind:K, a,b or '*'."),
]


@app.command()
@verb
def init(
    folder: Annotated[Path, typer.Argument(help="Where; the current folder if left out.")] = Path("."),
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """Make a project: a tidegate.toml and a pipeline.py that runs."""
    from observer.cli.init import make_project

    return make_project(folder, output)


@app.command()
@verb
def plan(
    select: Selection,
    partition: PartitionOption = None,
    force: Annotated[bool, typer.Option("--force", help="Make the selected assets again, changed or not.")] = False,
    config: ConfigOption = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say also what the plan's words mean.")] = False,
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """Say what a run would do, step by step, and why. Runs nothing."""
    from observer.cli.plan import show_plan

    return show_plan(select, partition, force, config or (), explain, project, env, output)


@app.command()
@verb
def run(
    select: Selection,
    partition: PartitionOption = None,
    force: Annotated[bool, typer.Option("--force", help="Make the selected assets again, changed or not.")] = False,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Begin nothing more after a failure.")] = False,
    config: ConfigOption = None,
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """Materialize assets and whatever upstream of them needs it; publish what is good, hold what is not."""
    from observer.cli.run import run_assets

    return run_assets(select, partition, force, fail_fast, config or (), project, env, output)


@app.command()
@verb
def resume(
    run: Annotated[
        str | None, typer.Argument(help="The run's id; the last one that did not succeed, if left out.")
    ] = None,
    fail_fast: Annotated[
        bool | None,
        typer.Option("--fail-fast/--keep-going", help="Whether a failure ends it; as that run was told, if left out."),
    ] = None,
    config: ConfigOption = None,
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """Go on with a run from where it broke: what was published is skipped, all else is tried again."""
    from observer.cli.resume import resume_run

    return resume_run(run, fail_fast, config or (), project, env, output)


@app.command()
@verb
def cancel(
    run: Annotated[str | None, typer.Argument(help="The run's id; the one that runs, if left out.")] = None,
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why; it stays in the history.")] = "",
    wait: Annotated[str, typer.Option(help="Wait until it has ended, at most so long: 0s, 90s, 10m.")] = "10s",
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """End a run from anywhere: stop what is under way, publish nothing more."""
    from observer.cli.cancel import cancel_run

    return cancel_run(run, reason, wait, project, env, output)


@app.command()
@verb
def check(
    asset: Annotated[str, typer.Argument(help="The asset whose checks are to be run.")],
    partition: PartitionOption = None,
    dry: Annotated[bool, typer.Option("--dry-run", help="Record nothing.")] = False,
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """Run an asset's checks on what is published and held, and say which way each ran; make nothing."""
    from observer.cli.check import check_asset

    return check_asset(asset, partition, dry, project, env, output)


@app.command()
@verb
def gate(
    asset: Annotated[str, typer.Argument(help="The asset that you are about to read.")],
    partition: PartitionOption = None,
    wait: Annotated[str | None, typer.Option(help="Wait until it is open, at most so long: 90s, 10m, 2h.")] = None,
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """Ask whether what is downstream may run: exit code 0 open, 1 held, 3 unknown, 4 waited too long."""
    from observer.cli.gate import ask_gate

    return ask_gate(asset, partition, wait, project, env, output)


@app.command()
@verb
def release(
    asset: Annotated[str, typer.Argument(help="The asset whose held version is to be published.")],
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why; it stays in the history.")],
    partition: PartitionOption = None,
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """Publish a held version, for good, with a reason."""
    from observer.cli.release import release_version

    return release_version(asset, partition, reason, project, env, output)


Reason = Annotated[str, typer.Option("--reason", "-r", help="Why; it stays in the history.")]


@app.command()
@verb
def versions(
    asset: Annotated[str, typer.Argument(help="The asset.")],
    partition: PartitionOption = None,
    last: Annotated[int, typer.Option(help="How many versions.", min=1, max=10_000)] = 30,
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """List the versions of an asset: what readers see, what was before, what is held, and whether its data is there."""
    from observer.cli.versions import show_versions

    return show_versions(asset, partition, last, project, env, output)


@app.command()
@verb
def rollback(
    asset: Annotated[str, typer.Argument(help="The asset of which an earlier version is to be published again.")],
    reason: Reason,
    to: Annotated[str | None, typer.Option("--to", help="A version's id; else the one before.")] = None,
    partition: PartitionOption = None,
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """Put an earlier published version back, with a reason; what reads it is made again by the next run."""
    from observer.cli.versions import roll_back_version

    return roll_back_version(asset, partition, to, reason, project, env, output)


@app.command()
@verb
def discard(
    asset: Annotated[str, typer.Argument(help="The asset whose held version is to be thrown away.")],
    reason: Reason,
    partition: PartitionOption = None,
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """Throw a held version away, with a reason; the next run makes it anew."""
    from observer.cli.versions import discard_version

    return discard_version(asset, partition, reason, project, env, output)


@app.command()
@verb
def override(
    asset: Annotated[str, typer.Argument(help="The asset whose gate is to be open for a while.")],
    reason: Reason,
    length: Annotated[str, typer.Option("--for", help="How long: 30m, 2h, 3d.")],
    subject: Annotated[
        str | None, typer.Option(help="A check or monitor that is not to hold, e.g. 'null_rate(price)'.")
    ] = None,
    partition: PartitionOption = None,
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """Let what is downstream read a held version for a while, or one check or monitor not hold; with a reason."""
    from observer.cli.overrides import override as override_for

    return override_for(asset, subject, partition, length, reason, project, env, output)


@app.command()
@verb
def prune(
    select: Annotated[str, typer.Argument(help="Assets, as for run; all if left out.")] = "*",
    dry: Annotated[bool, typer.Option("--dry-run", help="Say what would go; remove nothing.")] = False,
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """Remove the data of earlier versions that the environment's retention lets go of."""
    from observer.cli.versions import prune_versions

    return prune_versions(select, dry, project, env, output)


@app.command()
@verb
def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Clear what crashes left behind.")] = False,
    deep: Annotated[bool, typer.Option("--deep", help="Also read every published version.")] = False,
    send: Annotated[bool, typer.Option("--send", help="Post a test message to each channel.")] = False,
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """Check every connection and right of an environment, and find what crashes left behind."""
    from observer.cli.doctor import show_health

    return show_health(fix, deep, send, project, env, output)


@app.command("ls")
@verb
def list_assets(
    select: Annotated[str, typer.Argument(help="Assets, as for run; all if left out.")] = "*",
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """List assets with their state."""
    from observer.cli.listing import list_states

    return list_states(select, project, env, output)


@app.command()
@verb
def history(
    asset: Annotated[str, typer.Argument(help="The asset.")],
    metric: Annotated[str, typer.Argument(help="A metric: row_count, null_rate, mean ..., or a check.")],
    column: Annotated[str | None, typer.Option(help="The column, for a metric of columns.")] = None,
    segment: Annotated[str | None, typer.Option(help="One segment of it: 'carrier=UA'.")] = None,
    daily: Annotated[bool, typer.Option("--daily", help="A line a day, of days let go of too.")] = False,
    over: Annotated[
        str | None, typer.Option(help="Partitions put together: day, week, month, year, all, or how many.")
    ] = None,
    decompose: Annotated[bool, typer.Option("--decompose", help="As level, season and remainder.")] = False,
    last: Annotated[int, typer.Option(help="How many points.", min=1, max=10_000)] = 30,
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """Show how a metric has gone, with what was expected; or what a check has said."""
    from observer.cli.history import show_history

    return show_history(asset, metric, column, segment, daily, over, decompose, last, project, env, output)


@app.command()
@verb
def demo(
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Show the dashboard afterwards.")] = True,
    port: Annotated[int | None, typer.Option(help="The dashboard's port; else a free one from 8000 on.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget what an earlier demo has done.")] = False,
    project: ProjectOption = None,
    env: EnvOption = None,
) -> ExitCode | None:
    """Replay New York's flights of early 2013 until the gate closes on the blizzard of 8 February."""
    from observer.cli.demo import play

    return play(serve, port, fresh, project, env)


app.command()(watching.mark)
app.command("monitors")(watching.list_monitors)
app.command()(watching.backtest)
app.command()(elsewhere.observe)
app.command()(elsewhere.runs)
app.command("ingest")(elsewhere.take_in)
app.command()(quieting.mute)
app.command()(quieting.unmute)
app.command()(working.incidents)
app.command()(working.maintenance)
app.add_typer(alerting.alerts, name="alerts")
app.add_typer(access.token, name="token")
app.command()(sharing.report)
app.command()(serving.dev)
app.command()(serving.serve)
app.command()(serving.worker)
app.add_typer(scheduled.schedule, name="schedule")
app.add_typer(db.db, name="db")
