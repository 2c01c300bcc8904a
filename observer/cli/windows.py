"""``tidegate history --over``: a metric, or how values are spread, over windows of partitions."""

from __future__ import annotations

from collections.abc import Sequence

from observer.accuracy import in_words
from observer.cli.exit_codes import ExitCode
from observer.cli.sparkline import sparkline
from observer.cli.speaking import Format, say, say_json
from observer.cli.timeline import column_of
from observer.cli.timeline import in_words as spread_in_words
from observer.errors import CheckError
from observer.history import SeriesKey
from observer.merging import MergedDistribution
from observer.metrics import RANKS
from observer.metrics import metric as described
from observer.model import Accuracy, AccuracyKind
from observer.project import Project
from observer.quantities import count, quantity
from orchestration.model import AssetKey

_SHOWN = 3


def show_windows(work: Project, asset: AssetKey, key: SeriesKey, over: str, last: int, output: Format) -> ExitCode:
    """Print the newest windows, oldest first."""
    if key.segment is not None:
        raise CheckError("--over puts whole partitions together; leave --segment out")
    if key.metric == "distribution":
        return _show_distribution(work, asset, column_of(asset, key.column), over, last, output)
    catalogued = described(key.metric, column=key.column)
    found = work.reads().merged(asset, key.metric, column=key.column, over=over, last=last)
    if output is Format.JSON:
        say_json(found)
        return ExitCode.OK
    said = f"{catalogued.label(key.column)} of {asset} {_over(over)}"
    say(f"{said}  {sparkline([one.value for one in found])}" if found else _nothing(asset))
    for one in found:
        notes = "; ".join(
            note
            for note in (_parts(one.partitions, one.missing), _accuracy(key.metric, one.accuracy), one.reason)
            if note
        )
        say(f"{one.window:<20} {quantity(one.value, catalogued.unit):>14}  {notes}".rstrip())
    return ExitCode.OK


def _show_distribution(work: Project, asset: AssetKey, column: str, over: str, last: int, output: Format) -> ExitCode:
    found = work.reads().merged_distribution(asset, column, over=over, last=last)
    if output is Format.JSON:
        say_json(found)
        return ExitCode.OK
    if not found:
        say(_nothing(asset))
    for one in found:
        said = f"{_spread(one.found)}; " if one.found.distribution is not None else f"{one.found.reason}; "
        say(f"{one.window:<20} {said}{_parts(one.partitions, one.missing)}")
    return ExitCode.OK


def _spread(found: MergedDistribution) -> str:
    assert found.distribution is not None
    what = "ranks" if found.distribution.points else "shares"
    error = f", {what} to within {quantity(found.error, 'rate')}" if found.error else ""
    return f"{spread_in_words(found.distribution)}{error}"


def _nothing(asset: AssetKey) -> str:
    return f"no partition of {asset} is published; materialize some: tidegate run {asset}"


def _over(over: str) -> str:
    if over.isdigit():
        return f"over {over} partitions each"
    return "over all partitions" if over == "all" else f"by {over}"


def _parts(partitions: int, missing: Sequence[str]) -> str:
    if not missing:
        return count(partitions, "partition")
    more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
    due = count(partitions + len(missing), "partition")
    return f"{partitions} of {due}, without {', '.join(missing[:_SHOWN])}{more}"


def _accuracy(metric: str, accuracy: Accuracy) -> str:
    if metric in RANKS and accuracy.kind is AccuracyKind.APPROXIMATE:
        return f"its rank to within {quantity(accuracy.amount, 'rate')}"
    return in_words(accuracy)
