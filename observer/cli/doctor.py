"""``tidegate doctor``."""

from __future__ import annotations

from pathlib import Path

from observer.cli.exit_codes import ExitCode, worst
from observer.cli.speaking import Format, say, say_json
from observer.doctor.examine import examine
from observer.doctor.model import Finding, Health
from observer.quantities import count
from observer.settings import variable

_CODES = {Health.BROKEN: ExitCode.FAILED, Health.UNKNOWN: ExitCode.UNKNOWN}


def show_health(fix: bool, deep: bool, send: bool, project: Path | None, env: str | None, output: Format) -> ExitCode:
    """Print what the doctor finds, a line each; 1 if something is broken, 3 if something could not be looked at."""
    found = examine(project, env or variable("TIDEGATE_ENV"), fix=fix, deep=deep, send=send)
    code = worst(_CODES.get(one.health, ExitCode.OK) for one in found)
    if output is Format.JSON:
        say_json({"healthy": code is ExitCode.OK, "findings": found})
        return code
    width = max(len(one.part) for one in found)
    for one in found:
        say(_line(one, width))
    say(_summary(found))
    return code


def _line(one: Finding, width: int) -> str:
    remedy = f"; do: {one.remedy}" if one.remedy else ""
    return f"{one.health.value:<8} {one.part:<{width}}  {one.said}{remedy}"


def _summary(found: tuple[Finding, ...]) -> str:
    numbers = {health: sum(one.health is health for one in found) for health in Health}
    if not numbers[Health.BROKEN] and not numbers[Health.UNKNOWN]:
        warnings = f", {count(numbers[Health.WARNING], 'warning')}" if numbers[Health.WARNING] else ""
        return f"this environment can do its work{warnings}"
    said = [f"{numbers[health]} {health.value}" for health in (Health.BROKEN, Health.UNKNOWN) if numbers[health]]
    return f"this environment can't do its work as it is: {', '.join(said)}"
