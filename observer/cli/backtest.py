"""``tidegate backtest``: what monitors would have said of the stored history, and of faults laid over it."""

from __future__ import annotations

from pathlib import Path

from observer.backtests.model import BacktestReport, FaultFound, Replayed, SeriesBacktest, Totals
from observer.backtests.report import backtest
from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import Format, opened, say, say_json
from observer.quantities import count, number, quantity
from observer.sight import sight_of

_NAMED = 5
"""Alarms that are named one by one, the newest."""


def show_backtest(
    select: str, monitor: str | None, last: int, alpha: float | None, compare: str | None,
    project: Path | None, env: str | None, output: Format,
) -> ExitCode:  # fmt: skip
    """Print a block a monitor and a line of all; 3 if nothing could be judged."""
    work = opened(project, env)
    found = backtest(work, select, monitor=monitor, last=last, alpha=alpha, compare=compare)
    work.close()
    if output is Format.JSON:
        say_json(found)
    else:
        _say(found)
    return ExitCode.OK if found.here.judging or (found.other and found.other.judging) else ExitCode.UNKNOWN


def _say(found: BacktestReport) -> None:
    for one in found.monitors:
        say(_head(one))
        for name, text in _rows(one, found):
            say(f"  {name:<14} {text}")
    for name in found.never_measured:
        say(f"{name}  was never measured")
    if not found.monitors:
        say(f"nothing that monitors watch was measured yet; materialize it: tidegate run {found.select}")
        return
    said = _all(found.here)
    say(said if found.other is None else f"{found.configuration}: {said}")
    if found.other is not None:
        say(f"{found.compared_with}: {_all(found.other)}")


def _head(one: SeriesBacktest) -> str:
    part = f" {one.part}" if one.part else ""
    missing = f", {one.missing} of them missing" if one.missing else ""
    assert one.first is not None and one.last is not None  # noqa: PT018 - what has no point is not among them
    span = f"{one.first:%Y-%m-%d} to {one.last:%Y-%m-%d}"
    return f"{one.asset}{part} {one.monitor}  {one.severity.value}, {count(one.points, 'point')}{missing}, {span}"


def _rows(one: SeriesBacktest, found: BacktestReport) -> list[tuple[str, str]]:
    """What is said of a monitor; of both configurations where they differ."""
    here, other = _said(one, one.here), _said(one, one.other)
    if found.other is None:
        return list(here.items())
    if one.here is None or one.other is None:
        where = found.configuration if one.other is None else found.compared_with
        return [("only in", str(where)), *(here or other).items()]
    names = dict.fromkeys((*here, *other))
    both = {name: (here.get(name, "-"), other.get(name, "-")) for name in names}
    return [(name, ours if ours == theirs else f"{ours}  ->  {theirs}") for name, (ours, theirs) in both.items()]


def _said(one: SeriesBacktest, replayed: Replayed | None) -> dict[str, str]:
    if replayed is None:
        return {}
    said = {"alpha": f"1 in {number(1 / replayed.alpha)}"}
    if replayed.runs_needed:
        said["learning"] = f"needs {count(replayed.runs_needed, 'more run')} until it can judge"
    if replayed.judged:
        said["false alarms"] = _false_alarms(replayed)
    if replayed.held:
        said["held versions"] = f"{replayed.held_found} of {replayed.held} would have alarmed"
    if not replayed.runs_needed:
        said["today"] = sight_of(replayed.lower, replayed.expected, replayed.upper, one.unit).sentence(one.unit)
    for fault in dict.fromkeys(each.fault for each in replayed.faults if each.injected):
        sizes = [_fault(each) for each in replayed.faults if each.fault == fault]
        said[fault.replace("_", " ")] = "; ".join(sizes)
    if replayed.judged and not any(each.injected for each in replayed.faults):
        said["faults"] = "too few points to inject any"
    return said


def _false_alarms(replayed: Replayed) -> str:
    alarms = replayed.false_alarms
    named = ", ".join(alarm.partition or f"{alarm.at:%Y-%m-%d %H:%M}" for alarm in alarms[-_NAMED:])
    more = f" and {len(alarms) - _NAMED} before" if len(alarms) > _NAMED else ""
    return (
        f"{_rate(replayed.false_alarms_per_week)} a week, at most {_rate(replayed.at_most_per_week)} (95 %), promised "
        f"{_rate(replayed.promised_per_week)}: {len(alarms)} of {count(replayed.judged, 'point')} judged"
        f"{f': {named}{more}' if alarms else ''}"
    )


def _fault(each: FaultFound) -> str:
    size = f"x {number(each.size)}" if each.fault == "unit_change" else quantity(each.size, "rate")
    lasts = f" in {each.points} points" if each.points > 1 else ""
    late = f" after {number(round(each.delay, 1))}" if each.points > 1 and each.delay is not None else ""
    size = f"{each.points} points" if each.fault == "stale" else f"{size}{lasts}"
    return f"{size}: {each.found} of {each.injected}{late}" if each.injected else f"{size}: not enough points"


def _all(totals: Totals) -> str:
    if not totals.judging:
        return f"{count(totals.learning, 'monitor')}, none of which can judge yet; nothing is known of false alarms"
    learning = f", {totals.learning} still learning" if totals.learning else ""
    share = f"{quantity(totals.found / totals.injected, 'rate')} of" if totals.injected else "none of"
    return (
        f"{count(totals.judging, 'monitor')}{learning}: {_rate(totals.false_alarms_per_week)} false alarms a week, "
        f"promised {_rate(totals.promised_per_week)}; found {share} {count(totals.injected, 'injected fault')}"
    )


def _rate(per_week: float | None) -> str:
    return number(float(f"{per_week or 0.0:.2g}"))
