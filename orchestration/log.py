"""Writing the log: each function is one part of a write transaction that its caller holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, exists, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from orchestration import lease, step_logs
from orchestration.among import Among
from orchestration.bulk import Bulk
from orchestration.clock import Clock
from orchestration.events import Event, EventKind
from orchestration.model import (
    Address,
    AssetKey,
    GateDecision,
    Materialization,
    Run,
    RunStatus,
    Scalar,
    StepRecord,
    StepStatus,
    VersionStatus,
)
from orchestration.question import Question
from orchestration.state import VersionRecord
from orchestration.tables import events, gates, runs, steps, versions

# Statements of the hot path are built once: building one anew costs several times what running it does.
_APPEND = Bulk(insert(events))
_PLAN_STEPS = Bulk(insert(steps))
_IS_OURS = exists().where(runs.c.id == bindparam("b_run_id"), runs.c.holder == bindparam("b_holder"))
_SAVE_STEP = Bulk(
    update(steps).where(steps.c.run_id == bindparam("b_run_id"), steps.c.position == bindparam("b_position"), _IS_OURS)
)
_ADD_VERSIONS = Bulk(insert(versions))
_NUMBERS = Question(select(versions.c.id, versions.c.seq).where(Among(versions.c.id, "b_ids")))
_SET_STATUS = Bulk(update(versions).where(versions.c.id == bindparam("b_id")))
_OTHERS = (
    (versions.c.asset == bindparam("b_asset"))
    & (versions.c.partition == bindparam("b_partition"))
    & (versions.c.id != bindparam("b_keep"))
)
_kept = versions.alias("kept")
_IS_OLDER = versions.c.seq < select(_kept.c.seq).where(_kept.c.id == bindparam("b_keep")).scalar_subquery()
_RETIRED = case(
    (versions.c.status == VersionStatus.HELD.value, VersionStatus.DISCARDED.value),
    (_IS_OLDER, VersionStatus.SUPERSEDED.value),
    else_=VersionStatus.ROLLED_BACK.value,
)
_IS_OVER = (versions.c.status == VersionStatus.PUBLISHED.value) | (
    (versions.c.status == VersionStatus.HELD.value) & _IS_OLDER
)
_RETIRE = Bulk(update(versions).where(_OTHERS, _IS_OVER).values(status=_RETIRED))
_DISCARD_HELD = Bulk(
    update(versions)
    .where(_OTHERS, versions.c.status == VersionStatus.HELD.value)
    .values(status=VersionStatus.DISCARDED.value)
)


def _decided(dialect: Any) -> Any:
    statement = dialect.insert(gates)
    new = {c.name: statement.excluded[c.name] for c in gates.c if not c.primary_key}
    return statement.on_conflict_do_update(index_elements=["asset", "partition"], set_=new)


_SAVE_DECISION = {"sqlite": Bulk(_decided(sqlite)), "postgresql": Bulk(_decided(postgresql))}


def append(connection: Connection, *facts: Event) -> None:
    """Append events."""
    rows = [
        {
            "at": fact.at, "kind": fact.kind.value, "run_id": fact.run_id,
            "asset": fact.address.asset if fact.address else None,
            "partition": (fact.address.partition or "") if fact.address else None,
            "detail": dict(fact.detail),
        }
        for fact in facts
    ]  # fmt: skip
    _APPEND.run(connection, rows)


def start_run(connection: Connection, run: Run, wall: datetime) -> None:
    """Log a run with its planned steps; ``wall`` is when its process was last heard of."""
    connection.execute(
        insert(runs).values(
            id=run.id, selection=run.selection, partitions=run.partitions, status=run.status.value,
            trigger=run.trigger, environment=run.environment, holder=run.holder, started_at=run.started_at,
            fail_fast=run.fail_fast, resumes=run.resumes,
        )
    )  # fmt: skip
    _PLAN_STEPS.run(connection, [{**_step_row(step), "forced": step.forced} for step in run.steps])
    append(connection, Event(at=run.started_at, kind=EventKind.RUN_STARTED, run_id=run.id))
    lease.hold_run(connection, run.id, wall)


def go_on(connection: Connection, run: Run, wall: datetime) -> None:
    """Log that this process goes on with a run whose process died; that one, if it lives after all, changes no more."""
    lease.release_all(connection, run.id)  # by which its tokens are worth nothing any more
    going = {"status": RunStatus.RUNNING.value, "holder": run.holder, "ended_at": None}
    connection.execute(update(runs).where(runs.c.id == run.id).values(going))
    gone = delete(steps).where(steps.c.run_id == run.id).returning(steps.c.asset, steps.c.partition)
    before = {Address(AssetKey(row.asset), row.partition or None) for row in connection.execute(gone)}
    step_logs.forget_spans(connection, run.id)
    _PLAN_STEPS.run(connection, [{**_step_row(step), "forced": step.forced} for step in run.steps])
    append(connection, Event(at=run.started_at, kind=EventKind.RUN_STARTED, run_id=run.id, detail={"again": True}))
    left_out = sorted(before - {step.address for step in run.steps}, key=str)  # no step names these any more
    append(connection, *(_left_out(run, address) for address in left_out))
    lease.hold_run(connection, run.id, wall)


def _left_out(run: Run, address: Address) -> Event:
    return Event(at=run.started_at, kind=EventKind.STEP_LEFT_OUT, run_id=run.id, address=address)


def end_run(connection: Connection, run_id: str, status: RunStatus, at: datetime) -> None:
    """Log how a run of ours, or one whose process is gone, ended."""
    connection.execute(update(runs).where(runs.c.id == run_id).values(status=status.value, ended_at=at))
    lease.forget_run(connection, run_id)
    append(connection, Event(at=at, kind=EventKind.RUN_ENDED, run_id=run_id, detail={"status": status.value}))


def ask_to_cancel(connection: Connection, run_id: str, by: str, reason: str, clock: Clock) -> None:
    """Log that a running run is to end; whoever asked first stays named."""
    c = runs.c
    asked = connection.execute(
        update(runs)
        .where(c.id == run_id, c.status == RunStatus.RUNNING.value, c.cancel_asked_at.is_(None))
        .values(cancel_by=by, cancel_reason=reason, cancel_asked_at=clock.wall())
    )
    if asked.rowcount:
        detail: dict[str, Scalar] = {"by": by, "reason": reason}
        append(connection, Event(at=clock.now(), kind=EventKind.RUN_CANCEL_ASKED, run_id=run_id, detail=detail))


def save_steps(connection: Connection, ended: Sequence[StepRecord], at: datetime) -> None:
    """Log what several steps have become, those that are running among them."""
    rows, ours = [_step_row(step) for step in ended], lease.this_process()
    for row in rows:
        row["b_run_id"], row["b_position"], row["b_holder"] = row.pop("run_id"), row.pop("position"), ours
    _SAVE_STEP.run(connection, rows)
    over = [step for step in ended if step.status is not StepStatus.RUNNING]
    if over:
        append(connection, *(_step_ended(step, at) for step in over))


def _step_ended(step: StepRecord, at: datetime) -> Event:
    detail: dict[str, Scalar] = {"status": step.status.value, "reason": step.reason}
    return Event(at=at, kind=EventKind.STEP_ENDED, run_id=step.run_id, address=step.address, detail=detail)


def _step_row(step: StepRecord) -> dict[str, Any]:
    return {
        "run_id": step.run_id, "position": step.position, "asset": step.asset,
        "partition": step.partition or "",
        "status": step.status.value, "reason": step.reason, "note": step.note, "started_at": step.started_at,
        "ended_at": step.ended_at, "offset_s": step.offset_s, "duration_s": step.duration_s,
        "execute_s": step.execute_s, "gate_s": step.gate_s, "materialization_id": step.materialization_id,
        "blocked_by": step.blocked_by, "error": step.error,
    }  # fmt: skip


def add_versions(connection: Connection, made: Sequence[NewVersion]) -> tuple[VersionRecord, ...]:
    """Log versions that were judged, with the versions that they were made from."""
    _ADD_VERSIONS.run(connection, [_version_row(one) for one in made])
    numbers: dict[str, int] = dict(_NUMBERS.ask(connection, {"b_ids": [one.made.id for one in made]}))
    return tuple(one.record(numbers[one.made.id]) for one in made)


def add_version(
    connection: Connection, made: Materialization, status: VersionStatus, file_format: str, inputs: Sequence[str]
) -> VersionRecord:
    """Log one version that was judged."""
    new = NewVersion(made=made, status=status, format=file_format, inputs=tuple(inputs))
    return add_versions(connection, [new])[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """A version that is about to be logged; ``inputs`` are the ids of those that it was made from."""

    made: Materialization
    status: VersionStatus
    format: str
    inputs: tuple[str, ...]

    def record(self, seq: int) -> VersionRecord:
        """As the log has it."""
        made = self.made
        return VersionRecord(
            seq=seq, id=made.id, address=made.address, status=self.status, run_id=made.run_id,
            materialized_at=made.materialized_at, data_version=made.data_version, fingerprint=made.fingerprint,
            format=self.format,
        )  # fmt: skip


def _version_row(new: NewVersion) -> dict[str, Any]:
    made = new.made
    return {
        "id": made.id, "asset": made.asset, "partition": made.partition or "", "run_id": made.run_id,
        "status": new.status.value, "materialized_at": made.materialized_at, "data_version": made.data_version,
        "code_version": made.code_version, "fingerprint": made.fingerprint, "duration_s": made.duration_s,
        "rows": made.rows, "bytes": made.bytes, "format": new.format, "metadata": dict(made.metadata),
        "inputs": list(new.inputs), "released": False,
    }  # fmt: skip


def set_status(connection: Connection, version_id: str, status: VersionStatus, **values: object) -> None:
    """Log what became of a version."""
    _SET_STATUS.run(connection, [{"b_id": version_id, "status": status.value, **values}])


def retire(connection: Connection, address: Address, keep: str) -> None:
    """By ``keep``, which is published, older published versions are superseded and older held ones discarded.

    A newer published one is rolled back; a newer held one stays in quarantine.
    """
    here = {"b_asset": address.asset, "b_partition": address.partition or "", "b_keep": keep}
    _RETIRE.run(connection, [here])


def discard_held(connection: Connection, address: Address, keep: str) -> None:
    """Every other held version of an address is discarded by the held version ``keep``."""
    here = {"b_asset": address.asset, "b_partition": address.partition or "", "b_keep": keep}
    _DISCARD_HELD.run(connection, [here])


def publish(connection: Connection, confirmed: Sequence[VersionRecord], at: datetime) -> None:
    """Log that readers see these versions now, in place of the others of their addresses."""
    status = VersionStatus.PUBLISHED.value
    _SET_STATUS.run(connection, [{"b_id": version.id, "status": status} for version in confirmed])
    _RETIRE.run(connection, [_other_than(version) for version in confirmed])
    append(connection, *(_version_event(EventKind.VERSION_PUBLISHED, version, at) for version in confirmed))


def hold(connection: Connection, held: Sequence[VersionRecord], at: datetime) -> None:
    """Log that these versions stay in quarantine."""
    _DISCARD_HELD.run(connection, [_other_than(version) for version in held])
    append(connection, *(_version_event(EventKind.VERSION_HELD, version, at) for version in held))


def _other_than(version: VersionRecord) -> dict[str, str]:
    address = version.address
    return {"b_asset": address.asset, "b_partition": address.partition or "", "b_keep": version.id}


def _version_event(kind: EventKind, version: VersionRecord, at: datetime) -> Event:
    return Event(at=at, kind=kind, run_id=version.run_id, address=version.address, detail={"version": version.id})


def save_decisions(connection: Connection, decided: Mapping[str, Sequence[GateDecision]]) -> None:
    """Log decisions, by the run that asked for them; they are the state of the gates from now on."""
    rows = [
        {
            "asset": decision.asset, "partition": decision.partition or "",
            "materialization_id": decision.materialization_id, "outcome": decision.outcome.value,
            "reasons": list(decision.reasons), "holds": list(decision.holds), "unknown": decision.unknown,
            "overridden": list(decision.overridden), "columns": list(decision.columns) or None,
            "decided_at": decision.decided_at, "by": decision.by, "expires_at": decision.expires_at,
        }
        for decisions in decided.values()
        for decision in decisions
    ]  # fmt: skip
    _SAVE_DECISION[connection.dialect.name].run(connection, rows)
    append(connection, *(_judged(run_id, one) for run_id, decisions in decided.items() for one in decisions))


def save_decision(connection: Connection, decision: GateDecision, run_id: str) -> None:
    """Log one decision."""
    save_decisions(connection, {run_id: (decision,)})


def _judged(run_id: str, decision: GateDecision) -> Event:
    detail: dict[str, Scalar] = {
        "outcome": decision.outcome.value, "by": decision.by, "version": decision.materialization_id,
        "reason": "; ".join(decision.reasons),
    }  # fmt: skip
    address = Address(decision.asset, decision.partition)
    return Event(at=decision.decided_at, kind=EventKind.VERSION_JUDGED, run_id=run_id, address=address, detail=detail)


def break_off(connection: Connection, run_id: str, status: RunStatus, at: datetime, error: str) -> None:
    """Log that a run ended before its steps did: those that had not ended are interrupted."""
    open_steps = (steps.c.run_id == run_id) & steps.c.status.in_((StepStatus.RUNNING, StepStatus.PLANNED))
    connection.execute(
        update(steps).where(open_steps).values(status=StepStatus.INTERRUPTED.value, error=error, ended_at=at)
    )
    step_logs.break_off(connection, run_id)
    end_run(connection, run_id, status, at)


def abandon_dead_runs(connection: Connection, at: datetime, wall: datetime) -> tuple[str, ...]:
    """Mark the runs whose process is gone as interrupted; returns their ids."""
    rows = connection.execute(
        select(runs.c.id, runs.c.holder).where(runs.c.status == RunStatus.RUNNING).with_for_update(key_share=True)
    ).all()
    dead = tuple(row.id for row in rows if lease.run_is_dead(connection, row.id, row.holder, wall))
    for run_id in dead:
        break_off(connection, run_id, RunStatus.INTERRUPTED, at, "the process that ran it is gone")
    return dead
