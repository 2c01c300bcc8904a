"""The numbers of series: what a point is, said once, so that each point is an integer and a value."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ARRAY, ColumnElement, Connection, Text, and_, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite

from observer.errors import UnknownName
from observer.history import SeriesKey
from observer.store.tables import series
from orchestration.among import Among
from orchestration.bulk import Bulk
from orchestration.model import AssetKey
from orchestration.question import Question

Owner = tuple[AssetKey, str]
"""Whose series they are: an asset's, of one part of its partitions."""


def known_series(connection: Connection, asset: AssetKey, part: str = "") -> dict[SeriesKey, int]:
    """The numbers of an asset's series, of one part of its partitions."""
    rows = _KNOWN.ask(connection, {"b_asset": asset, "b_part": part})
    return {_key(metric, column, segment): number for number, metric, column, segment in rows}


def known_series_of(connection: Connection, assets: Collection[AssetKey]) -> dict[AssetKey, dict[SeriesKey, int]]:
    """The numbers of the series of several assets that aren't partitioned; an entry for each."""
    found: dict[AssetKey, dict[SeriesKey, int]] = {asset: {} for asset in assets}
    for row in _KNOWN_OF.ask(connection, {"b_assets": list(found)}) if found else ():
        found[row.asset][_key(row.metric, row.column, row.segment)] = row.id
    return found


def measured(connection: Connection, asset: AssetKey) -> tuple[SeriesKey, ...]:
    """Every series of an asset, whatever the part of its partitions."""
    names = (series.c.metric, series.c.column, series.c.segment)
    rows = connection.execute(select(*names).where(series.c.asset == asset).distinct().order_by(*names))
    return tuple(_key(*row) for row in rows)


def ensure_measured(connection: Connection, asset: AssetKey, key: SeriesKey) -> None:
    """Raises UnknownName for a series that isn't there, where the asset has others."""
    there = measured(connection, asset)
    if key not in there and there:
        raise UnknownName("measured metric", _typed(key), [_typed(one) for one in there], where=asset)


def _typed(key: SeriesKey) -> str:
    column = "" if key.column is None else f" --column {key.column}"
    segment = "" if key.segment is None else f" --segment {key.segment}"
    return f"{key.metric}{column}{segment}"


def parts(connection: Connection, asset: AssetKey, key: SeriesKey | None = None) -> tuple[str, ...]:
    """The parts of an asset's partitions that have series, or one of a name; ``""`` where time is all that cuts it."""
    where = series.c.asset == asset if key is None else named(asset, key)
    return tuple(connection.execute(select(series.c.part).where(where).distinct().order_by(series.c.part)).scalars())


def named(asset: AssetKey, key: SeriesKey) -> ColumnElement[bool]:
    """The series of a name, of all parts."""
    return and_(
        series.c.asset == asset, series.c.metric == key.metric, series.c.column == (key.column or ""),
        series.c.segment == (key.segment or ""),
    )  # fmt: skip


Name = tuple[str, str | None, str | None]
"""A plain tuple equals the key of the same three, and costs less: they come by the thousand."""


def add(connection: Connection, missing: Collection[tuple[Owner, Name]]) -> dict[Owner, dict[Name, int]]:
    """Make series, in one statement; returns the numbers of all that their owners have."""
    # In one order and without complaint: another process may be measuring the same asset for the first time.
    new = sorted(
        (asset, part, metric, column or "", segment or "") for (asset, part), (metric, column, segment) in missing
    )
    if connection.dialect.name == "postgresql":
        arrays = zip(_NAMED_BY, zip(*new, strict=True), strict=True)
        connection.execute(_ADD_ARRAYS, {f"b_{name}": list(each) for name, each in arrays})
    else:
        _ADD.run(connection, [dict(zip(_NAMED_BY, row, strict=True)) for row in new])
    there: dict[Owner, dict[Name, int]] = {owner: {} for owner, _ in missing}
    names = {"b_assets": list({asset for asset, _ in there}), "b_parts": list({part for _, part in there})}
    for number, metric, column, segment, asset, part in _OF_OWNERS.ask(connection, names):
        if (mine := there.get((asset, part))) is not None:
            mine[metric, column or None, segment or None] = number
    return there


def _key(metric: str, column: str, segment: str) -> SeriesKey:
    return SeriesKey(metric, column or None, segment or None)


# Built once, because each step asks them.
_COLUMNS = (series.c.id, series.c.metric, series.c.column, series.c.segment)
_NAMED_BY = ("asset", "part", "metric", "column", "segment")
_ADD = Bulk(sqlite.insert(series).on_conflict_do_nothing())
_arrays = (bindparam(f"b_{name}", type_=ARRAY(Text())) for name in _NAMED_BY)
_rows = func.unnest(*_arrays).table_valued(*_NAMED_BY).render_derived()
_ADD_ARRAYS = (  # row by row the first report of a wide table takes ten times as long
    postgresql.insert(series).from_select(_NAMED_BY, select(*_rows.c)).on_conflict_do_nothing()
)
_OF_OWNERS = Question(
    select(*_COLUMNS, series.c.asset, series.c.part).where(
        Among(series.c.asset, "b_assets"), Among(series.c.part, "b_parts")
    )
)
_KNOWN = Question(select(*_COLUMNS).where(series.c.asset == bindparam("b_asset"), series.c.part == bindparam("b_part")))
_KNOWN_OF = Question(select(*_COLUMNS, series.c.asset).where(Among(series.c.asset, "b_assets"), series.c.part == ""))
