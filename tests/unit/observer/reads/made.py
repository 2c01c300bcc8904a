"""Hand-made stores: a project of a few assets, and what a run would have written, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event, insert

import observer as ob
from detectors.model import Detection, DetectionStatus, Direction
from observer.asset_configs import AssetConfigs
from observer.config import EnvironmentConfig
from observer.data_time import data_time, part_of
from observer.incidents import opening, resolving
from observer.judging import Observer
from observer.loading import define
from observer.model import (
    Evaluation,
    EvaluationStatus,
    IncidentStatus,
    Notification,
    Observation,
    Resolution,
    Severity,
    SubjectKind,
)
from observer.project import Project
from observer.reads.stored import StoredReads
from observer.store import evaluations, incidents, observations
from observer.store.observations import Measurement
from observer.store.outbox import enqueue
from observer.store.schema import ensure
from observer.turns import Finding
from orchestration import log
from orchestration.assets import Asset
from orchestration.clock import Clock
from orchestration.database import open_database, writing
from orchestration.gate import AlwaysOpen
from orchestration.io.files import FilesIOManager
from orchestration.model import (
    Address,
    AssetKey,
    GateDecision,
    GateOutcome,
    Materialization,
    PartitionKey,
    RunStatus,
    StepStatus,
    VersionStatus,
)
from orchestration.runtime import Runtime
from orchestration.tables import events, runs, steps, versions

NOW = datetime(2024, 3, 10, 6, 0, tzinfo=UTC)
DAYS = ob.daily(start="2024-01-01")
PASSED, WARNED, FAILED = EvaluationStatus.PASSED, EvaluationStatus.WARNED, EvaluationStatus.FAILED
UNKNOWN, LEARNING = EvaluationStatus.UNKNOWN, EvaluationStatus.LEARNING


def asset(name: str, *upstream: str, partitions: Any = DAYS, **more: Any) -> Asset:
    """An asset that reads nothing as data and only comes after ``upstream``."""

    def made() -> None: ...

    made.__name__ = name
    return ob.asset(partitions=partitions, deps=upstream, **more)(made)


def shop() -> tuple[Asset, ...]:
    """orders -> totals -> report; totals -> model, which has no partitions; rates is whole and apart."""
    return (
        asset(
            "orders",
            owners=["ops@example.com"],
            monitors=[ob.monitor("null_rate", column="price", severity="error")],
            checks=[ob.unique("id")],
        ),
        asset("totals", "orders"),
        asset("report", "totals"),
        asset("model", "totals", partitions=None),
        asset("rates", partitions=None),
    )


@dataclass
class Store:
    """Writes what happened; each call is a fact later than the one before."""

    project: Project
    wall: list[datetime] = field(default_factory=lambda: [datetime(2026, 1, 1, tzinfo=UTC)])
    number: int = 0

    @property
    def reads(self) -> StoredReads:
        return StoredReads(self.project)

    def _next(self) -> int:
        self.number += 1
        return self.number

    def step(self, key: str, partition: PartitionKey, status: StepStatus, *, at: datetime = NOW, **more: Any) -> str:
        """A run of one step."""
        run_id = f"run{self._next()}"
        with writing(self.project.engine) as connection:
            connection.execute(
                insert(runs).values(
                    id=run_id, selection=key, partitions=partition or "", status=RunStatus.SUCCEEDED, trigger="test",
                    environment="test", holder="here", started_at=at, ended_at=at,
                )
            )  # fmt: skip
            row = {"reason": "never materialized", "note": "", "ended_at": at, "started_at": at} | more
            connection.execute(
                insert(steps).values(
                    run_id=run_id, position=0, asset=key, partition=partition or "", status=status, **row
                )
            )
            ended = {"kind": "step.ended", "asset": key, "partition": partition or ""}
            connection.execute(insert(events).values(at=at, run_id=run_id, detail={}, **ended))
            connection.execute(insert(events).values(at=at, kind="run.ended", run_id=run_id, detail={}))
        return run_id

    def version(
        self, key: str, partition: PartitionKey = None, status: VersionStatus = VersionStatus.PUBLISHED, *,
        at: datetime = NOW, rows: int | None = 100, verdicts: dict[str, EvaluationStatus] | None = None,
        observed: dict[str, float | None] | None = None, released: bool = False,
        reasons: tuple[str, ...] = (), outcome: GateOutcome | None = None, expires_at: datetime | None = None,
    ) -> str:  # fmt: skip
        """A judged version, with its gate, its verdicts by subject and what was measured by subject."""
        found = self.project.graph.asset(key)
        address = Address(found.key, partition)
        held = status in (VersionStatus.HELD, VersionStatus.DISCARDED)
        run_id = self.step(key, partition, StepStatus.HELD if held else StepStatus.PUBLISHED, at=at)
        made = Materialization(
            id=f"v{self._next()}", asset=found.key, partition=partition, run_id=run_id, materialized_at=at,
            data_version="d", code_version="c", fingerprint="f", duration_s=0.1, rows=rows, bytes=1000,
        )  # fmt: skip
        decision = GateDecision(
            asset=found.key, partition=partition, materialization_id=made.id,
            outcome=outcome or (GateOutcome.HELD if held else GateOutcome.OPEN), reasons=reasons,
            holds=("null_rate(price)",) if held else (), decided_at=at, by="policy", expires_at=expires_at,
        )  # fmt: skip
        data_at = data_time(found, partition, at)
        said = verdicts if verdicts is not None else {"row_count": PASSED}
        measured = observed if observed is not None else {"row_count": rows}
        with writing(self.project.engine) as connection:
            record = log.add_version(connection, made, status, "parquet", ())
            if released:
                connection.execute(versions.update().where(versions.c.id == made.id).values(released=True))
            log.save_decision(connection, decision, run_id)
            measurement = Measurement(
                asset=found.key, version_seq=record.seq, data_at=data_at, made_at=at,
                observed=[_observation(s, v) for s, v in measured.items()], part=part_of(found, partition),
            )  # fmt: skip
            observations.save(connection, [measurement])
            judged = [_evaluation(address, made.id, s, v, measured.get(s), at) for s, v in said.items()]
            evaluations.save(connection, [(judged, record.seq, data_at)])
        return made.id

    def held(self, key: str, partition: PartitionKey, reason: str = "Null rate of price 50 %", **more: Any) -> str:
        more = {"verdicts": {"null_rate(price)": FAILED}, "observed": {"null_rate(price)": 0.5}} | more
        return self.version(key, partition, VersionStatus.HELD, reasons=(reason,), **more)

    def incident(
        self, key: str, partition: PartitionKey, version_id: str, *, severity: Severity = Severity.ERROR,
        status: IncidentStatus = IncidentStatus.OPEN, affected: tuple[str, ...] = (), at: datetime = NOW,
        subject: str = "null_rate(price)", message: dict[str, Any] | None = None,
    ) -> int:  # fmt: skip
        """An incident about a version, perhaps with a message in the outbox."""
        from observer.store.tables import outbox

        found = Finding(
            asset=AssetKey(key), partition=partition, severity=severity, sentence=f"{key} is wrong",
            subjects=(subject,), affected=tuple(AssetKey(a) for a in affected), at=at,
        )  # fmt: skip
        with writing(self.project.engine) as connection:
            made = incidents.add(connection, opening(found), version_id)
            number = made.id
            if status is IncidentStatus.RESOLVED:
                incidents.take(connection, made, resolving(Resolution.PASSED, "passed again", at))
            if message is not None:
                identity = f"msg{self._next()}"
                said = Notification(
                    id=identity, incident_id=number, event="incident.opened", channel="ops", payload="{}",
                    created_at=at, attempts=0, next_attempt_at=at, delivered_at=None, last_error=None,
                )  # fmt: skip
                enqueue(connection, [said])
                if message:
                    connection.execute(outbox.update().where(outbox.c.id == identity).values(**message))
        return number


def _observation(subject: str, value: float | None) -> Observation:
    metric, _, column = subject.partition("(")
    return Observation(metric=metric, column=column.removesuffix(")") or None, value=value)


def _evaluation(
    address: Address, version_id: str, subject: str, status: EvaluationStatus, value: float | None, at: datetime
) -> Evaluation:
    check = subject.startswith("unique")
    detection = Detection(
        status=DetectionStatus.ANOMALOUS if status in (WARNED, FAILED) else DetectionStatus.NORMAL, p_value=0.5,
        lower=0.0, expected=0.1, upper=0.2, direction=Direction.HIGH, detector="adaptive", alpha=0.01,
        trained_from=0.0, trained_to=86400.0, n_train=20,
    )  # fmt: skip
    return Evaluation(
        asset=address.asset, partition=address.partition, materialization_id=version_id,
        kind=SubjectKind.CHECK if check else SubjectKind.MONITOR, subject=subject,
        severity=Severity.ERROR if check or "price" in subject else Severity.WARN, status=status,
        sentence=f"{subject} {status.value}", evaluated_at=at, observed=value,
        detection=None if check or status in (UNKNOWN, LEARNING) else detection,
    )  # fmt: skip


def store(url: str, folder: Path, assets: tuple[Asset, ...] | None = None, *, now: datetime = NOW) -> Store:
    """An empty store for ``assets``."""
    definitions = define(assets if assets is not None else shop(), ())
    engine = open_database(url)
    ensure(engine)
    wall = [datetime(2026, 1, 1, 12, 0, tzinfo=UTC)]
    clock = Clock(now=lambda: now, wall=lambda: wall[0])
    config = EnvironmentConfig(
        name="test", root=folder / "shop", project=folder / "pipeline.py", state=url,
    )  # fmt: skip
    watching = Observer(
        graph=definitions.graph, checks=definitions.checks, engine=engine, clock=clock, channels=(),
        new_id=lambda: "msg", dashboard_url=None,
    )  # fmt: skip
    runtime = Runtime(
        graph=definitions.graph, engine=engine, io=FilesIOManager(folder / "data"), gate=AlwaysOpen(clock.now),
        clock=clock, new_id=lambda: "id", code_versions={}, root=folder, environment="test", redact=lambda text: text,
    )  # fmt: skip
    return Store(
        Project(
            config=config,
            definitions=definitions,
            engine=engine,
            runtime=runtime,
            observer=watching,
            configs=AssetConfigs(definitions.graph, {}),
        ),
        wall,
    )


def day(number: int) -> str:
    """The partition of a day of March 2024."""
    return f"2024-03-{number:02}"


def morning(number: int) -> datetime:
    """Six o'clock after it."""
    return datetime(2024, 3, number, 6, 0, tzinfo=UTC) + timedelta(days=1)


@contextmanager
def counted(project: Project) -> Iterator[list[str]]:
    """The statements that are executed meanwhile."""
    said: list[str] = []

    def hear(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        said.append(statement)

    event.listen(project.engine, "before_cursor_execute", hear)
    try:
        yield said
    finally:
        event.remove(project.engine, "before_cursor_execute", hear)
