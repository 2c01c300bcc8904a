"""What happened to an asset while a series grew: code, settings, schema, backfills, new normals, runs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from observer.data_time import data_time, part_of
from observer.feedback import in_force
from observer.model import Feedback, FeedbackKind
from observer.quantities import count
from observer.reads.ledger import LIVE
from observer.reads.monitor_model import Happening, HappeningKind, Happenings
from observer.schema_changes import of_event
from orchestration.assets import Asset
from orchestration.errors import PartitionError
from orchestration.events import EventKind
from orchestration.model import AssetKey, VersionStatus
from orchestration.tables import events, versions

MOST_RUNS = 120
"""Runs that a plot has room for; of more none is shown."""

_MOST = 400  # others, the newest


def happenings(
    connection: Connection, asset: Asset, part: str, given: Sequence[Feedback], *, since: datetime, until: datetime
) -> Happenings:
    """What happened to what is of a time (both ends included): two statements."""
    made = [row for row in _versions(connection, asset.key) if _is_of(asset, row, part)]
    at = {row.seq: data_time(asset, row.partition or None, row.materialized_at) for row in made}
    found = [
        *_code(made, at), *_backfills(made, at), *_schema(connection, asset, made, at),
        *(_baseline(one) for one in in_force(given) if one.kind is FeedbackKind.NEW_NORMAL),
    ]  # fmt: skip
    runs = [one for one in _runs(made, at) if since <= one.at <= until]
    shown = sorted((one for one in found if since <= one.at <= until), key=lambda one: (one.at, one.kind))[-_MOST:]
    if len(runs) > MOST_RUNS:
        return Happenings(shown=tuple(shown), without_runs=True)
    return Happenings(shown=tuple(sorted([*shown, *runs], key=lambda one: (one.at, one.kind))))


def _versions(connection: Connection, asset: AssetKey) -> Sequence[Any]:
    """In the order in which they were made."""
    c = versions.c
    return connection.execute(
        select(c.seq, c.id, c.partition, c.run_id, c.code_version, c.materialized_at)
        .where(c.asset == asset, c.status.in_((*LIVE, VersionStatus.SUPERSEDED)))
        .order_by(c.seq)
    ).all()


def _is_of(asset: Asset, row: Any, part: str) -> bool:
    with contextlib.suppress(PartitionError):  # of a partition that the asset no longer has
        return part_of(asset, row.partition or None) == part
    return False


def _happening(kind: HappeningKind, row: Any, at: datetime, sentence: str) -> Happening:
    return Happening(
        kind=kind, at=at, made_at=row.materialized_at, partition=row.partition or None, sentence=sentence,
        run_id=row.run_id,
    )  # fmt: skip


def _code(made: Sequence[Any], at: dict[int, datetime]) -> Iterator[Happening]:
    """Versions that were made by other code, or with other settings, than the one before them."""
    before: str | None = None
    for row in made:
        if before is not None and before != row.code_version:
            same = before.partition("+")[0] == row.code_version.partition("+")[0]
            kind = HappeningKind.CONFIG if same else HappeningKind.CODE
            yield _happening(kind, row, at[row.seq], f"its {kind} changed")
        before = row.code_version


def _backfills(made: Sequence[Any], at: dict[int, datetime]) -> Iterator[Happening]:
    """Runs that made what was there, or what lies before what an earlier run had made; each once."""
    furthest: tuple[datetime, str] | None = None  # the newest data that was there, and the run that made it
    again: dict[str, list[Any]] = {}
    for row in made:
        here = at[row.seq]
        if furthest is not None and row.partition and here <= furthest[0] and row.run_id != furthest[1]:
            again.setdefault(row.run_id, []).append(row)
        if furthest is None or here > furthest[0]:
            furthest = here, row.run_id
    for rows in again.values():
        first = min(rows, key=lambda row: at[row.seq])
        many = count(len({row.partition for row in rows}), "partition")
        yield _happening(HappeningKind.BACKFILL, first, at[first.seq], f"{many} made later, or again")


def _schema(
    connection: Connection, asset: Asset, made: Sequence[Any], at: dict[int, datetime]
) -> Iterator[Happening]:  # fmt: skip
    by_id = {row.id: row for row in made}
    said: dict[str, list[str]] = {}
    logged = select(events.c.detail).where(events.c.asset == asset.key, events.c.kind == EventKind.SCHEMA_CHANGED)
    for (detail,) in connection.execute(logged.order_by(events.c.id)):
        said.setdefault(detail["version"], []).append(of_event(detail).change.sentence())
    for version, changes in said.items():
        if (row := by_id.get(version)) is not None:
            yield _happening(HappeningKind.SCHEMA, row, at[row.seq], "; ".join(changes))


def _baseline(one: Feedback) -> Happening:
    return Happening(
        kind=HappeningKind.BASELINE, at=one.data_at, made_at=one.made_at, partition=one.partition,
        sentence=f"a new normal begins, says {one.by}",
    )  # fmt: skip


def _runs(made: Sequence[Any], at: dict[int, datetime]) -> Iterator[Happening]:
    """Each at the first of what it made."""
    by_run: dict[str, list[Any]] = {}
    for row in made:
        by_run.setdefault(row.run_id, []).append(row)
    for rows in by_run.values():
        first = min(rows, key=lambda row: at[row.seq])
        versions_of_it = "" if len(rows) == 1 else f", {len(rows)} versions"
        yield _happening(HappeningKind.RUN, first, at[first.seq], f"run {first.run_id}{versions_of_it}")
