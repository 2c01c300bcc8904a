"""``tidegate maintenance``: for a while nobody is told of some assets."""

from __future__ import annotations

from pathlib import Path

from observer.cli.duration import seconds
from observer.cli.exit_codes import ExitCode
from observer.cli.instant import instant
from observer.cli.speaking import Format, opened, say, say_json
from observer.cli.user import user_name
from observer.errors import IncidentError
from observer.maintaining import end_window, plan_window, windows
from observer.maintenance import Maintenance
from observer.project import Project
from observer.quantities import quantity


def keep_maintenance(
    select: str | None, start: str | None, until: str | None, length: str | None, cron: str | None, timezone: str,
    end: int | None, reason: str, project: Path | None, env: str | None, output: Format,
) -> ExitCode:  # fmt: skip
    """Plan a window, end one, or list those that are open or to come."""
    if end is not None and select is not None:
        raise IncidentError("--end ends a window that is planned; leave the selection out; nothing was changed")
    work = opened(project, env)
    if end is not None:
        end_window(work, end, by=user_name())
        work.deliver()
    elif select is not None:
        given = plan_window(
            work, select, by=user_name(), reason=reason, starts_at=instant(start, "--from") if start else None,
            ends_at=instant(until, "--until") if until else None, for_s=seconds(length, "--for") if length else None,
            firing=cron, timezone=timezone,
        )  # fmt: skip
        if output is Format.JSON:
            say_json(given)
            return ExitCode.OK
        say(f"{_line(work, given)}")
        say("what is wrong meanwhile is judged, held and recorded as ever; people are told of what is left at its end")
        return ExitCode.OK
    return _list(work, output)


def _list(work: Project, output: Format) -> ExitCode:
    found = windows(work)
    if output is Format.JSON:
        say_json(found)
        return ExitCode.OK
    for one in found:
        say(_line(work, one))
    if not found:
        say("no maintenance window is open or planned")
    return ExitCode.OK


def _line(work: Project, one: Maintenance) -> str:
    until = one.until(work.clock.now())
    if one.ends_at is not None:
        begun = "open" if until is not None else f"from {one.starts_at:%Y-%m-%d %H:%M} UTC"
        when = f"{begun} until {one.ends_at:%Y-%m-%d %H:%M} UTC"
    else:
        when = f"at {one.cron} ({one.timezone}) for {quantity(one.length_s, 's')}"
        when += f", open until {until:%Y-%m-%d %H:%M} UTC" if until is not None else ""
    return f"{one.id:<4} {one.selection}: {when}; {one.by}: {one.reason}"
