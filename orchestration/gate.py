"""The gate: mechanism here, policy above. What is asked before a staged version may be published."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

from orchestration.model import Address, GateDecision, GateOutcome, Staged

if TYPE_CHECKING:
    from sqlalchemy import Connection

Audit = TypeVar("Audit")


@dataclass(frozen=True, slots=True)
class Ruling:
    """A decision, and what must be written in the same transaction as it.

    ``record(connection, logged)`` is called inside the transaction that logs the decisions, once for all rulings of a
    settlement that share it, each with ``versions.seq`` of its version. It only writes; everything slow was done
    before. ``finding`` is what it writes of this one. ``past`` is called in its place for a version that a later one
    has overtaken: nothing may begin or end by it.
    """

    decision: GateDecision
    record: Recorder
    finding: object = None
    past: Recorder | None = None


Recorder = Callable[["Connection", Sequence[tuple[Ruling, int]]], None]


def record_nothing(connection: Connection, logged: Sequence[tuple[Ruling, int]]) -> None:
    """The record of a gate that keeps none."""


class Gate(Protocol[Audit]):
    """Judges each staged version in two halves.

    ``measure`` runs beside the data, perhaps in a worker process or on another machine, so it and its result
    pickle; it touches no database. ``decide`` runs where the run is coordinated and may read the state
    database, without holding a lock on it. Neither raises for bad data: what can't be evaluated is part of
    the audit, and the decision says so. An exception of either means that the gate itself is broken: the
    version is held.

    ``recall`` reads ahead for addresses whose leases were just taken, in few statements: what it returns for one is
    handed to ``decide``. It may leave out any address, and must leave out those whose past the lease doesn't keep as
    it is.
    """

    def measure(self, staged: Staged) -> Audit: ...

    def recall(self, connection: Connection, addresses: Sequence[Address]) -> Mapping[Address, object]: ...

    def decide(self, audit: Audit, recalled: object = None) -> Ruling: ...


class AlwaysOpen:
    """A gate that lets everything through: for runs without an observer."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    def measure(self, staged: Staged) -> Staged:
        return staged

    def recall(self, connection: Connection, addresses: Sequence[Address]) -> Mapping[Address, object]:
        return {}

    def decide(self, audit: Staged, recalled: object = None) -> Ruling:
        made = audit.materialization
        decision = GateDecision(
            asset=made.asset, partition=made.partition, materialization_id=made.id, outcome=GateOutcome.OPEN,
            reasons=(), holds=(), decided_at=self._now(), by="always open",
        )  # fmt: skip
        return Ruling(decision, record_nothing)
