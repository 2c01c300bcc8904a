"""What it means for people that a version was looked at again: nothing published is unpublished by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from observer import incidents
from observer.judging import Verdict
from observer.model import EvaluationStatus, Incident
from observer.store import incident_turns
from observer.store import incidents as incident_store
from observer.telling import raise_incident, settle_incidents, take
from observer.turns import Turn, TurnKind
from orchestration.model import Address, GateOutcome


def tell_of_published(connection: Connection, verdict: Verdict, *, is_held_too: bool) -> None:
    """What is wrong with the version that readers have opens an incident or joins one, as if it had just been made.

    What passes now ends those that were about nothing else.

    Parameters
    ----------
    verdict: with the decision that a version like it would get.
    is_held_too: whether another version of the same address is held, which incidents then wait for.
    """
    incident_store.alone(connection)
    would = verdict.decision
    stays = replace(verdict, decision=replace(would, outcome=GateOutcome.OPEN, holds=(), columns=()))
    found = incidents.finding(would, verdict.evaluations, ())
    if found is not None:
        sentence = f"{found.sentence}; found when it was checked again, and readers have it"
        raise_incident(connection, stays, replace(found, sentence=sentence))
    elif not is_held_too and _all_pass(connection, verdict):
        settle_incidents(connection, stays)


def propose_release(connection: Connection, verdict: Verdict, how: str) -> None:
    """Say in the incidents about a held version that nothing holds it any more, once; ``how``: what releases it."""
    incident_store.alone(connection)
    decision = verdict.decision
    reason = f"nothing holds version {decision.materialization_id} any more; proposed for release: {how}"
    for one in _waiting(connection, Address(decision.asset, decision.partition)):
        if all(turn.reason != reason for turn in incident_turns.of_incident(connection, one.id)):
            turn = Turn(kind=TurnKind.NOTED, at=decision.decided_at, by=incidents.GATE, reason=reason)
            take(connection, verdict.observer, one, turn)


def _all_pass(connection: Connection, verdict: Verdict) -> bool:
    """Whether the incidents about the version are about checks that pass, and about nothing else."""
    passed = {one.subject for one in verdict.evaluations if one.status is EvaluationStatus.PASSED}
    waiting = _waiting(connection, Address(verdict.decision.asset, verdict.decision.partition))
    return bool(waiting) and all(passed.issuperset(one.subjects) for one in waiting)


def _waiting(connection: Connection, address: Address) -> Sequence[Incident]:
    open_ones = {one.id: one for one in incident_store.unresolved(connection, address.asset)}
    return [open_ones[number] for number in incident_store.concerned(connection, open_ones).get(address, ())]
