"""Letting points of the history go: their day keeps their number, sum, least and most."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine

from observer.data_time import data_time, part_of
from observer.store import rollups as rollup_store
from observer.store.observations import WINDOW
from orchestration.assets import Asset
from orchestration.database import reading, writing
from orchestration.io.base import IOManager
from orchestration.model import Address, VersionStatus

_EVERY = timedelta(days=1)
_AT_ONCE = 100
"""How many versions' points go in one transaction, so that others can write between."""


def sum_up(
    engine: Engine, io: IOManager, asset: Asset, now: datetime, age: timedelta, *, newest: int = WINDOW,
    again: bool = False,
) -> int:  # fmt: skip
    """Let go of the points of an asset's removed versions that are older than ``age``; at most once a day.

    A version that storage still has keeps its points, and so do the ``newest`` ones, which detectors learn from.

    Parameters
    ----------
    again: also where that was done today.

    Returns
    -------
    int: how many points went.
    """
    with reading(engine) as connection:
        last = rollup_store.last_time(connection, asset.key)
        if not again and last is not None and last <= now < last + _EVERY:
            return 0
        gone = list(_gone(connection, io, asset, now - age, newest))
    went = 0
    for begin in range(0, len(gone), _AT_ONCE):
        with writing(engine) as connection:
            went += rollup_store.fold(connection, asset.key, gone[begin : begin + _AT_ONCE])
    with writing(engine) as connection:
        rollup_store.looked_through(connection, asset.key, now)
    return went


def _gone(
    connection: Connection, io: IOManager, asset: Asset, before: datetime, newest: int
) -> Iterator[rollup_store.Gone]:
    old = rollup_store.earlier(connection, asset.key, before)
    newer: dict[str, int] = {}
    stored: dict[Address, set[str]] = {}
    for seq, partition, status in rollup_store.known(connection, asset.key) if old else ():
        part, counts = part_of(asset, partition), status is not VersionStatus.DISCARDED
        newer[part] = newer.get(part, 0) + counts
        version = old.get(seq)
        if version is None or newer[part] <= newest:
            continue
        address = Address(asset.key, partition)
        if address not in stored:
            stored[address] = set(io.versions(address))
        if version.id not in stored[address]:
            data_at = data_time(asset, partition, version.materialized_at)
            yield rollup_store.Gone(seq, frozenset({version.materialized_at, data_at}), counts)
