"""``tidegate schedule list``, ``decisions``, ``pause``, ``resume`` and ``tell``."""

from __future__ import annotations

import secrets
from pathlib import Path

from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import Format, opened, say, say_json
from observer.cli.user import user_name
from observer.quantities import count
from observer.schedules import (
    ScheduleLine,
    decisions_on,
    pause_schedules,
    resume_schedules,
    schedule_lines,
    tell_event,
)


def list_schedules(select: str, project: Path | None, env: str | None, output: Format) -> ExitCode:
    """Print an asset a line: when it is due next, by what, and what was decided last."""
    work = opened(project, env)
    found = schedule_lines(work, work.select(select))
    if output is Format.JSON:
        say_json(found)
        return ExitCode.OK
    if not work.config.schedules:
        say(f"the environment {work.config.name} follows no schedules (schedules = false in {work.config.where})")
    width = max((len(line.asset) for line in found), default=0)
    for line in found:
        say(f"{_next(line):<21}  {line.asset:<{width}}  {line.schedule}")
        if line.last is not None:
            say(f"{'':<21}  {'':<{width}}  {line.last.at:%Y-%m-%d %H:%M} UTC {line.last.outcome}: {line.last.reason}")
    if not found:
        say("none of these has a schedule, or a freshness policy to be kept by")
    return ExitCode.OK


def _next(line: ScheduleLine) -> str:
    if line.pause is not None:
        return "paused"
    return "when it happens" if line.next_at is None else f"{line.next_at:%Y-%m-%d %H:%M} UTC"


def list_decisions(asset: str, last: int, project: Path | None, env: str | None, output: Format) -> ExitCode:
    """Print what was decided of an asset."""
    found = decisions_on(opened(project, env), asset, last)
    if output is Format.JSON:
        say_json(found)
        return ExitCode.OK
    for one in found:
        say(f"{one.at:%Y-%m-%d %H:%M} UTC  {one.outcome:<11}  {one.reason}")
    if not found:
        say(f"nothing was decided of {asset} yet")
    return ExitCode.OK


def pause_selected(select: str, reason: str, project: Path | None, env: str | None, output: Format) -> ExitCode:
    """Pause schedules, and say which."""
    work = opened(project, env)
    found = pause_schedules(work, work.select(select), reason=reason, by=user_name())
    if output is Format.JSON:
        say_json({"paused": found})
        return ExitCode.OK
    say(f"{count(len(found), 'schedule')} paused: {', '.join(found)}; what falls due meanwhile is passed over")
    return ExitCode.OK


def resume_selected(select: str, project: Path | None, env: str | None, output: Format) -> ExitCode:
    """Resume schedules, and say which."""
    work = opened(project, env)
    found = resume_schedules(work, work.select(select), by=user_name())
    if output is Format.JSON:
        say_json({"resumed": found})
        return ExitCode.OK
    say(f"{count(len(found), 'schedule')} resumed: {', '.join(found)}" if found else "none of these was paused")
    return ExitCode.OK


def tell_of(event: str, event_id: str | None, project: Path | None, env: str | None, output: Format) -> ExitCode:
    """Take an event in, and say what it makes due."""
    work = opened(project, env)
    told = tell_event(work, event, event_id or secrets.token_hex(8), by=user_name())
    if output is Format.JSON:
        say_json(told)
        return ExitCode.OK
    what = f"makes {', '.join(told.assets)} due" if told.new else "was told before and counts once"
    say(f"event {event} {told.id} {what}")
    return ExitCode.OK
