"""What the gate says of one address: one answer for the page, the API and the command."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, bindparam, exists, func, select

from observer.lateness import Awaited
from observer.model import EvaluationStatus, IncidentStatus, Override, Severity
from observer.reads.base import GateAnswer
from observer.reads.facts import UNCHECKED, came
from observer.reads.instants import Sentence, full, timezone_of
from observer.reads.ledger import (
    Gate,
    LastStep,
    Version,
    awaited_columns,
    gate,
    last_step,
    version,
)
from observer.reads.newest import LIVE, STEP, VERSION, ended
from observer.reads.states import why
from observer.store.tables import evaluations, incident_versions, incidents, overrides
from orchestration.assets import Asset
from orchestration.errors import PartitionError
from orchestration.graph import Graph
from orchestration.model import Address, AssetKind, GateOutcome, PartitionKey, StepStatus, VersionStatus
from orchestration.tables import gates, runs, steps, versions

Counts = tuple[tuple[Severity, EvaluationStatus | None, int], ...]
"""How many verdicts of a severity have a status; None stands for that of what is muted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What was read of one address."""

    asset: Asset
    partition: PartitionKey
    gate: Gate | None
    step: LastStep | None
    live: tuple[Version, ...]  # of this address
    readers: Version | None  # the newest of the asset
    verdicts: Counts
    incident_id: int | None
    overrides: tuple[Override, ...]  # in force, of what holds
    awaited: Awaited | None  # the next version after the judged one
    now: datetime
    zone: ZoneInfo


def answer(connection: Connection, graph: Graph, key: str, partition: PartitionKey, now: datetime) -> GateAnswer | None:
    """The state of the gate: six statements; None for an asset that doesn't exist.

    Raises
    ------
    PartitionError
        ``partition`` isn't one of the asset's.
    """
    if key not in graph:
        return None
    asset = graph.asset(key)
    if partition is not None:
        if asset.partitions is None:
            raise PartitionError(f"{key} isn't partitioned; leave the partition {partition!r} out")
        asset.partitions.check(partition)
    return _answer(_read(connection, asset, partition, ZoneInfo(timezone_of(graph)), now))


def _read(connection: Connection, asset: Asset, partition: PartitionKey, zone: ZoneInfo, now: datetime) -> _Facts:
    of_one = partition is not None or asset.partitions is None
    decided, overridden = _decided(connection, _JUDGED if of_one else _NEWEST, Address(asset.key, partition), now)
    address = decided.address if decided is not None else Address(asset.key, partition)
    here = {"b_asset": asset.key, "b_partition": address.partition or ""}
    live = connection.execute(_LIVE, here)
    readers = connection.execute(_READERS, {"b_asset": asset.key}).one_or_none()
    judged_id = decided.materialization_id if decided is not None else ""
    verdicts, awaited = _verdicts(connection, judged_id)
    step = connection.execute(_STEP, here).one_or_none()
    incident: int | None = connection.execute(_INCIDENT, {"b_version": judged_id}).scalar_one()
    return _Facts(
        asset=asset, partition=address.partition, gate=decided, step=None if step is None else last_step(step),
        live=tuple(version(each) for each in live), readers=None if readers is None else version(readers),
        verdicts=verdicts, incident_id=incident, overrides=overridden, awaited=awaited, now=now, zone=zone,
    )  # fmt: skip


def _decided(
    connection: Connection, judged: Select[Any], where: Address, now: datetime
) -> tuple[Gate | None, tuple[Override, ...]]:
    """A decision, and the overrides in force of what holds: one statement."""
    values = {"b_asset": where.asset, "b_partition": where.partition or "", "b_now": now}
    rows = connection.execute(judged, values).all()
    if not rows:
        return None, ()
    decided = gate(rows[0], now)
    given = {
        row.subject: Override(
            asset=decided.address.asset, partition=row.said_of or None, subject=row.subject, until=row.until,
            by=row.said_by, reason=row.reason,
        )
        for row in rows
    }  # fmt: skip
    holds = decided.holds if decided.is_held else ()
    return decided, tuple(given[subject] for subject in holds if subject in given)


def _verdicts(connection: Connection, version_id: str) -> tuple[Counts, Awaited | None]:
    """The verdicts on a version, counted, and what was said of the next one's coming: one statement."""
    rows = connection.execute(_VERDICTS, {"b_version": version_id}).all()
    awaited = (Awaited.read(row.awaited_by, row.awaited_until) for row in rows if not row.muted)
    counted = tuple(
        (Severity(row.severity), None if row.muted else EvaluationStatus(row.status), row.number) for row in rows
    )
    return counted, next((each for each in awaited if each is not None), None)


# Built once: other orchestrators ask the gate again and again, and building them takes as long as asking.


def _with_overrides(judged: Select[Any]) -> Select[Any]:
    one, c = judged.limit(1).subquery(), overrides.c
    counts = (c.asset == one.c.asset) & c.partition.in_(("", one.c.partition)) & (c.until > bindparam("b_now"))
    said = (c.subject, c.until, c.reason, c.partition.label("said_of"), c.by.label("said_by"))
    return select(one, *said).select_from(one.outerjoin(overrides, counts)).order_by(c.until)


def _verdicts_of() -> Select[Any]:
    of_version, muted = evaluations.c.materialization_id == bindparam("b_version"), evaluations.c.muted.is_not(None)
    newest = select(func.max(evaluations.c.id)).where(of_version).group_by(evaluations.c.subject)
    is_muted = muted.label("muted")
    return (
        select(evaluations.c.severity, evaluations.c.status, func.count().label("number"), is_muted, *awaited_columns())
        .where(evaluations.c.id.in_(newest))
        .group_by(evaluations.c.severity, evaluations.c.status, is_muted)
    )


_OF_ASSET = select(gates).where(gates.c.asset == bindparam("b_asset"))
_NEWEST = _with_overrides(_OF_ASSET.order_by(gates.c.partition.desc()))
_JUDGED = _with_overrides(_OF_ASSET.where(gates.c.partition == bindparam("b_partition")))
_LIVE = (
    select(*VERSION)
    .where(versions.c.asset == bindparam("b_asset"), versions.c.partition == bindparam("b_partition"))
    .where(versions.c.status.in_(LIVE))
    .order_by(versions.c.seq)
)
_READERS = (
    select(*VERSION)
    .where(versions.c.asset == bindparam("b_asset"), versions.c.status == VersionStatus.PUBLISHED)
    .order_by(versions.c.partition.desc(), versions.c.seq.desc())
    .limit(1)
)
_STEP = (
    select(*STEP)
    .join(runs, runs.c.id == steps.c.run_id)
    .where(ended(), steps.c.asset == bindparam("b_asset"), steps.c.partition == bindparam("b_partition"))
    .order_by(steps.c.ended_at.desc(), runs.c.seq.desc(), steps.c.position.desc())
    .limit(1)
)
_VERDICTS = _verdicts_of()
_ABOUT = exists().where(
    incident_versions.c.incident_id == incidents.c.id,
    incident_versions.c.materialization_id == bindparam("b_version"),
)
_INCIDENT = select(func.max(incidents.c.id)).where(incidents.c.status != IncidentStatus.RESOLVED, _ABOUT)


BUILT_IN_PLACE = "it was built in place, so readers see it; what is downstream waits"
"""Of a held version of an asset that can't be built aside."""


def _answer(facts: _Facts) -> GateAnswer:
    decided, zone = facts.gate, facts.zone
    readers = facts.readers
    seen = None if readers is None else readers.address.partition or full(readers.materialized_at, zone)
    common: dict[str, Any] = {
        "asset": facts.asset.key, "partition": facts.partition, "readers_see": seen, "incident_id": facts.incident_id
    }  # fmt: skip
    if decided is None:
        blocked = facts.step is not None and facts.step.status is StepStatus.BLOCKED
        return GateAnswer(
            **common, outcome="blocked" if blocked else "none", sentence=_never(facts), reasons=(), holds=(),
            materialization_id=None, decided_at=None, expires_at=None,
        )  # fmt: skip
    return GateAnswer(
        **common, outcome=decided.outcome.value, sentence=_sentence(facts, decided, seen), reasons=decided.reasons,
        holds=decided.holds, materialization_id=decided.materialization_id, decided_at=decided.decided_at,
        expires_at=decided.expires_at, unknown=decided.unknown, overridden=decided.overridden, columns=decided.columns,
    )  # fmt: skip


def _sentence(facts: _Facts, decided: Gate, seen: str | None) -> str:
    if decided.outcome is GateOutcome.HELD:
        ended = decided.expires_at
        ran_out = (" (an override ended ", full(ended, facts.zone), ")") if ended else ()
        return Sentence.of(f"held: {why(decided)}", *ran_out, "; ", _kept(facts, seen), _since(facts))
    if decided.outcome is GateOutcome.OPEN_BY_OVERRIDE:
        until = (" until ", full(decided.expires_at, facts.zone)) if decided.expires_at else ()
        return Sentence.of(f"open by override of {decided.by}", *until, f": {why(decided)}")
    published = next((v for v in reversed(facts.live) if not v.is_held), None)
    what = facts.partition or "the version"
    at = (" at ", full(published.materialized_at, facts.zone)) if published else ()
    if published is not None and published.status is VersionStatus.PUBLISHING:
        said: tuple[str, ...] = (f"open: the publication of {what} has begun and is not confirmed",)
    elif decided.overridden:
        though = f", though {why(decided)} ({_passed(facts.verdicts)})"
        return Sentence.of(f"open: {what} was {came(facts.asset)}", *at, though)
    elif decided.reasons:
        return f"open: {what} was {decided.reasons[0].rstrip('. ')} ({_passed(facts.verdicts)})"
    else:
        said = (f"open: {what} was {came(facts.asset)}", *at)
    return Sentence.of(*said, f", {_passed(facts.verdicts)}{_but(facts)}")


def _but(facts: _Facts) -> str:
    """Readers who ask for the newest are told that it may not be; of a source only a look would tell."""
    newest = facts.readers is not None and facts.readers.address.partition == facts.partition
    if facts.awaited is None or not newest or facts.asset.kind is AssetKind.SOURCE:
        return ""
    late = facts.awaited.sentence(facts.now)
    return "" if late is None else f"; {late}"


def _since(facts: _Facts) -> str:
    """What is overridden of that which holds: by a word that came after the verdict."""
    if not facts.overrides:
        return ""
    said = ", ".join(f"{one.subject} is {one}" for one in facts.overrides)
    return f" ({said}: that counts when it is made again)"


def _kept(facts: _Facts, seen: str | None) -> str:
    """What readers have instead of the held version."""
    if facts.asset.built_in_place or any(v.is_elsewhere for v in facts.live if v.is_held):
        return BUILT_IN_PLACE
    own = next((v for v in reversed(facts.live) if v.status is VersionStatus.PUBLISHED), None)
    if own is not None:
        return Sentence.of("readers keep the version of ", full(own.materialized_at, facts.zone))
    if seen is None:
        return "readers have nothing yet"
    if facts.partition is not None and seen > facts.partition:
        return f"readers see up to {seen}, without this partition"
    return Sentence.of("readers keep ", seen)


def _passed(verdicts: Counts) -> str:
    """``6 of 6 checks and monitors of severity error passed, 1 warned``."""
    hard = [(status, number) for severity, status, number in verdicts if severity is Severity.ERROR]
    total = sum(number for _, number in hard)
    passed = sum(number for status, number in hard if status is EvaluationStatus.PASSED)
    said = [f"{passed} of {total} checks and monitors of severity error passed" if total else _soft(verdicts)]
    for status, word in _WORDS.items():
        counts = status is EvaluationStatus.WARNED or not total  # of severity warn only what is a warning
        if number := sum(n for severity, s, n in verdicts if s is status and (counts or severity is Severity.ERROR)):
            said.append(f"{number} {word}")
    if muted := sum(number for _, status, number in verdicts if status is None):
        said.append(f"{muted} muted")
    return ", ".join(said)


_WORDS = {
    EvaluationStatus.FAILED: "failed",
    EvaluationStatus.WARNED: "warned",
    EvaluationStatus.UNKNOWN: "could not be judged",
    EvaluationStatus.LEARNING: "still learning",
}


def _soft(verdicts: Counts) -> str:
    total = sum(number for _, _, number in verdicts)
    passed = sum(number for _, status, number in verdicts if status is EvaluationStatus.PASSED)
    if not total:
        return UNCHECKED
    return f"nothing that could hold it is declared, {passed} of {total} monitors and checks passed"


def _never(facts: _Facts) -> str:
    """Why there is no decision."""
    what = f"{facts.asset.key} {facts.partition}" if facts.partition else facts.asset.key
    step = facts.step
    if step is None:
        return f"{what} was never materialized"
    if step.status is StepStatus.BLOCKED:
        return f"blocked: {step.reason}; it was never materialized"
    if step.status is StepStatus.FAILED:
        return f"{what} was never materialized: its run failed, {(step.error or step.reason).strip().splitlines()[0]}"
    if step.status is StepStatus.INTERRUPTED:
        return f"{what} was never materialized: its run was interrupted"
    return f"{what} was never judged"
