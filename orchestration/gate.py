"""The gate: mechanism here, policy above. What is asked before a staged version may be published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

from orchestration.model import GateDecision, GateOutcome, Staged

if TYPE_CHECKING:
    from sqlalchemy import Connection

Audit = TypeVar("Audit")


@dataclass(frozen=True, slots=True)
class Ruling:
    """A decision, and what must be written in the same transaction as it.

    ``record(connection, version_seq)`` is called once, inside the transaction that logs the decision, with
    ``versions.seq`` of the judged version. It only writes; everything slow was done before.
    """

    decision: GateDecision
    record: Callable[[Connection, int], None]


class Gate(Protocol[Audit]):
    """Judges each staged version in two halves.

    ``measure`` runs beside the data, perhaps in a worker process or on another machine, so it and its result
    pickle; it touches no database. ``decide`` runs where the run is coordinated and may read the state
    database, without holding a lock on it. Neither raises for bad data: what can't be evaluated is part of
    the audit, and the decision says so. An exception of either means that the gate itself is broken: the
    version is held.
    """

    def measure(self, staged: Staged) -> Audit: ...

    def decide(self, audit: Audit) -> Ruling: ...


class AlwaysOpen:
    """A gate that lets everything through: for runs without an observer."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    def measure(self, staged: Staged) -> Staged:
        return staged

    def decide(self, audit: Staged) -> Ruling:
        made = audit.materialization
        decision = GateDecision(
            asset=made.asset, partition=made.partition, materialization_id=made.id, outcome=GateOutcome.OPEN,
            reasons=(), holds=(), decided_at=self._now(), by="always open",
        )  # fmt: skip
        return Ruling(decision, lambda connection, version_seq: None)
