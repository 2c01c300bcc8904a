"""Letting a held version out: by a person, with a reason, for good."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, Engine

from orchestration import lease, log
from orchestration.clock import Clock
from orchestration.database import writing
from orchestration.errors import StateError
from orchestration.events import Event, EventKind
from orchestration.io.base import OBSERVED, IOManager
from orchestration.model import Address, GateDecision, GateOutcome, VersionStatus
from orchestration.recovery import carry_out
from orchestration.state import VersionRecord, load_one
from orchestration.taken_in import alone_with


def release(
    engine: Engine,
    io: IOManager,
    clock: Clock,
    address: Address,
    *,
    reason: str,
    by: str,
    record: Callable[[Connection, GateDecision], None],
) -> VersionRecord | None:
    """Publish the newest held version of an address; returns it, or None if nothing is held.

    ``record(connection, decision)`` writes what belongs to the decision in its transaction. A crash after it
    is finished by ``recover``.

    Raises
    ------
    LeaseHeld
        A run is materializing the address just now.
    StateError
        The held version is no longer in storage; nothing was changed.
    StorageError
        The pointer could not be written; the release stands and is finished by the next run.
    """
    with writing(engine) as connection:
        held = load_one(connection, address).held
        if held is None:
            return None
        alone_with(connection, [address.asset])
        token = lease.acquire(connection, address, held.run_id, clock.wall())
        held = load_one(connection, address).held  # again: another release, or a report, may have been quicker
        if held is None:
            lease.release(connection, address, token)
            return None
        if held.format != OBSERVED and not io.has(address, held.id):
            raise StateError(
                f"the held version {held.id} of {address} is no longer in storage; nothing was changed; "
                f"materialize it again: tidegate run {address.asset} --force"
            )
        decision = GateDecision(
            asset=address.asset, partition=address.partition, materialization_id=held.id,
            outcome=GateOutcome.OPEN, reasons=(f"released by {by}: {reason}",), holds=(),
            decided_at=clock.now(), by=by,
        )  # fmt: skip
        log.set_status(connection, held.id, VersionStatus.PUBLISHING, released=True)
        log.save_decision(connection, decision, held.run_id)
        log.append(
            connection,
            Event(
                at=decision.decided_at, kind=EventKind.VERSION_RELEASED, run_id=held.run_id, address=address,
                detail={"version": held.id, "by": by, "reason": reason},
            ),
        )  # fmt: skip
        record(connection, decision)
        if held.format == OBSERVED:  # nothing of it is in storage, so that it can all be one transaction
            log.publish(connection, [held], clock.now())
            lease.release(connection, address, token)
            return held
    carry_out(engine, io, clock, held, token, otherwise=VersionStatus.HELD)
    return held
