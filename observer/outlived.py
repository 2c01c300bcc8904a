"""Letting go of what was said of versions that nothing can put back, and of their records: some at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, Engine

from observer.data_time import data_time
from observer.store import incidents, old_versions, schemas
from observer.store.old_versions import OldVersion
from orchestration.assets import Asset
from orchestration.database import reading, writing

_AT_ONCE = 50
"""Versions that are looked at in one transaction; each has an evaluation for each check and monitor."""


def evaluations_of(engine: Engine, asset: Asset, before: datetime, newest: int) -> Iterator[int]:
    """Remove what was said before an instant of an asset's versions; how much it was, again and again.

    Nothing goes while an incident of the asset is unresolved, and nothing of its ``newest`` versions.
    """
    last = 0
    while True:
        with reading(engine) as connection:
            until = _until(connection, asset, newest)
            found = old_versions.judged_before(connection, asset.key, before, (last, until), _AT_ONCE)
        if not found:
            return
        last = found[-1].seq
        with writing(engine) as connection:
            gone = old_versions.remove_evaluations(connection, found, before)
        yield gone


def versions_of(engine: Engine, asset: Asset, before: datetime, newest: int) -> Iterator[int]:
    """Remove the records of an asset's versions that were made before an instant; how many, again and again.

    What keeps evaluations keeps records. So does a point that is there, the run that made the version, and what pages
    tell by it: the first version that readers saw, and each by which the columns have changed.
    """
    with reading(engine) as connection:
        last = old_versions.first_seen(connection, asset.key)
    turns: set[int] | None = None
    while True:
        with reading(engine) as connection:
            until = _until(connection, asset, newest)
            found = old_versions.made_before(connection, asset.key, before, (last, until), _AT_ONCE)
            if found and turns is None:
                turns = schemas.turning(connection, asset.key)
            free = [
                one for one in found if one.seq not in (turns or ()) and not _is_measured(connection, asset, one)
            ]  # fmt: skip
        if not found:
            return
        last = found[-1].seq
        with writing(engine) as connection:
            gone = old_versions.remove(connection, asset.key, free)
        yield gone


def _until(connection: Connection, asset: Asset, newest: int) -> int:
    """The place of the first version that stays, whatever it is."""
    if incidents.unresolved(connection, asset.key):
        return 0
    return old_versions.first_of_newest(connection, asset.key, newest)


def _is_measured(connection: Connection, asset: Asset, one: OldVersion) -> bool:
    data_at = data_time(asset, one.partition or None, one.materialized_at)
    return old_versions.has_points(connection, asset.key, one, {one.materialized_at, data_at})
