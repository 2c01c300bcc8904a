"""The checks of an asset on the versions that are there already: a new or changed check judges them too.

Nothing published is unpublished by it. A held version that nothing holds any more is proposed for release.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from shlex import quote

from sqlalchemy import Connection, select

from observer import audit as auditing
from observer.assets import quality_of
from observer.data_time import data_time, part_of, span
from observer.errors import CheckError, ProjectError
from observer.evaluate import evaluate
from observer.history import Past
from observer.judging import Verdict, excused
from observer.measuring import filled
from observer.model import Audit, Evaluation, EvaluationStatus, OnRecovery, SubjectKind, Way
from observer.policy import PROPOSED, decide, holding
from observer.project import Project
from observer.redacted import without_secrets
from observer.second_look import propose_release, tell_of_published
from observer.store import evaluations as evaluation_store
from observer.store.tables import evaluations
from orchestration import log
from orchestration.assets import Asset
from orchestration.beside import beside
from orchestration.database import reading, writing
from orchestration.events import Event, EventKind
from orchestration.execute import Execution
from orchestration.io.base import look
from orchestration.model import (
    Address,
    AssetKey,
    AssetKind,
    Materialization,
    PartitionKey,
    Staged,
    VersionStatus,
)
from orchestration.state import Snapshot, VersionRecord, load
from orchestration.tables import gates, versions

_RECOVERED = "nothing holds it any more: its checks were run again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rechecked:
    """What the checks say of one version now.

    ``ways`` is how each was run; None: it wasn't. ``proposed``: it is held, and nothing that held it does so any more;
    ``released``: its gate's policy has published it for that.
    """

    address: Address
    version: str
    status: VersionStatus
    evaluations: tuple[Evaluation, ...]
    ways: Mapping[str, Way | None]
    seconds: float
    proposed: bool = False
    released: bool = False


def recheck(work: Project, asset: str, partition: PartitionKey = None, *, dry: bool = False) -> Iterator[Rechecked]:
    """Run the checks of an asset on what is published and what is held: of one partition, or of all.

    What they say is appended to the versions' history unless ``dry``.

    Raises
    ------
    UnknownName, PartitionError
        There is no such asset or partition.
    CheckError
        The asset has no check, or is a source, whose data is kept nowhere.
    ProjectError
        There is no version to look at.
    StorageError
        A version isn't there any more; what was said of those before it stays recorded.
    """
    found = work.graph.asset(asset)
    if found.kind is AssetKind.SOURCE:
        raise CheckError(
            f"{asset} is a source, whose data is kept nowhere; its checks run with: tidegate observe {asset}"
        )
    if not work.observer.checks.get(found.key):
        raise CheckError(f"{asset} has no check; nothing was run; give it checks=[...]")
    only = None if partition is None else work.address(asset, partition)
    compared = work.runtime.compared.get(found.key, {})
    with reading(work.engine) as connection:
        snapshot = load(connection, {found.key, *compared}, work.clock.now())
    chosen = [
        (address, version)
        for address, state in sorted(snapshot.items(), key=lambda one: one[0].partition or "")
        if address.asset == found.key and address == (only or address)
        for version in (state.published, state.held)
        if version is not None
    ]
    if not chosen:
        where = asset if only is None else str(only)
        raise ProjectError(f"nothing of {where} is published or held; materialize it: tidegate run {asset}")
    for _, version in chosen:
        yield _one(work, found, version, snapshot, dry=dry)


def _one(work: Project, asset: Asset, version: VersionRecord, snapshot: Snapshot, *, dry: bool) -> Rechecked:
    checks, now = work.observer.checks[asset.key], work.clock.now()
    with reading(work.engine) as connection:
        made = _made(connection, version)
    others = work.runtime.compared.get(asset.key, {})
    execution = Execution(work.graph, work.runtime.io, work.config.root)
    staged = Staged(
        materialization=made, data=look(work.runtime.io, version.stored()),
        beside={one.asset: execution.table(one) for one in beside(others, version.address, snapshot)},
    )  # fmt: skip
    since, until = span(asset, made.partition, made.materialized_at)
    profile = filled(quality_of(asset).profile, work.observer.profile)
    audit = auditing.check(staged, checks, policy=profile, since=since, until=until)
    audit = without_secrets(audit, work.observer.redact)
    data_at = data_time(asset, made.partition, made.materialized_at)
    past = Past(series={}, schema=None)
    judged = evaluate(
        asset, audit, (), past, data_at=data_at, now=now, part=part_of(asset, made.partition)
    )  # fmt: skip
    policy = quality_of(asset).gate
    judged, overrides = excused(work.observer, made.address, judged, policy, now)
    verdict = Verdict(
        observer=work.observer, asset=asset, audit=audit, data_at=data_at, evaluations=judged,
        decision=replace(decide(made, judged, policy, now, overrides), by="check"),
    )  # fmt: skip
    is_held = version.status is VersionStatus.HELD
    with reading(work.engine) as connection:
        is_free = is_held and not _still_held(connection, asset, version, judged)
    releases = is_free and policy.on_recovery == OnRecovery.RELEASE
    if not dry:
        with writing(work.engine) as connection:
            evaluation_store.save(connection, [(judged, version.seq, data_at)])
            detail = {"version": version.id, "outcome": PROPOSED if is_free else _worst(judged)}
            event = Event(at=now, kind=EventKind.VERSION_CHECKED, address=version.address, detail=detail)
            log.append(connection, event)
            if is_free and not releases:
                propose_release(connection, verdict, release_command(version.address))
            elif not is_held:
                tell_of_published(connection, verdict, is_held_too=snapshot.of(version.address).held is not None)
        if releases:
            work.release(asset.key, made.partition, reason=_RECOVERED, by="policy")
    return Rechecked(
        address=version.address, version=version.id, status=version.status, evaluations=judged, ways=_ways(audit),
        seconds=audit.collect_s, proposed=is_free and not releases, released=releases and not dry,
    )  # fmt: skip


def release_command(address: Address) -> str:
    """What a person types to publish what is held there."""
    key = "" if address.partition is None else f" --partition {quote(address.partition)}"
    return f"tidegate release {address.asset}{key} --reason '...'"


def _ways(audit: Audit) -> dict[str, Way | None]:
    return {one.check: one.way for one in audit.outcomes}


def _worst(judged: tuple[Evaluation, ...]) -> str:
    order = (EvaluationStatus.FAILED, EvaluationStatus.UNKNOWN, EvaluationStatus.WARNED)
    said = {one.status for one in judged if not one.muted}
    return next((status.value for status in order if status in said), EvaluationStatus.PASSED.value)


def _still_held(connection: Connection, asset: Asset, version: VersionRecord, judged: tuple[Evaluation, ...]) -> bool:
    """Whether something holds the version: a check that was just run, or a monitor that held it when it was made."""
    if holding(judged, quality_of(asset).gate):
        return True
    holds = connection.execute(
        select(gates.c.holds).where(gates.c.materialization_id == version.id, gates.c.asset == asset.key)
    ).scalar_one_or_none()
    if holds is None:  # the gate has another version in view
        return True
    checked = connection.execute(
        select(evaluations.c.subject).where(
            evaluations.c.materialization_id == version.id, evaluations.c.kind == SubjectKind.CHECK.value
        )
    ).scalars()
    return bool(set(holds) - set(checked))


def _made(connection: Connection, version: VersionRecord) -> Materialization:
    row = connection.execute(select(versions).where(versions.c.id == version.id)).one()
    return Materialization(
        id=row.id, asset=AssetKey(row.asset), partition=row.partition or None, run_id=row.run_id,
        materialized_at=row.materialized_at, data_version=row.data_version, code_version=row.code_version,
        fingerprint=row.fingerprint, duration_s=row.duration_s, rows=row.rows, bytes=row.bytes, metadata=row.metadata,
    )  # fmt: skip
