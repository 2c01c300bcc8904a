"""``tidegate history --decompose``: a metric as level, season and remainder."""

from __future__ import annotations

from collections.abc import Sequence

from observer.cli.exit_codes import ExitCode
from observer.cli.sparkline import sparkline
from observer.cli.speaking import Format, say, say_json
from observer.history import SeriesKey
from observer.project import Project
from observer.quantities import quantity
from observer.reads.decomposed import Decomposed
from orchestration.model import AssetKey


def show_decomposed(work: Project, asset: AssetKey, key: SeriesKey, last: int, output: Format) -> ExitCode:
    """Print the last points, oldest first, each part of the partitions for itself; all points are looked at."""
    found = work.reads().decomposed(asset, key.metric, column=key.column, segment=key.segment)
    if output is Format.JSON:
        say_json(found)
        return ExitCode.OK
    if not found:
        say(f"{key.metric} of {asset} was never measured; materialize it: tidegate run {asset}")
    for one in found:
        _show(one, last)
    return ExitCode.OK


def _show(one: Decomposed, last: int) -> None:
    title = f"{one.title} · {one.part}" if one.part else one.title
    if not one.points:
        say(f"{title}: too few points to tell its level")
        return
    shown = one.points[-last:]
    say(f"{title}, {season_in_words(one)}")
    lines: dict[str, Sequence[float | None]] = {
        "measured": [p.value for p in shown], "level": [p.level for p in shown],
        "season": [p.season for p in shown] if one.periods else [], "remainder": [p.remainder for p in shown],
    }  # fmt: skip
    for name, values in lines.items():
        if values:
            say(f"  {name:<10}{sparkline(values)}")
    for point in shown:
        when = point.partition or f"{point.at:%Y-%m-%d %H:%M:%S}"
        season = f"  season {quantity(point.season, one.unit):>12}" if one.periods else ""
        rest = f"  remainder {quantity(point.remainder, one.unit):>12}"
        note = "  not learned from" if point.excluded else ""
        said = f"{quantity(point.value, one.unit):>14}  level {quantity(point.level, one.unit):>12}"
        say(f"{when:<20} {said}{season}{rest}{note}")


def season_in_words(one: Decomposed) -> str:
    """What seasons it has, and how much they are."""
    if not one.periods or one.strength is None:
        return "without a season"
    periods = " and ".join(map(str, one.periods))
    return f"with a season of {periods} points, {quantity(one.strength, 'rate')} of what the level leaves"
