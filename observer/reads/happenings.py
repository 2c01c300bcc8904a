"""What happened to an asset while a series grew: code, settings, schema, backfills, new normals, runs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, or_, select

from observer.data_time import data_time, part_of
from observer.feedback import in_force
from observer.model import Feedback, FeedbackKind
from observer.quantities import count
from observer.reads.monitor_model import Happening, HappeningKind, Happenings
from observer.reads.newest import LIVE
from observer.schema_changes import of_event
from orchestration.assets import Asset
from orchestration.errors import PartitionError
from orchestration.events import EventKind
from orchestration.model import VersionStatus
from orchestration.tables import events, versions

MOST_RUNS = 120
"""Runs that a plot has room for; of more none is shown."""

_MOST = 400  # others, the newest
_VERSIONS = 20_000  # that are looked at, the newest: as many as a plot has points
_PARTS = 400  # of partition keys, among whose versions the one before is looked for
_CHANGES = 2_000  # of columns, the newest


def happenings(
    connection: Connection, asset: Asset, part: str, given: Sequence[Feedback], *, since: datetime, until: datetime
) -> Happenings:
    """What happened to what is of a time (both ends included): four statements, whatever came before it."""
    made, before, furthest = _versions(connection, asset, part, since)
    found = [
        *_code(asset, made, before), *_backfills(asset, made, furthest), *_schema(connection, asset, made),
        *(_baseline(one) for one in in_force(given) if one.kind is FeedbackKind.NEW_NORMAL),
    ]  # fmt: skip
    shown = sorted((one for one in found if since <= one.at <= until), key=lambda one: (one.at, one.kind))[-_MOST:]
    runs = list(islice((one for one in _runs(asset, made) if since <= one.at <= until), MOST_RUNS + 1))
    if len(runs) > MOST_RUNS:
        return Happenings(shown=tuple(shown), without_runs=True)
    return Happenings(shown=tuple(sorted([*shown, *runs], key=lambda one: (one.at, one.kind))))


def _versions(
    connection: Connection, asset: Asset, part: str, since: datetime
) -> tuple[Sequence[Any], Any | None, Any | None]:
    """Those that can be of the time since an instant, in the order in which they were made.

    With them the last one before the first of them, and that of the furthest partition before it.
    """
    c = versions.c
    asked = select(c.seq, c.id, c.partition, c.run_id, c.code_version, c.materialized_at).where(
        c.asset == asset.key, c.status.in_((*LIVE, VersionStatus.SUPERSEDED))
    )
    late = c.materialized_at >= since
    if (
        asset.partitions is not None
        and asset.partitions.has_time
        and (past := asset.partitions.latest(since)) is not None
    ):
        late = or_(late, c.partition > past)  # what was made before its time
    newest = connection.execute(asked.where(late).order_by(c.seq.desc()).limit(_VERSIONS)).all()
    made = [row for row in reversed(newest) if _is_of(asset, row, part)]
    first = made[0].seq if made else 0
    before, furthest = (
        next((row for row in connection.execute(earlier) if _is_of(asset, row, part)), None)
        for earlier in (
            asked.where(c.seq < first).order_by(c.seq.desc()).limit(_PARTS),
            asked.where(c.seq < first).order_by(c.partition.desc(), c.seq.desc()).limit(_PARTS),
        )
    )
    return made, before, furthest


def _is_of(asset: Asset, row: Any, part: str) -> bool:
    with contextlib.suppress(PartitionError):  # of a partition that the asset no longer has
        return part_of(asset, row.partition or None) == part
    return False


def _happening(kind: HappeningKind, asset: Asset, row: Any, sentence: str) -> Happening:
    partition = row.partition or None
    return Happening(
        kind=kind, at=data_time(asset, partition, row.materialized_at), made_at=row.materialized_at,
        partition=partition, sentence=sentence, run_id=row.run_id,
    )  # fmt: skip


def _code(asset: Asset, made: Sequence[Any], before: Any | None) -> Iterator[Happening]:
    """Versions that were made by other code, or with other settings, than the one before them."""
    last: str | None = None if before is None else before.code_version
    for row in made:
        if last is not None and last != row.code_version:
            same = last.partition("+")[0] == row.code_version.partition("+")[0]
            kind = HappeningKind.CONFIG if same else HappeningKind.CODE
            yield _happening(kind, asset, row, f"its {kind} changed")
        last = row.code_version


def _backfills(asset: Asset, made: Sequence[Any], furthest: Any | None) -> Iterator[Happening]:
    """Runs that made what was there, or what lies before what an earlier run had made; each once.

    Partitions are compared as text, as everywhere in the log; those without time have no order.
    """
    if asset.partitions is None or not asset.partitions.has_time:
        return
    again: dict[str, list[Any]] = {}
    for row in made:
        if furthest is None or row.partition > furthest.partition:
            furthest = row
        elif row.partition and row.run_id != furthest.run_id:
            again.setdefault(row.run_id, []).append(row)
    for rows in again.values():
        first = min(rows, key=_place)
        many = count(len({row.partition for row in rows}), "partition")
        yield _happening(HappeningKind.BACKFILL, asset, first, f"{many} made later, or again")


def _place(row: Any) -> tuple[str, datetime]:
    """What orders the versions of an asset."""
    return row.partition, row.materialized_at


def _schema(connection: Connection, asset: Asset, made: Sequence[Any]) -> Iterator[Happening]:
    by_id = {row.id: row for row in made}
    said: dict[str, list[str]] = {}
    logged = select(events.c.detail).where(events.c.asset == asset.key, events.c.kind == EventKind.SCHEMA_CHANGED)
    for (detail,) in reversed(connection.execute(logged.order_by(events.c.id.desc()).limit(_CHANGES)).all()):
        said.setdefault(detail["version"], []).append(of_event(detail).change.sentence())
    for version, changes in said.items():
        if (row := by_id.get(version)) is not None:
            yield _happening(HappeningKind.SCHEMA, asset, row, "; ".join(changes))


def _baseline(one: Feedback) -> Happening:
    return Happening(
        kind=HappeningKind.BASELINE, at=one.data_at, made_at=one.made_at, partition=one.partition,
        sentence=f"a new normal begins, says {one.by}",
    )  # fmt: skip


def _runs(asset: Asset, made: Sequence[Any]) -> Iterator[Happening]:
    """Each at the first of what it made."""
    by_run: dict[str, list[Any]] = {}
    for row in made:
        by_run.setdefault(row.run_id, []).append(row)
    for rows in by_run.values():
        first = min(rows, key=_place)
        versions_of_it = "" if len(rows) == 1 else f", {len(rows)} versions"
        yield _happening(HappeningKind.RUN, asset, first, f"run {first.run_id}{versions_of_it}")
