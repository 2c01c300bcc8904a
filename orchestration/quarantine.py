"""What a person may do with a held version but release it: throw it away, or let consumers read it for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection, Engine

from orchestration import lease, log
from orchestration.clock import Clock
from orchestration.database import reading, writing
from orchestration.errors import VersionError
from orchestration.events import Event, EventKind
from orchestration.model import Address, GateDecision, GateOutcome, VersionStatus
from orchestration.state import VersionRecord, load_one
from orchestration.taken_in import alone_with


def discard(engine: Engine, clock: Clock, address: Address, *, reason: str, by: str) -> VersionRecord:
    """Throw the held version of an address away; the gate stays shut and the next run makes the address anew.

    Raises
    ------
    VersionError
        Nothing is held.
    LeaseHeld
        A run is materializing the address just now.
    """
    with _held(engine, clock, address) as (connection, held):
        log.set_status(connection, held.id, VersionStatus.DISCARDED)
        decision = GateDecision(
            asset=address.asset, partition=address.partition, materialization_id=held.id, outcome=GateOutcome.HELD,
            reasons=(f"its held version was discarded by {by}: {reason}",), holds=(), decided_at=clock.now(), by=by,
        )  # fmt: skip
        log.save_decision(connection, decision, held.run_id)
        _say(connection, clock, EventKind.VERSION_DISCARDED, held, by=by, reason=reason)
    return held


def override(engine: Engine, clock: Clock, address: Address, *, until: datetime, reason: str, by: str) -> VersionRecord:
    """Let what is downstream read the held version of an address until ``until``; readers keep what they have.

    The version stays held. When the time is over, or another version of the address is judged, the override ends; what
    was made from the version meanwhile stays as its own gate has judged it.

    Raises
    ------
    VersionError
        Nothing is held, or ``until`` has passed.
    LeaseHeld
        A run is materializing the address just now.
    """
    if until <= clock.now():
        raise VersionError(f"an override of {address} would have ended at {until:%Y-%m-%d %H:%M} UTC already")
    with _held(engine, clock, address) as (connection, held):
        before = load_one(connection, address, now=clock.now()).gate
        decision = GateDecision(
            asset=address.asset, partition=address.partition, materialization_id=held.id,
            outcome=GateOutcome.OPEN_BY_OVERRIDE, holds=(), decided_at=clock.now(), by=by, expires_at=until,
            reasons=(reason, *(before.reasons if before else ())),
        )  # fmt: skip
        log.save_decision(connection, decision, held.run_id)
        _say(connection, clock, EventKind.GATE_OVERRIDDEN, held, by=by, reason=reason, until=until.isoformat())
    return held


@contextmanager
def _held(engine: Engine, clock: Clock, address: Address) -> Iterator[tuple[Connection, VersionRecord]]:
    """A write transaction under the address's lease, with the version that is held in it."""
    with reading(engine) as connection:
        found = load_one(connection, address).held
    if found is None:
        raise VersionError(f"nothing of {address} is held; nothing was changed; see: tidegate versions {address.asset}")
    with writing(engine) as connection:
        alone_with(connection, [address.asset])
        token = lease.acquire(connection, address, found.run_id, clock.wall())
        held = load_one(connection, address).held  # again: a release, or a report, may have been quicker
        if held is None:
            raise VersionError(f"nothing of {address} is held any more; nothing was changed")
        yield connection, held
        lease.release(connection, address, token)


def _say(connection: Connection, clock: Clock, kind: EventKind, held: VersionRecord, **detail: str) -> None:
    event = Event(
        at=clock.now(), kind=kind, run_id=held.run_id, address=held.address, detail={"version": held.id, **detail}
    )
    log.append(connection, event)
