"""The numbers of series: what a point is, said once, so that each point is an integer and a value."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, and_, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from observer.errors import UnknownName
from observer.history import SeriesKey
from observer.store.tables import series
from orchestration.among import Among
from orchestration.model import AssetKey

Owner = tuple[AssetKey, str]
"""Whose series they are: an asset's, of one part of its partitions."""


def known_series(connection: Connection, asset: AssetKey, part: str = "") -> dict[SeriesKey, int]:
    """The numbers of an asset's series, of one part of its partitions."""
    rows = connection.execute(_KNOWN, {"b_asset": asset, "b_part": part})
    return {_key(metric, column, segment): number for number, metric, column, segment in rows}


def known_series_of(connection: Connection, assets: Collection[AssetKey]) -> dict[AssetKey, dict[SeriesKey, int]]:
    """The numbers of the series of several assets that aren't partitioned; an entry for each."""
    found: dict[AssetKey, dict[SeriesKey, int]] = {asset: {} for asset in assets}
    for row in connection.execute(_KNOWN_OF, {"b_assets": list(found)}) if found else ():
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


def add(connection: Connection, missing: Collection[tuple[Owner, SeriesKey]]) -> dict[Owner, dict[SeriesKey, int]]:
    """Make series, in one statement; returns their numbers."""
    new = [
        {
            "asset": asset, "part": part, "metric": key.metric, "column": key.column or "",
            "segment": key.segment or "",
        }
        for (asset, part), key in missing
    ]  # fmt: skip
    # In one order and without complaint: another process may be measuring the same asset for the first time.
    new.sort(key=lambda row: tuple(row.values()))
    made: dict[Owner, dict[SeriesKey, int]] = {owner: {} for owner, _ in missing}
    for row in connection.execute(_ADD[connection.dialect.name], new):
        made[AssetKey(row.asset), row.part][_key(row.metric, row.column, row.segment)] = row.id
    for owner in {owner for owner, key in missing if key not in made[owner]}:
        made[owner].update(known_series(connection, *owner))
    return made


def _key(metric: str, column: str, segment: str) -> SeriesKey:
    return SeriesKey(metric, column or None, segment or None)


# Built once, because each step asks them.
_COLUMNS = (series.c.id, series.c.metric, series.c.column, series.c.segment)
_ADD = {
    name: dialect.insert(series).on_conflict_do_nothing().returning(*_COLUMNS, series.c.asset, series.c.part)
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
}
_KNOWN = select(*_COLUMNS).where(series.c.asset == bindparam("b_asset"), series.c.part == bindparam("b_part"))
_KNOWN_OF = select(*_COLUMNS, series.c.asset).where(Among(series.c.asset, "b_assets"), series.c.part == "")
