"""``tidegate check``: the checks of an asset on what is there, without making anything."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from observer.cli.exit_codes import ExitCode, worst
from observer.cli.speaking import Format, note, opened, plain, say, say_json
from observer.model import Evaluation, EvaluationStatus, Severity, Way
from observer.quantities import count, quantity
from observer.rechecking import Rechecked, recheck, release_command

_WAYS = {
    Way.SCAN: "one scan",
    Way.FETCHED: "a scan of fetched rows",
    Way.SQL: "SQL",
    Way.PYTHON: "Python",
    Way.LIBRARY: "a library",
    None: "not run",
}


def check_asset(
    asset: str, partition: str | None, dry: bool, project: Path | None, env: str | None, output: Format
) -> ExitCode:
    """Run the checks, say what each said and which way it ran."""
    work = opened(project, env)
    found = []
    for one in recheck(work, asset, partition, dry=dry):
        found.append(one)
        if output is Format.TEXT:
            _tell(one)
    if output is Format.JSON:
        say_json({"recorded": not dry, "versions": [plain(one) for one in found]})
    elif dry:
        note("nothing was recorded (--dry-run)")
    return worst(_code(one) for each in found for one in each.evaluations)


def _tell(one: Rechecked) -> None:
    said = Counter("muted" if each.muted else each.status.value for each in one.evaluations)
    counts = ", ".join(f"{number} {word}" for word, number in said.items())
    say(
        f"{one.address} ({one.status.value}, version {one.version}): {count(len(one.evaluations), 'check')} in "
        f"{quantity(one.seconds, 's')}: {counts}"
    )
    width = max(len(each.status.value) for each in one.evaluations)
    for each in one.evaluations:
        say(f"  {each.status.value:<{width}}  {each.subject} ({_WAYS[one.ways[each.subject]]}): {each.sentence}")
        if each.sample is not None:
            for row in each.sample.rows:
                cells = zip(each.sample.columns, row, strict=True)
                say(f"  {'':<{width}}    {', '.join(f'{name}={value}' for name, value in cells)}")
    if one.proposed:
        say(f"  nothing holds it any more; proposed for release: {release_command(one.address)}")
    if one.released:
        say("  nothing holds it any more; released by its gate's policy, and readers have it now")


def _code(one: Evaluation) -> ExitCode:
    if one.muted or one.severity is Severity.WARN:
        return ExitCode.OK
    if one.status is EvaluationStatus.FAILED:
        return ExitCode.FAILED
    return ExitCode.UNKNOWN if one.status is EvaluationStatus.UNKNOWN else ExitCode.OK
