"""``tidegate monitors``: what watches, what that costs in false alarms, and what it would notice."""

from __future__ import annotations

from pathlib import Path

from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import Format, opened, say, say_json
from observer.quantities import count, number
from observer.reads.watch import MonitorLine, Watch, watch


def show_monitors(select: str, project: Path | None, env: str | None, output: Format) -> ExitCode:
    """Print a line a monitor of numbers, and what all of them cost."""
    work = opened(project, env)
    found = watch(work, work.select(select))
    work.close()
    if output is Format.JSON:
        say_json(found)
        return ExitCode.OK
    width = max((len(_name(line)) for line in found.monitors), default=0)
    for line in found.monitors:
        say(f"{line.status.value if line.status else 'never':<9} {_name(line):<{width}}  {_said(line)}")
    say(_cost(found))
    return ExitCode.OK


def _name(line: MonitorLine) -> str:
    return f"{line.asset} {line.monitor}"


def _said(line: MonitorLine) -> str:
    chance = "a given bound" if line.false_alarms_per_week is None else f"wrong once in {number(round(1 / line.alpha))}"
    sees = line.sentence if line.sight is None or line.sight.runs_needed else line.sight.sentence(line.unit)
    return f"{line.severity.value}, {chance}; {sees}"


def _cost(found: Watch) -> str:
    learning = sum(1 for line in found.monitors if line.sight is not None and line.sight.runs_needed)
    blind = sum(1 for line in found.monitors if line.sight is not None and line.sight.is_blind)
    notes = [
        *([f"{count(learning, 'monitor')} can't judge yet"] if learning else []),
        *([f"{count(blind, 'monitor')} would notice nothing"] if blind else []),
    ]
    cost = f"{count(len(found.monitors), 'monitor')}: {_weekly(found.false_alarms_per_week)} false alarms a week"
    if found.budget is not None:
        shared = _weekly(found.all_false_alarms_per_week)
        cost += f"; {shared} of the budget of {number(found.budget)} is shared out among all"
    return "; ".join([cost, *notes])


def _weekly(rate: float) -> str:
    return number(float(f"{rate:.2g}"))
