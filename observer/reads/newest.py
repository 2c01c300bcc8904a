"""The newest versions and steps of assets: what is asked of the database grows with the assets, not with their past.

Keys of partitions are compared as text, as everywhere in the log.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypeGuard

from sqlalchemy import (
    CTE,
    ColumnClause,
    ColumnElement,
    Label,
    ScalarSelect,
    Select,
    Subquery,
    and_,
    func,
    literal,
    literal_column,
    select,
)

from orchestration.among import each_of
from orchestration.model import AssetKey, StepStatus, VersionStatus
from orchestration.tables import runs, steps, versions

STRIP = 30  # partitions (or versions) of each asset that are looked at
LOOKED_UP = 200
"""Assets at most whose newest partitions are looked for one by one."""

LIVE = (VersionStatus.PUBLISHED, VersionStatus.PUBLISHING, VersionStatus.HELD)
"""What stands for a partition: superseded and discarded versions stand for nothing."""


def ended() -> ColumnElement[bool]:
    """The steps that say something of their asset: one that was cancelled before it began leaves it as it was."""
    return steps.c.status.not_in((StepStatus.PLANNED, StepStatus.RUNNING, StepStatus.CANCELLED))


STEP = (
    steps.c.asset, steps.c.partition, steps.c.status, steps.c.reason, steps.c.note, steps.c.blocked_by,
    steps.c.error, steps.c.run_id, steps.c.started_at, steps.c.ended_at,
)  # fmt: skip
VERSION = (
    versions.c.seq, versions.c.id, versions.c.asset, versions.c.partition, versions.c.status, versions.c.run_id,
    versions.c.materialized_at, versions.c.rows, versions.c.released, versions.c.format,
)  # fmt: skip

_NONE: ColumnClause[str] = literal_column("''")
"""The key of what has no partitions; written out, so that an index of those alone leads to them."""

_LIVE = versions.c.status.in_(LIVE)
_STOOD = versions.c.status.not_in(tuple(set(VersionStatus) - {*LIVE, VersionStatus.SUPERSEDED}))


def named(assets: Collection[AssetKey]) -> CTE:
    """Assets as rows of their own, of which each is looked up."""
    return each_of(sorted(assets), "asset").cte("wanted")


def versions_of(assets: Collection[AssetKey] | None) -> Subquery:
    """The versions that stand for the newest partitions of each asset; without partitions its newest versions."""
    asset, partition, seq = versions.c.asset, versions.c.partition, versions.c.seq
    parts, wholes = select(*VERSION).where(partition > _NONE, _LIVE), select(*VERSION).where(partition == _NONE, _STOOD)
    if _are_few(assets):
        wanted = named(assets)
        since = _since(wanted, partition, asset == wanted.c.asset, partition > _NONE, _LIVE)
        last = _last_wholes(wanted)
        parts = select(*VERSION).where(_LIVE).join(since, and_(asset == since.c.asset, partition >= since.c.partition))
        wholes = select(*VERSION).join(last, seq == last.c.seq)
    elif assets is not None:
        parts, wholes = (each.where(asset.in_(sorted(assets))) for each in (parts, wholes))
    every = parts.union_all(wholes).subquery()
    ranked = select(*every.c, *_ranks(every, every.c.seq.desc())).subquery()
    return select(ranked).where(ranked.c.nth <= STRIP, ranked.c.place <= STRIP).subquery()


def steps_of(assets: Collection[AssetKey] | None) -> Subquery:
    """The newest step of each of the newest partitions of each asset, of those that have ended."""
    asset, partition, at = steps.c.asset, steps.c.partition, steps.c.ended_at
    those = select(*STEP, steps.c.position, runs.c.seq).join(runs, runs.c.id == steps.c.run_id).where(ended())
    parts, wholes = those.where(partition > _NONE), those.where(partition == _NONE)
    if _are_few(assets):
        wanted = named(assets)
        here = asset == wanted.c.asset
        last = _first(wanted, select(at).where(here, partition == _NONE, ended()).order_by(at.desc()))
        since = _since(wanted, partition, here, partition > _NONE, ended(), last=last)
        parts = those.join(since, and_(asset == since.c.asset, partition >= since.c.partition))
        wholes = wholes.where(asset.in_(select(since.c.asset)), at.in_(select(since.c.last)))  # and older ones at most
    elif assets is not None:
        parts, wholes = (each.where(asset.in_(sorted(assets))) for each in (parts, wholes))
    every = parts.union_all(wholes).subquery()
    newest = every.c.ended_at.desc(), every.c.seq.desc(), every.c.position.desc()
    ranked = select(*every.c, *_ranks(every, *newest)).subquery()
    return select(ranked).where(ranked.c.nth == 1, ranked.c.place <= STRIP).subquery()


def _are_few(assets: Collection[AssetKey] | None) -> TypeGuard[Collection[AssetKey]]:
    return assets is not None and 0 < len(assets) <= LOOKED_UP


def _first(wanted: CTE, asked: Select[Any]) -> ScalarSelect[Any]:
    return asked.limit(1).correlate(wanted).scalar_subquery()


def _since(wanted: CTE, partition: ColumnElement[str], *where: ColumnElement[bool], **more: ScalarSelect[Any]) -> CTE:
    """The oldest of the newest partitions of each asset, null where it has none: those before it may be many."""
    there = select(partition).where(*where)
    oldest = _first(wanted, there.distinct().order_by(partition.desc()).offset(STRIP - 1))
    since = func.coalesce(oldest, _first(wanted, there.order_by(partition))).label("partition")
    found = select(wanted.c.asset, since, *(each.label(name) for name, each in more.items())).cte("since")
    return found.prefix_with("MATERIALIZED", dialect="postgresql")


def _last_wholes(wanted: CTE) -> CTE:
    """The newest versions of each asset without partitions, from the last one back."""
    last = select(wanted.c.asset, _last_before(wanted), literal(1).label("nth")).cte("last", recursive=True)
    before = _last_before(last, versions.c.seq < last.c.seq)
    return last.union_all(select(last.c.asset, before, last.c.nth + 1).where(last.c.nth < STRIP, last.c.seq > 0))


def _last_before(here: CTE, *where: ColumnElement[bool]) -> Label[int]:
    """Asked so that only the index of both columns serves: the primary key alone leads past all other assets."""
    asset, seq = versions.c.asset, versions.c.seq
    found = select(seq).where(asset.between(here.c.asset, here.c.asset), versions.c.partition == _NONE, _STOOD)
    ordered = found.where(*where).order_by(asset.desc(), seq.desc()).limit(1)
    return ordered.correlate(here).scalar_subquery().label("seq")


def _ranks(every: Subquery, *newest: ColumnElement[Any]) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """Which of its address it is, and which of its asset's partitions that is; the newest first."""
    address, partition = (every.c.asset, every.c.partition), every.c.partition.desc()
    return (
        func.row_number().over(partition_by=address, order_by=newest).label("nth"),
        func.dense_rank().over(partition_by=every.c.asset, order_by=partition).label("place"),
    )
