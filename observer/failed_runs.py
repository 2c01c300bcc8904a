"""Runs that failed, or were never walked, with nobody by: readers keep what they have, people hear as of a warning."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, exists, select

from observer import incidents
from observer.explaining import explained_by
from observer.judging import Observer
from observer.model import Severity
from observer.store import incidents as incident_store
from observer.telling import interval_of, open_apart, take
from observer.turns import Finding
from orchestration import runs
from orchestration.attempt import asked_for
from orchestration.database import reading, writing
from orchestration.errors import UnknownName
from orchestration.model import Address, AssetKey, Run, StepStatus
from orchestration.queue import Queued
from orchestration.runtime import Runtime
from orchestration.tables import versions

FAILED_RUN = "failed run"
"""What the incident is about, beside or instead of checks and monitors."""
_LONGEST = 300
_LEFT = (StepStatus.PLANNED, StepStatus.RUNNING, StepStatus.INTERRUPTED, StepStatus.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRun:
    """That a run that should have made a version of an address has failed.

    ``why`` are whoever's words, or none; ``affected`` are the assets downstream that were not made for it; ``how``
    says what became of the run.
    """

    address: Address
    run_id: str
    job: str
    at: datetime
    why: str = ""
    affected: tuple[AssetKey, ...] = ()
    how: str = "failed"


def tell_of_run(observer: Observer, run: Run) -> None:
    """Tell of each address whose step of a run of ours failed, what is upstream first; what is told again is told once.

    Each in a transaction of its own: of a backfill thousands may have failed, and no gate waits for all of them.
    """
    blocked = {step.asset for step in run.steps if step.status is StepStatus.BLOCKED}
    for step in run.steps:
        if step.status is StepStatus.FAILED and step.asset in observer.graph:  # it may have gone since the run ended
            hurt = blocked & set(observer.graph.descendants((step.asset,)))
            failed = FailedRun(
                address=step.address, run_id=run.id, job=f"run {run.id}", at=step.ended_at or observer.clock.now(),
                why=step.error or "", affected=tuple(sorted(hurt)),
            )  # fmt: skip
            with writing(observer.engine) as connection:
                tell_of_failure(connection, observer, failed)


def tell_of_unwalked(observer: Observer, runtime: Runtime, claim: Queued, how: str, why: str) -> None:
    """Tell of each address that a queued run did not come to: one that was refused, broke, or was given up.

    Parameters
    ----------
    how: what became of it, e.g. "was refused".
    why: in words that may be shown.
    """
    for address in _not_come_to(runtime, claim):
        failed = FailedRun(
            address=address, run_id=claim.id, job=f"run {claim.id}", at=observer.clock.now(), why=why, how=how,
        )  # fmt: skip
        with writing(observer.engine) as connection:
            tell_of_failure(connection, observer, failed)


def _not_come_to(runtime: Runtime, claim: Queued) -> tuple[Address, ...]:
    """What its steps have left, where it had begun, else what it was asked for."""
    with reading(runtime.engine) as connection:
        try:
            walked = runs.find(connection, claim.id).steps
        except UnknownName:
            walked = ()
    if not walked:
        return asked_for(runtime, claim.request)
    return tuple(step.address for step in walked if step.status in _LEFT and step.asset in runtime.graph)


def tell_of_failure(connection: Connection, observer: Observer, failed: FailedRun) -> None:
    """Let an incident of the asset go on with it, one upstream explain it, or open one; the next good version ends it.

    Nothing is told where a version of the address has been made since: the failure was heard of late.
    """
    if _is_over(connection, failed):
        return
    incident_store.alone(connection)
    found, asset = _finding(observer, failed), observer.graph.asset(failed.address.asset)
    covers, version = interval_of(asset), _stands_for(failed)
    goes_on = incidents.to_fold_into(found, incident_store.unresolved(connection, asset.key), covers)
    if goes_on is not None:
        incident_store.concern(connection, goes_on.id, found, version)
        take(connection, observer, goes_on, incidents.joining(goes_on, found, covers))
        return
    cause = explained_by(connection, observer.graph, found, version, lambda key: interval_of(observer.graph.asset(key)))
    if cause is None:
        open_apart(connection, observer, incidents.opening(found), version, settled=False)
        return
    incident_store.concern(connection, cause.id, found, version, settled=True)
    take(connection, observer, cause, incidents.following(cause, found))


def _stands_for(failed: FailedRun) -> str:
    """What stands for the version that was not made, among those that an incident is about: one for each address."""
    named = "\0".join((failed.run_id, failed.address.asset, failed.address.partition or ""))
    return f"{incident_store.MISSING}{hashlib.sha256(named.encode()).hexdigest()[:32]}"


def _is_over(connection: Connection, failed: FailedRun) -> bool:
    made_since = exists().where(
        versions.c.asset == failed.address.asset, versions.c.partition == (failed.address.partition or ""),
        versions.c.materialized_at >= failed.at,
    )  # fmt: skip
    return bool(connection.execute(select(made_since)).scalar_one())


def _finding(observer: Observer, failed: FailedRun) -> Finding:
    why = " ".join(observer.redact(failed.why).split())
    said = f"{why[: _LONGEST - 1]}…" if len(why) > _LONGEST else why
    ended = f"{failed.how}: {failed.job}{f': {said}' if said else ''}"
    return Finding(
        asset=failed.address.asset, partition=failed.address.partition, severity=Severity.WARN,
        sentence=f"the run that makes it {ended}; readers keep what they had",
        subjects=(FAILED_RUN,), affected=failed.affected, at=observer.clock.now(), environment=observer.environment,
    )  # fmt: skip
