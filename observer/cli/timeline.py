"""``tidegate history ASSET schema`` and ``distribution``: a line a version."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import Format, say, say_json
from observer.errors import CheckError, UnknownName
from observer.model import Distribution
from observer.project import Project
from observer.quantities import count, number, quantity
from observer.reads.distribution import DistributionPoint, timeline
from observer.reads.schema import SchemaPoint, schema_timeline
from observer.store import distributions
from orchestration.assets import Asset
from orchestration.database import reading
from orchestration.model import AssetKey, PartitionKey

_SHOWN = 5


class _Point(Protocol):
    """What a line is about."""

    @property
    def at(self) -> datetime: ...

    @property
    def partition(self) -> PartitionKey: ...

    @property
    def held(self) -> bool: ...


P = TypeVar("P", bound=_Point)


def show_schema(work: Project, asset: Asset, last: int, output: Format) -> ExitCode:
    """Print how the columns have changed."""
    with reading(work.engine) as connection:
        found = schema_timeline(connection, asset.key, last)
    nothing = f"Schema of {asset.key} was never seen; materialize it: tidegate run {asset.key}"
    return _listed(found, _change, nothing, output)


def show_distribution(work: Project, asset: Asset, column: str | None, last: int, output: Format) -> ExitCode:
    """Print how the values of a column were spread."""
    column = column_of(asset.key, column)
    with reading(work.engine) as connection:
        found = timeline(connection, asset, column, last)
        kept = () if found else distributions.columns(connection, asset.key)
    if kept:
        raise UnknownName("column with a distribution", column, kept, where=asset.key)
    nothing = f"no distribution of {asset.key} was kept; see profile=ob.ProfilePolicy(distributions=True)"
    return _listed(found, _sentence, nothing, output)


def column_of(asset: AssetKey, column: str | None) -> str:
    """The column, where one is given; raises CheckError."""
    if column is None:
        raise CheckError(f"a distribution is one of a column; write: tidegate history {asset} distribution --column C")
    return column


def _listed(found: Sequence[P], sentence: Callable[[P], str], nothing: str, output: Format) -> ExitCode:
    if output is Format.JSON:
        say_json(found)
        return ExitCode.OK
    if not found:
        say(nothing)
    for point in found:
        when = point.partition or f"{point.at:%Y-%m-%d %H:%M:%S}"
        say(f"{when:<20} {'held' if point.held else '':<5}{sentence(point)}".rstrip())
    return ExitCode.OK


def _change(point: SchemaPoint) -> str:
    return f"{point.severity or '':<7}{point.sentence()}"


def _sentence(point: DistributionPoint) -> str:
    if point.shift is None:
        return in_words(point.distribution)
    return f"{in_words(point.distribution)}  shift {quantity(point.shift, 'distance')}"


def in_words(found: Distribution) -> str:
    """Seven points of a number, or the most frequent values with their shares."""
    of = f"of {count(found.values, 'value')}"
    if found.rate < 1:
        of += f" in a {quantity(found.rate, 'rate')} sample"
    if found.points:
        ranks = (0, 1 / 16, 1 / 4, 1 / 2, 3 / 4, 15 / 16, 1)
        return f"{' · '.join(number(found.points[round(rank * (len(found.points) - 1))]) for rank in ranks)}  {of}"
    if not found.values:
        return "no values"
    shares = [f"{value} {quantity(n / found.values, 'rate')}" for value, n in found.top[:_SHOWN]]
    rest = found.values - sum(n for _, n in found.top[:_SHOWN])
    others = [f"others {quantity(rest / found.values, 'rate')}"] if rest else []
    return f"{', '.join([*shares, *others])}  {of}"
