"""Putting an earlier published version back: by a person, with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from orchestration import lease, log
from orchestration.clock import Clock
from orchestration.database import reading, writing
from orchestration.errors import UnknownName, VersionError
from orchestration.events import Event, EventKind
from orchestration.io.base import IOManager
from orchestration.model import Address, GateDecision, GateOutcome, VersionStatus
from orchestration.recovery import carry_out, unfinished
from orchestration.state import VersionRecord, known_versions, load_one

_WERE_PUBLISHED = (VersionStatus.SUPERSEDED, VersionStatus.ROLLED_BACK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    """What readers saw before, and what they see now."""

    before: VersionRecord
    now: VersionRecord


def roll_back(
    engine: Engine, io: IOManager, clock: Clock, address: Address, *, to: str | None, reason: str, by: str
) -> Rollback:
    """Make an earlier version of an address the published one, under a new fencing token.

    What is downstream reads other data from then on, so it is made again by the next run. The version that is taken
    back is ``rolled_back``: the same code over the same inputs would only make it anew, so a run leaves the address
    alone until one of them has changed. A version that is held stays held. ``to`` may also be a newer version that was
    rolled back before. A crash is finished by ``recover``.

    Parameters
    ----------
    to:
        The id of the version; the one before what is published now, if None.

    Raises
    ------
    VersionError, UnknownName
        There is no such version, it was never published, or it is no longer in storage; nothing was changed.
    LeaseHeld
        A run is materializing the address just now.
    StorageError
        The pointer could not be written; the rollback stands and is finished by the next run.
    """
    with reading(engine) as connection:
        target, before = _target(io, address, known_versions(connection, address), to)
    with writing(engine) as connection:
        token = lease.acquire(connection, address, target.run_id, clock.wall())
        target, before = _target(io, address, known_versions(connection, address), target.id)  # again, under the lease
        _intend(connection, clock, address, Rollback(before=before, now=target), reason, by)
    carry_out(engine, io, clock, target, token, otherwise=target.status)
    return Rollback(before=before, now=target)


def _target(
    io: IOManager, address: Address, known: Sequence[VersionRecord], to: str | None
) -> tuple[VersionRecord, VersionRecord]:
    """The version to go to and the one that is published now; raises VersionError, UnknownName."""
    published = next((v for v in reversed(known) if v.status is VersionStatus.PUBLISHED), None)
    if published is None:
        raise VersionError(f"nothing of {address} is published, so nothing can be rolled back; nothing was changed")
    if unfinished(known):
        raise VersionError(
            f"a publication of {address} was begun and is not confirmed; nothing was changed; finish it first: "
            "tidegate doctor --fix"
        )
    past = [v for v in known if v.status in _WERE_PUBLISHED]
    if to is None:
        older = [v for v in past if v.seq < published.seq and v.status is VersionStatus.SUPERSEDED]
        if not older:
            raise VersionError(f"{address} has no version before {published.id}; nothing was changed")
        target = older[-1]
    else:
        target = _named(address, known, past, to)
    if not io.has(address, target.id):
        raise VersionError(
            f"the version {target.id} of {address} is no longer in storage; nothing was changed; "
            f"see which are: tidegate versions {address.asset}"
        )
    return target, published


def _named(address: Address, known: Sequence[VersionRecord], past: Sequence[VersionRecord], to: str) -> VersionRecord:
    found = next((v for v in known if v.id == to), None)
    if found is None:
        raise UnknownName("version", to, [v.id for v in past], where=str(address))
    if found in past:
        return found
    said = {
        VersionStatus.PUBLISHED: "is what readers see already",
        VersionStatus.HELD: "is held; let it out with: tidegate release",
        VersionStatus.DISCARDED: "was never published",
    }.get(found.status, f"is {found.status.value}")
    raise VersionError(f"the version {to} of {address} {said}; nothing was changed")


def _intend(connection: Connection, clock: Clock, address: Address, turn: Rollback, reason: str, by: str) -> None:
    """Log the intent. The gate of an address that is held stays shut: that is about another version."""
    said = f"rolled back from {turn.before.id} by {by}: {reason}"
    log.set_status(connection, turn.now.id, VersionStatus.PUBLISHING)
    if not load_one(connection, address, now=clock.now()).is_held:
        decision = GateDecision(
            asset=address.asset, partition=address.partition, materialization_id=turn.now.id,
            outcome=GateOutcome.OPEN, reasons=(said,), holds=(), decided_at=clock.now(), by=by,
        )  # fmt: skip
        log.save_decision(connection, decision, turn.now.run_id)
    detail = {"version": turn.before.id, "to": turn.now.id, "by": by, "reason": reason}
    log.append(
        connection,
        Event(
            at=clock.now(), kind=EventKind.VERSION_ROLLED_BACK, run_id=turn.now.run_id, address=address, detail=detail
        ),
    )
