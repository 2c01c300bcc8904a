"""What people do with versions: look at them, roll back, discard, override, remove the old ones. Each with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from observer.errors import ReleaseError
from observer.io_managers import keepers_of
from observer.project import Project
from observer.reads.model import VersionRow
from observer.reads.versions import told
from orchestration.database import reading
from orchestration.model import Address, PartitionKey, VersionStatus
from orchestration.prune import Pruned, prune
from orchestration.quarantine import discard, override
from orchestration.rollback import Rollback, roll_back
from orchestration.state import VersionRecord
from orchestration.tables import versions


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A version of an asset, and whether its data is still there."""

    version: VersionRow
    in_storage: bool


def list_versions(work: Project, asset: str, partition: PartitionKey, last: int) -> tuple[Kept, ...]:
    """The newest versions of an asset, or of one partition, newest first; raises UnknownName, PartitionError."""
    found = work.graph.asset(asset)
    where = versions.c.asset == found.key
    if partition is not None:
        where &= versions.c.partition == (work.address(asset, partition).partition or "")
    with reading(work.engine) as connection:
        rows = connection.execute(select(versions).where(where).order_by(versions.c.seq.desc()).limit(last)).all()
        said = told(connection, found.key)
    there: dict[Address, set[str]] = {}
    kept = []
    for row in rows:
        address = Address(found.key, row.partition or None)
        if address not in there:
            there[address] = set(work.runtime.io.versions(address))
        version = VersionRow(
            id=row.id, partition=address.partition, status=row.status, materialized_at=row.materialized_at,
            rows=row.rows, bytes=row.bytes, duration_s=row.duration_s, run_id=row.run_id,
            sentence=said.of(row.id, is_held=row.status == VersionStatus.HELD),
        )  # fmt: skip
        kept.append(Kept(version=version, in_storage=row.id in there[address]))
    return tuple(kept)


def roll_back_to(
    work: Project, asset: str, partition: PartitionKey, *, to: str | None, reason: str, by: str
) -> Rollback:
    """Put an earlier version back; see :func:`orchestration.rollback.roll_back`."""
    return roll_back(
        work.engine, work.runtime.io, work.clock, work.address(asset, partition), to=to, reason=reason_of(reason), by=by
    )


def discard_held(work: Project, asset: str, partition: PartitionKey, *, reason: str, by: str) -> VersionRecord:
    """Throw a held version away; see :func:`orchestration.quarantine.discard`."""
    return discard(work.engine, work.clock, work.address(asset, partition), reason=reason_of(reason), by=by)


def override_gate(
    work: Project, asset: str, partition: PartitionKey, *, for_s: float, reason: str, by: str
) -> tuple[VersionRecord, datetime]:
    """Open a gate for a while; see :func:`orchestration.quarantine.override`. Returns also when it shuts."""
    until = work.clock.now() + timedelta(seconds=for_s)
    address = work.address(asset, partition)
    return override(work.engine, work.clock, address, until=until, reason=reason_of(reason), by=by), until


def remove_old(work: Project, selection: str, *, dry: bool) -> Iterator[Pruned]:
    """Remove what the environment's retention lets go of; see :func:`orchestration.prune.prune`."""
    keepers = keepers_of(work.config, work.graph)
    for key in work.select(selection):
        if (kept := keepers[key].retention) is not None:
            yield from prune(work.engine, work.runtime.io, work.clock, key, kept, dry=dry)


def reason_of(text: str) -> str:
    """A reason as it is kept; raises ReleaseError for an empty one."""
    if not text.strip():
        raise ReleaseError("this needs a reason, which stays in the history: --reason '...'")
    return text.strip()
