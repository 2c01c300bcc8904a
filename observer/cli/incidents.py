"""``tidegate incidents``: the inbox, one incident, and what people do with it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from observer import triage
from observer.cli.duration import seconds
from observer.cli.exit_codes import ExitCode
from observer.cli.instant import instant
from observer.cli.speaking import Format, opened, say, say_json
from observer.cli.user import user_name
from observer.cli.working import Deed
from observer.errors import IncidentError, UnknownIncident
from observer.model import Incident, IncidentStatus, Resolution, Severity
from observer.project import Project
from observer.quantities import count, quantity
from observer.reads.incident_model import IncidentPage, PrecisionRow
from observer.reads.model import IncidentRow
from observer.turns import BY_PEOPLE

_OPEN = tuple(status for status in IncidentStatus if status is not IncidentStatus.RESOLVED)


def work_on_incidents(
    deed: Deed, number: int | None, status: IncidentStatus | None, last: int, how: Resolution | None,
    length: str | None, until: str | None, to: list[str], reason: str, project: Path | None, env: str | None,
    output: Format,
) -> ExitCode:  # fmt: skip
    """Do what was asked, and say what has become of it."""
    _check(deed, number, how, length, until, to)
    work = opened(project, env)
    if deed is Deed.LIST:
        return _list(work, status, last, output)
    if deed is Deed.PRECISION:
        return _precision(work, output)
    assert number is not None, "it was checked"
    if deed is Deed.SHOW:
        return _show(work, number, output)
    incident = _do(work, deed, number, how, length, until, to, reason)
    work.deliver()
    if output is Format.JSON:
        say_json(incident)
    else:
        say(f"incident #{incident.id} is {_state(incident.status, incident.until, incident.resolved_as)}")
    return ExitCode.OK


def _do(
    work: Project, deed: Deed, number: int, how: Resolution | None, length: str | None, until: str | None,
    to: list[str], reason: str,
) -> Incident:  # fmt: skip
    by = user_name()
    match deed:
        case Deed.ACK:
            return triage.acknowledge(work, number, by=by, reason=reason)
        case Deed.SNOOZE:
            return triage.snooze(work, number, _until(work, length, until), by=by, reason=reason)
        case Deed.ASSIGN:
            return triage.assign(work, number, to, by=by, reason=reason)
        case Deed.RESOLVE:
            assert how is not None, "it was checked"
            return triage.resolve(work, number, how, by=by, reason=reason)
        case Deed.REOPEN:
            return triage.reopen(work, number, by=by, reason=reason)
        case _:
            return triage.note(work, number, reason, by=by)


def _check(
    deed: Deed, number: int | None, how: Resolution | None, length: str | None, until: str | None, to: list[str]
) -> None:
    """Raises IncidentError for what was given and doesn't go with it, or is missing."""
    if (number is None) is not (deed in (Deed.LIST, Deed.PRECISION)):
        what = "takes no number" if number is not None else f"needs the incident's number: tidegate incidents {deed} 7"
        raise IncidentError(f"tidegate incidents {deed} {what}; nothing was changed")
    if (how is not None) is not (deed is Deed.RESOLVE):
        words = ", ".join(BY_PEOPLE)
        raise IncidentError(f"--as says how an incident is resolved, one of {words}: tidegate incidents resolve 7 --as")
    if (length is not None or until is not None) is not (deed is Deed.SNOOZE) or (length and until):
        raise IncidentError("--for or --until, one of both, goes with snooze: tidegate incidents snooze 7 --for 2h")
    if to and deed is not Deed.ASSIGN:
        raise IncidentError("--to says whose it is: tidegate incidents assign 7 --to ana@example.com")


def _until(work: Project, length: str | None, until: str | None) -> datetime:
    if until is not None:
        return instant(until, "--until")
    return work.clock.now() + timedelta(seconds=seconds(length or "", "--for"))


def _list(work: Project, status: IncidentStatus | None, last: int, output: Format) -> ExitCode:
    """One line each; 1 where one of severity error waits for somebody."""
    page = work.reads().incidents(_OPEN if status is None else (status,), limit=last)
    code = ExitCode.OK
    if any(row.severity is Severity.ERROR and row.status is IncidentStatus.OPEN for row in page.incidents):
        code = ExitCode.FAILED
    if output is Format.JSON:
        say_json({"counts": dict(page.counts), "incidents": page.incidents, "more": page.more})
        return code
    for row in page.incidents:
        say(f"#{row.id:<5} {row.severity:<5} {row.status:<12} {row.opened_at:%Y-%m-%d %H:%M}  {_line(row)}")
    if not page.incidents:
        say("no incident is open" if status is None else f"no incident is {status}")
    elif page.more:
        say(f"there are older ones: tidegate incidents --last {last * 2}")
    return code


def _line(row: IncidentRow) -> str:
    where = row.asset if row.partition is None else f"{row.asset} {row.partition}"
    downstream = f"; {count(len(row.affected), 'asset')} downstream" if row.affected else ""
    return f"{where}: {row.sentence}{downstream}"


def _show(work: Project, number: int, output: Format) -> ExitCode:
    page = work.reads().incident(number)
    if page is None:
        raise UnknownIncident(number)
    if output is Format.JSON:
        say_json(page)
        return ExitCode.OK
    row = page.incident
    say(f"incident #{row.id} of severity {row.severity} is {_state(row.status, row.until, row.resolved_as)}")
    say(_line(row))
    facts = {
        "since": f"{row.opened_at:%Y-%m-%d %H:%M} UTC", "owner": ", ".join(row.owners) or "nobody",
        "last good": row.last_good or "none", "affected": ", ".join(row.affected) or "nothing downstream",
        "resolution": row.resolution or "", "told": row.notified,
    }  # fmt: skip
    for name, text in facts.items():
        if text:
            say(f"  {name:<11}{text}")
    _say_more(page)
    say(f"{work.observer.dashboard_url}/incidents/{row.id}")
    return ExitCode.OK


def _say_more(page: IncidentPage) -> None:
    if page.clues:
        say("changed around then")
        for clue in page.clues:
            say(f"  {clue.kind:<9}{clue.sentence}")
    say("history")
    for turn in page.turns:
        said = f": {turn.text}" if turn.text else ""
        say(f"  {turn.at:%Y-%m-%d %H:%M}  {turn.kind} by {turn.by}{said}")


def _precision(work: Project, output: Format) -> ExitCode:
    rows = work.reads().incidents(limit=1).precision
    if output is Format.JSON:
        say_json(rows)
        return ExitCode.OK
    for row in rows:
        say(f"{_share(row):>6}  {row.asset} {row.subject}: {_counts(row)}")
    if not rows:
        say("there was no incident yet")
    return ExitCode.OK


def _share(row: PrecisionRow) -> str:
    return "-" if row.precision is None else quantity(row.precision, "rate")


def _counts(row: PrecisionRow) -> str:
    return (
        f"{row.confirmed} confirmed, {row.expected} expected, {count(row.false_alarms, 'false alarm')}, "
        f"{row.open} not said"
    )


def _state(status: IncidentStatus, until: datetime | None, how: Resolution | None) -> str:
    asleep = f" until {until:%Y-%m-%d %H:%M} UTC" if until is not None else ""
    return f"{status}{asleep}" if how is None else f"{status} ({how})"
