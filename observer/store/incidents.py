"""Incidents: the current state of each, and which versions it is about. Every change of one is a turn."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, exists, func, insert, or_, select, update

from observer.errors import IncidentChanged
from observer.model import Incident, IncidentStatus, Resolution, Severity
from observer.store import incident_turns
from observer.store.incident_tables import incident_turns as turns
from observer.store.tables import incident_versions, incidents
from observer.turns import Finding, Turn, TurnKind, turned
from orchestration import log
from orchestration.among import Among
from orchestration.events import Event, EventKind
from orchestration.model import Address, AssetKey, PartitionKey, Scalar
from orchestration.question import Question

MISSING = "run:"
"""Begins what stands for a version that was never made."""

_LARGEST = 2**63 - 1  # number that a database has
_FEW = 20


def alone(connection: Connection) -> None:
    """Until the transaction ends nobody else looks for incidents or changes one, so that none is opened twice.

    It is the last thing that a transaction asks for, so that none waits in a circle. SQLite has one writer.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


_LOCK = 74_219_388
"""Names our advisory lock on PostgreSQL."""


def unresolved(connection: Connection, asset: AssetKey) -> tuple[Incident, ...]:
    """The incidents of an asset that nobody and nothing has resolved, oldest first."""
    return tuple(incident(row) for row in connection.execute(_UNRESOLVED, {"b_asset": asset}))


def unresolved_of(connection: Connection, assets: Collection[AssetKey]) -> tuple[Incident, ...]:
    """Those of several assets, oldest first."""
    return tuple(incident(row) for row in _UNRESOLVED_OF.ask(connection, {"b_assets": list(assets)}))


def resolved_since(connection: Connection, asset: AssetKey, since: datetime) -> tuple[Incident, ...]:
    """The incidents of an asset that were resolved since an instant, the last one first; a few."""
    rows = connection.execute(
        select(incidents)
        .where(incidents.c.asset == asset, incidents.c.status == IncidentStatus.RESOLVED.value)
        .where(incidents.c.resolved_at >= since)
        .order_by(incidents.c.resolved_at.desc(), incidents.c.id.desc())
        .limit(_FEW)
    )
    return tuple(incident(row) for row in rows)


def troubled(connection: Connection, assets: Collection[AssetKey]) -> set[AssetKey]:
    """Those of some assets that an unresolved incident is about."""
    names = {"b_assets": list(assets)}
    return {AssetKey(row.asset) for ask in (_TROUBLED, _FOLLOWING) for row in ask.ask(connection, names)}


# Built once, because each step asks them.
_OPEN = incidents.c.status != IncidentStatus.RESOLVED.value
_UNRESOLVED = select(incidents).where(incidents.c.asset == bindparam("b_asset"), _OPEN).order_by(incidents.c.id)
_UNRESOLVED_OF = Question(select(incidents).where(Among(incidents.c.asset, "b_assets"), _OPEN).order_by(incidents.c.id))
_TROUBLED = Question(select(incidents.c.asset).where(Among(incidents.c.asset, "b_assets"), _OPEN).distinct())
_FOLLOWING = Question(
    select(incident_versions.c.asset)
    .where(Among(incident_versions.c.asset, "b_assets"), ~incident_versions.c.settled)
    .where(exists().where(incidents.c.id == incident_versions.c.incident_id, _OPEN))
    .distinct()
)


def waking(connection: Connection, now: datetime) -> tuple[Incident, ...]:
    """The incidents whose snooze or maintenance window is over, oldest first."""
    asleep = (IncidentStatus.SNOOZED.value, IncidentStatus.MUTED.value)
    rows = connection.execute(
        select(incidents).where(incidents.c.status.in_(asleep), incidents.c.until <= now).order_by(incidents.c.id)
    )
    return tuple(incident(row) for row in rows)


def open_ones(connection: Connection) -> tuple[Incident, ...]:
    """Those that nobody has taken up yet, oldest first: neither acknowledged nor asleep."""
    return _in(connection, IncidentStatus.OPEN)


def roused(connection: Connection) -> tuple[Incident, ...]:
    """The open ones that were muted once, oldest first."""
    muted = exists().where(turns.c.incident_id == incidents.c.id, turns.c.kind == TurnKind.MUTED.value)
    return _in(connection, IncidentStatus.OPEN, muted)


def muted_ones(connection: Connection) -> tuple[Incident, ...]:
    """Those that maintenance windows keep quiet, oldest first."""
    return _in(connection, IncidentStatus.MUTED)


def _in(connection: Connection, status: IncidentStatus, *more: ColumnElement[bool]) -> tuple[Incident, ...]:
    here = incidents.c.status == status.value
    rows = connection.execute(select(incidents).where(here, *more).order_by(incidents.c.id))
    return tuple(incident(row) for row in rows)


def get(connection: Connection, incident_id: int) -> Incident | None:
    """One incident; None if there is none of that number."""
    if not 0 < incident_id <= _LARGEST:
        return None
    row = connection.execute(select(incidents).where(incidents.c.id == incident_id)).one_or_none()
    return None if row is None else incident(row)


def add(connection: Connection, turn: Turn, materialization_id: str, *, settled: bool = False) -> Incident:
    """Store a new incident about one version, with its first turn; ``settled``: no version mends it."""
    opened = turned(None, turn)
    number = connection.execute(insert(incidents).values(**_row(opened)).returning(incidents.c.id)).scalar_one()
    opened = replace(opened, id=int(number))
    _happened(connection, opened, turn)
    assert turn.found is not None, "it was opened"
    concern(connection, opened.id, turn.found, materialization_id, settled=settled)
    return opened


def take(connection: Connection, before: Incident, turn: Turn) -> Incident:
    """Let an incident take a turn: what it has become, and the turn, are stored together.

    Raises
    ------
    IncidentError, IncidentChanged
        It can't be done to it, or somebody else has changed it since ``before`` was read.
    """
    after = turned(before, turn)
    changed = connection.execute(
        update(incidents)
        .where(incidents.c.id == before.id, incidents.c.revision == before.revision)
        .values(**_row(after))
    )
    if changed.rowcount != 1:
        raise IncidentChanged(
            f"incident #{before.id} was changed meanwhile; nothing was changed; look at it again: "
            f"tidegate incidents show {before.id}"
        )
    _happened(connection, after, turn)
    return after


def _happened(connection: Connection, after: Incident, turn: Turn) -> None:
    """The turn among the incident's, and in the log for whoever listens."""
    incident_turns.append(connection, after.id, after.revision, turn)
    address = Address(after.asset, after.last_partition)
    detail: dict[str, Scalar] = {"incident": after.id, "turn": turn.kind.value}
    log.append(connection, Event(at=turn.at, kind=EventKind.INCIDENT_CHANGED, address=address, detail=detail))


def concern(
    connection: Connection, number: int, found: Finding, materialization_id: str, *, settled: bool = False
) -> None:
    """Store that an incident is about one more version; ``settled``: it does not wait for that one to be mended."""
    version = {
        "asset": found.asset, "partition": found.partition or "", "severity": found.severity.value, "settled": settled
    }  # fmt: skip
    here = _versions_of(number) & (incident_versions.c.materialization_id == materialization_id)
    if connection.execute(update(incident_versions).where(here).values(version)).rowcount == 0:
        names = {"incident_id": number, "materialization_id": materialization_id}
        connection.execute(insert(incident_versions).values({**names, **version}))


def concerned(connection: Connection, numbers: Collection[int]) -> dict[Address, list[int]]:
    """The addresses that incidents wait for to be mended, and which ones do."""
    rows = connection.execute(
        select(incident_versions)
        .where(incident_versions.c.incident_id.in_(numbers), ~incident_versions.c.settled)
        .order_by(incident_versions.c.incident_id)
    )
    found: dict[Address, list[int]] = {}
    for row in rows:
        found.setdefault(Address(AssetKey(row.asset), row.partition or None), []).append(row.incident_id)
    return found


def settle(
    connection: Connection, asset: AssetKey, partition: PartitionKey, severities: Collection[Severity] = tuple(Severity)
) -> tuple[Incident, ...]:
    """Say that nothing of these severities is wrong with a partition any more.

    Returns the incidents that had waited for it and have nothing else to wait for.
    """
    here = (incident_versions.c.asset == asset) & (incident_versions.c.partition == (partition or ""))
    there = exists().where(incidents.c.id == incident_versions.c.incident_id, _OPEN)
    return _settled(connection, and_(here, there), severities)


def settle_warnings(
    connection: Connection, number: int, asset: AssetKey, mends: Callable[[PartitionKey], bool] = lambda partition: True
) -> tuple[Incident, ...]:
    """Say that an incident waits no more for versions of an asset that only warned; returned as by ``settle``.

    A partition that was never made is waited for until it is; what is missing of an unnamed one, no more.

    Parameters
    ----------
    mends: says whether that holds for the versions of a partition.
    """
    c = incident_versions.c
    here = _versions_of(number) & (c.asset == asset) & ~c.settled
    made = or_(~c.materialization_id.startswith(MISSING), c.partition == "")
    waited_for = connection.execute(select(c.partition).where(here, made).distinct()).scalars()
    mended = [one for one in waited_for if mends(one or None)]
    return _settled(connection, and_(here, made, c.partition.in_(mended)), (Severity.WARN,))


def _settled(connection: Connection, which: Any, severities: Collection[Severity]) -> tuple[Incident, ...]:
    numbers = (
        connection.execute(
            update(incident_versions)
            .where(which, incident_versions.c.severity.in_([severity.value for severity in severities]))
            .where(~incident_versions.c.settled)
            .values(settled=True)
            .returning(incident_versions.c.incident_id)
        )
        .scalars()
        .all()
    )
    return _mended(connection, incidents.c.id.in_(set(numbers))) if numbers else ()


def _versions_of(number: int) -> ColumnElement[bool]:
    return incident_versions.c.incident_id == number


def mended(connection: Connection, one: Incident) -> tuple[Incident, ...]:
    """The incident, if it waits for no version any more, but for passes after coming back; else none."""
    return _mended(connection, incidents.c.id == one.id) if one.reopened else ()


def _mended(connection: Connection, which: Any) -> tuple[Incident, ...]:
    left = exists().where(incident_versions.c.incident_id == incidents.c.id, ~incident_versions.c.settled)
    rows = connection.execute(select(incidents).where(which, _OPEN, ~left).order_by(incidents.c.id))
    return tuple(incident(row) for row in rows)


def incident(row: Any) -> Incident:
    """The record that a row of the table holds."""
    return Incident(
        id=row.id, asset=AssetKey(row.asset), first_partition=row.first_partition or None,
        last_partition=row.last_partition or None, severity=Severity(row.severity),
        status=IncidentStatus(row.status), sentence=row.sentence, subjects=tuple(row.subjects),
        affected=tuple(AssetKey(a) for a in row.affected), opened_at=row.opened_at, updated_at=row.updated_at,
        resolved_at=row.resolved_at, resolution=row.resolution,
        resolved_as=None if row.resolved_as is None else Resolution(row.resolved_as), until=row.until,
        assigned=tuple(row.assigned), passes=row.passes, reopened=row.reopened, revision=row.revision,
    )  # fmt: skip


def _row(record: Incident) -> dict[str, Any]:
    return {
        "asset": record.asset, "first_partition": record.first_partition or "",
        "last_partition": record.last_partition or "", "severity": record.severity.value,
        "status": record.status.value, "sentence": record.sentence, "subjects": list(record.subjects),
        "affected": list(record.affected), "opened_at": record.opened_at, "updated_at": record.updated_at,
        "resolved_at": record.resolved_at, "resolution": record.resolution,
        "resolved_as": None if record.resolved_as is None else record.resolved_as.value, "until": record.until,
        "assigned": list(record.assigned), "passes": record.passes, "reopened": record.reopened,
        "revision": record.revision,
    }  # fmt: skip
