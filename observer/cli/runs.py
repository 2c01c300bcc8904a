"""``tidegate runs``: which there were, what became of one, and what its steps said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import Format, opened, say, say_json
from observer.errors import UnknownName
from observer.project import Project
from observer.quantities import count, quantity
from observer.reads import step_logs
from observer.reads.model import RunPage, StepRow
from observer.reads.run_model import LogRow, StepLogPage
from observer.reads.runs import last_runs, sentence
from orchestration.database import reading


def show_runs(
    run: str | None, asset: str | None, partition: str | None, logs: bool, last: int,
    project: Path | None, env: str | None, output: Format,
) -> ExitCode:  # fmt: skip
    """Print the last runs, or the steps of one, or what they said."""
    work = opened(project, env)
    if run is None:
        return _list(work, last, output)
    page = work.reads().run(run)
    if page is None:
        raise UnknownName("run", run, _ids(work))
    if asset is not None:
        return _say_logs([work.reads().step_log(run, asset, partition)], output)
    if logs:
        return _say_logs(list(_logs(work, page)), output)
    if output is Format.JSON:
        say_json(page)
        return ExitCode.OK
    say(f"run {page.run.id}: {page.sentence}")
    for step in page.steps:
        say(_line(step))
    if any(step.logs for step in page.steps):
        say(f"what they said: tidegate runs {page.run.id} --logs")
    return ExitCode.OK


def _ids(work: Project) -> list[str]:
    with reading(work.engine) as connection:
        return [row.id for row in last_runs(connection, 50)]


def _list(work: Project, last: int, output: Format) -> ExitCode:
    with reading(work.engine) as connection:
        rows = last_runs(connection, last)
    if output is Format.JSON:
        say_json(rows)
        return ExitCode.OK
    for row in rows:
        what = row.selection if row.selection not in ("", "*") else "all assets"
        part = f" {row.partitions}" if row.partitions else ""
        say(f"{row.status:<11} {row.id}  {row.started_at:%Y-%m-%d %H:%M} UTC  {what}{part}: {sentence(row)}")
    if not rows:
        say("nothing has been run yet; begin with: tidegate run '*'")
    return ExitCode.OK


def _line(step: StepRow) -> str:
    name = step.asset if step.partition is None else f"{step.asset} {step.partition}"
    took = f"{quantity(step.duration_s, 's')}, " if step.duration_s is not None and step.start_s is not None else ""
    tries = sum(one.kind == "try" for one in step.spans)
    noted = [f"tried {tries + 1} times"] if tries else []
    if said := sum(log.count + log.left_out for log in step.logs):
        noted.append(f"said {count(said, 'line')}")
    more = f" ({', '.join(noted)})" if noted else ""
    return f"{step.status:<11} {name}: {took}{step.error or step.reason}{more}"


def _logs(work: Project, page: RunPage) -> Iterator[StepLogPage]:
    with reading(work.engine) as connection:
        for step in page.steps:
            if step.logs:
                yield step_logs.of_step(connection, work, page.run.id, step.asset, step.partition)


def _say_logs(pages: Sequence[StepLogPage], output: Format) -> ExitCode:
    if output is Format.JSON:
        say_json(pages)
        return ExitCode.OK
    for page in pages:
        name = page.asset if page.partition is None else f"{page.asset} {page.partition}"
        for log in page.logs:
            say(f"{name}, {page.status}" + (f", try {log.number}" if len(page.logs) > 1 else ""))
            for line in log_lines(log):
                say(f"  {line}")
    if not any(page.logs for page in pages):
        say("nothing was said")
    return ExitCode.OK


def log_lines(log: LogRow) -> Iterator[str]:
    """What a try said, line by line, with the time since it began."""
    if log.left_out:
        yield f"... {count(log.left_out, 'line')} before these {'is' if log.left_out == 1 else 'are'} not kept"
    for line in log.lines:
        first, *others = line.text.split("\n")
        yield f"{line.offset_s:>9.3f} s  {line.level:<8} {line.source + ': ' if line.source else ''}{first}"
        yield from (f"{'':<20} {other}" for other in others)
    if log.unknown:
        yield f"... {log.unknown}"
