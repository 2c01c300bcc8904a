"""The verbs about incidents: what people do with them, and when nobody is to be told."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import EnvOption, Format, FormatOption, ProjectOption, verb
from observer.model import IncidentStatus, Resolution
from observer.turns import BY_PEOPLE


class Deed(StrEnum):
    """What is done with incidents, or one of them."""

    LIST = "list"
    SHOW = "show"
    ACK = "ack"
    SNOOZE = "snooze"
    ASSIGN = "assign"
    RESOLVE = "resolve"
    REOPEN = "reopen"
    NOTE = "note"
    PRECISION = "precision"


def _ending(text: str) -> Resolution:
    if text not in BY_PEOPLE:
        raise typer.BadParameter(f"{text!r} is not one of {', '.join(map(repr, map(str, BY_PEOPLE)))}.")
    return Resolution(text)


@verb
def incidents(
    deed: Annotated[Deed, typer.Argument(metavar="DEED", help=f"What to do: {', '.join(Deed)}.")] = Deed.LIST,
    number: Annotated[int | None, typer.Argument(help="The incident's number.")] = None,
    status: Annotated[
        IncidentStatus | None, typer.Option(help="Those to list; else all that are not resolved.")
    ] = None,
    last: Annotated[int, typer.Option(help="How many to list, the newest.", min=1, max=1_000)] = 100,
    how: Annotated[
        Resolution | None, typer.Option("--as", help="How it ended.", parser=_ending, metavar="|".join(BY_PEOPLE))
    ] = None,
    length: Annotated[str | None, typer.Option("--for", help="How long to snooze: 1h, 3d.")] = None,
    until: Annotated[str | None, typer.Option(help="Until when to snooze: 2013-02-09T09:00+01:00.")] = None,
    to: Annotated[list[str] | None, typer.Option(help="An owner to assign it to; may be given several times.")] = None,
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why, or the note; it stays in its history.")] = "",
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """List incidents, look at one, or take it up: acknowledge, snooze, assign, resolve, reopen, note."""
    from observer.cli.incidents import work_on_incidents

    return work_on_incidents(deed, number, status, last, how, length, until, to or [], reason, project, env, output)


@verb
def maintenance(
    select: Annotated[str | None, typer.Argument(help="Assets, as for run; left out, the windows are listed.")] = None,
    start: Annotated[str | None, typer.Option("--from", help="When it begins: 2013-02-09T22:00; else now.")] = None,
    until: Annotated[str | None, typer.Option(help="When it ends.")] = None,
    length: Annotated[str | None, typer.Option("--for", help="Or how long it lasts: 30m, 2h, 3d.")] = None,
    cron: Annotated[str | None, typer.Option(help="Again and again: '0 2 * * sun'.")] = None,
    timezone: Annotated[str, typer.Option(help="In which --cron is meant.")] = "UTC",
    end: Annotated[int | None, typer.Option(help="End the window of this number before its time.")] = None,
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why; it stays in the history.")] = "",
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """Tell nobody of some assets for a while; they are judged and held as ever, and what is left is told at its end."""
    from observer.cli.maintenance import keep_maintenance

    return keep_maintenance(select, start, until, length, cron, timezone, end, reason, project, env, output)
