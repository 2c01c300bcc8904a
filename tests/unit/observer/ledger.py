"""The gate on a real state database, with versions that are told of instead of made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, select

import observer as ob
from observer.alerts.base import EVERYTHING
from observer.judging import Observer
from observer.model import Audit, CheckOutcome, Column, Incident, Notification, Observation, Schema, Severity
from observer.pipeline import ObserverGate
from observer.store.schema import ensure
from observer.store.tables import incidents, outbox
from orchestration import log
from orchestration.assets import Asset
from orchestration.clock import Clock
from orchestration.database import open_database, reading, writing
from orchestration.gate import Ruling
from orchestration.graph import Graph
from orchestration.model import GateDecision, GateOutcome, Materialization, Run, RunStatus, VersionStatus

START = datetime(2024, 3, 1, 6, 0, tzinfo=UTC)
DAYS = ob.daily(start="2024-01-01")


def daily_asset() -> Asset:
    @ob.asset(partitions=DAYS, monitors=[ob.monitor("null_rate", column="name", severity="error")])
    def orders() -> None: ...

    return orders


def whole_asset() -> Asset:
    @ob.asset(monitors=[ob.monitor("null_rate", column="name", severity="error")])
    def orders() -> None: ...

    return orders


class Listening:
    """A channel that takes everything and is never asked to send."""

    name = "ops"
    terms = EVERYTHING

    def accepts(self, incident: Incident) -> bool:
        return True

    def send(self, notification: Notification) -> None:
        raise AssertionError("nobody sends here")


@dataclass
class Ledger:
    engine: Engine
    observer: Observer
    now: datetime = START
    made: int = 0
    run: str = "run-0"
    refused: list[str] = field(default_factory=list)

    def audit(
        self,
        partition: str | None,
        *,
        asset: str = "orders",
        rows: float | None = 1000.0,
        nulls: float | None = 0.01,
        columns: Sequence[str] = ("id", "name"),
        checks: Mapping[str, tuple[Severity, bool | None]] | None = None,
        more: Sequence[Observation] = (),
    ) -> Audit:
        """What would be measured of one more version."""
        self.made += 1
        self.now += timedelta(seconds=10)
        key = self.observer.graph.asset(asset).key
        made = Materialization(
            id=f"m{self.made}", asset=key, partition=partition, run_id=self.run, materialized_at=self.now,
            data_version=f"d{self.made}", code_version="c", fingerprint=f"c.{self.made}", duration_s=0.1,
        )  # fmt: skip
        observed = (
            Observation(metric="row_count", value=rows),
            Observation(metric="duration", value=0.1),
            Observation(
                metric="null_rate", column="name", value=nulls, reason=None if nulls is not None else "no rows"
            ),
        )
        outcomes = tuple(
            CheckOutcome(check=name, severity=severity, passed=passed, message=f"{name} said {passed}")
            for name, (severity, passed) in (checks or {}).items()
        )
        schema = Schema(tuple(Column(name, "VARCHAR") for name in columns))
        return Audit(materialization=made, observations=observed + tuple(more), schema=schema, outcomes=outcomes,
                     collect_s=0.0)  # fmt: skip

    def judge(self, audit: Audit) -> GateDecision:
        """Decide, and log the version with all that belongs to it."""
        ruling = ObserverGate(self.observer).decide(audit)
        self.log(audit, ruling)
        return ruling.decision

    def log(self, audit: Audit, ruling: Ruling) -> None:
        held = ruling.decision.outcome is GateOutcome.HELD
        made = audit.materialization
        with writing(self.engine) as connection:
            status = VersionStatus.HELD if held else VersionStatus.PUBLISHING
            version = log.add_version(connection, made, status, "parquet", ())
            log.save_decision(connection, ruling.decision, self.run)
            ruling.record(connection, [(ruling, version.seq)])
            if held:
                log.discard_held(connection, made.address, keep=made.id)
            else:
                log.set_status(connection, made.id, VersionStatus.PUBLISHED)
                log.retire(connection, made.address, keep=made.id)

    def version(self, partition: str | None, **what: object) -> GateDecision:
        return self.judge(self.audit(partition, **what))  # type: ignore[arg-type]

    def days(self, first: int, last: int, **what: object) -> None:
        """Good days of March 2024, with a little noise."""
        for n in range(first, last + 1):
            self.version(day(n), nulls=0.01 + 0.001 * (n % 3), rows=1000.0 + 7 * (n % 5), **what)

    def incidents(self) -> list[tuple[str | None, str | None, str, str]]:
        with reading(self.engine) as connection:
            rows = connection.execute(select(incidents).order_by(incidents.c.id)).all()
        return [(r.first_partition or None, r.last_partition or None, r.severity, r.status) for r in rows]

    def told(self) -> list[tuple[int, str]]:
        with reading(self.engine) as connection:
            rows = connection.execute(select(outbox.c.incident_id, outbox.c.event, outbox.c.id)).all()
        return [(row.incident_id, row.event) for row in sorted(rows, key=lambda row: row.id)]


@contextmanager
def ledger(url: str, asset: Asset | None = None) -> Iterator[Ledger]:
    engine = open_database(url)
    ensure(engine)

    @ob.asset(deps=["orders"], reads={"orders": "wait"})
    def report() -> None: ...

    ids = iter(range(10_000))
    graph = Graph([asset or daily_asset(), report])
    made: list[Ledger] = []
    observer = Observer(
        graph=graph, checks={}, engine=engine, clock=Clock(now=lambda: made[0].now), channels=(Listening(),),
        new_id=lambda: f"msg_{next(ids):06d}", dashboard_url=None, redact=lambda text: text.replace("hunter2", "***"),
    )  # fmt: skip
    made.append(Ledger(engine, observer))
    run = Run(
        id="run-0", selection="*", partitions="", status=RunStatus.RUNNING, trigger="test", environment="local",
        started_at=START, ended_at=None, holder="here:1:0",
    )  # fmt: skip
    with writing(engine) as connection:
        log.start_run(connection, run, START)
    try:
        yield made[0]
    finally:
        engine.dispose()


def day(n: int) -> str:
    return (datetime(2024, 3, 1) + timedelta(days=n - 1)).date().isoformat()  # noqa: DTZ001 - a plain date
