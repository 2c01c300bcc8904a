"""Logging versions that others have made and published: nothing of ours is in storage, so the verdict is all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, text

from orchestration import log
from orchestration.among import Among
from orchestration.gate import Recorder, Ruling
from orchestration.io.base import OBSERVED
from orchestration.log import NewVersion
from orchestration.model import Address, AssetKey, GateDecision, GateOutcome, Materialization, VersionStatus
from orchestration.question import Question
from orchestration.tables import gates, versions


@dataclass(frozen=True, slots=True)
class Known:
    """A version that is in the log already."""

    address: Address
    status: VersionStatus


def known_among(connection: Connection, ids: Collection[str]) -> dict[str, Known]:
    """The versions of these ids that are in the log already."""
    columns = (versions.c.id, versions.c.asset, versions.c.partition, versions.c.status)
    rows = connection.execute(select(*columns).where(versions.c.id.in_(sorted(ids)))) if ids else ()
    return {row.id: Known(Address(row.asset, row.partition or None), VersionStatus(row.status)) for row in rows}


def log_taken_in(
    connection: Connection, judged: Sequence[tuple[Materialization, Ruling]], at: datetime
) -> frozenset[str]:
    """Log versions with what the gate said of them: those that it lets through are what readers see from now on.

    Reports come in any order. A good version that was made before the one that is held in its place opens nothing: it
    is kept in the past. Returns the ids of such.
    """
    alone_with(connection, {made.asset for made, _ in judged})
    late = _overtaken(connection, judged)
    new = [
        NewVersion(made=made, status=_status(made, ruling, late), format=OBSERVED, inputs=()) for made, ruling in judged
    ]
    logged = log.add_versions(connection, new)
    decisions: dict[str, list[GateDecision]] = {}
    recorders: dict[Recorder, list[tuple[Ruling, int]]] = {}
    for (made, ruling), version in zip(judged, logged, strict=True):
        if made.id not in late:
            decisions.setdefault(made.run_id, []).append(ruling.decision)
        if (record := ruling.past if made.id in late else ruling.record) is not None:
            recorders.setdefault(record, []).append((ruling, version.seq))
    log.save_decisions(connection, decisions)
    for record, rulings in recorders.items():
        record(connection, rulings)
    held = [version for version in logged if version.status is VersionStatus.HELD]
    published = [version for version in logged if version.status is VersionStatus.PUBLISHING]
    if held:
        log.hold(connection, held, at)
    if published:
        log.publish(connection, published, at)
    return late


def alone_with(connection: Connection, assets: Collection[AssetKey]) -> None:
    """Until the transaction ends nobody else logs reports of these assets, or lets out or discards what is held there.

    It is taken before any row is, and in one order, so that none waits in a circle. SQLite has one writer.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_ALONE, {"b_assets": sorted(assets)})


_ALONE = text(
    "SELECT pg_advisory_xact_lock(74219391, hashed) FROM"
    " (SELECT DISTINCT hashtext(name) AS hashed FROM unnest(CAST(:b_assets AS text[])) AS name ORDER BY 1) AS each"
)


def _overtaken(connection: Connection, judged: Sequence[tuple[Materialization, Ruling]]) -> frozenset[str]:
    """The good ones that were made before what is held in their place."""
    good = [made for made, ruling in judged if ruling.decision.outcome is not GateOutcome.HELD]
    rows = _HELD.ask(connection, {"b_assets": sorted({made.asset for made in good})}) if good else ()
    held = {Address(row.asset, row.partition or None): row.materialized_at for row in rows}
    return frozenset(made.id for made in good if made.address in held and made.materialized_at < held[made.address])


_HELD = Question(
    select(versions.c.asset, versions.c.partition, versions.c.materialized_at)
    .join(gates, gates.c.materialization_id == versions.c.id)
    .where(Among(gates.c.asset, "b_assets"), gates.c.outcome != GateOutcome.OPEN.value)
    .where(versions.c.status == VersionStatus.HELD.value)
)


def _status(made: Materialization, ruling: Ruling, late: frozenset[str]) -> VersionStatus:
    if ruling.decision.outcome is GateOutcome.HELD:
        return VersionStatus.HELD
    return VersionStatus.SUPERSEDED if made.id in late else VersionStatus.PUBLISHING
