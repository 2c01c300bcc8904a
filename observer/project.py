"""The only composition root: from a project's folder to something that plans, runs, answers and serves."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, func
from sqlalchemy import select as sql_select

from observer.alerts.base import Channel
from observer.asset_configs import AssetConfigs, Given, merged
from observer.channels import channel_of
from observer.checks.base import others_of
from observer.config import EnvironmentConfig, find_root, read
from observer.errors import ProjectError, ReleaseError, UnknownName
from observer.executors import executor_of
from observer.ids import Ids
from observer.incidents import resolving
from observer.io_managers import check_queries, io_of, keepers_of
from observer.judging import Observer
from observer.loading import Definitions, load
from observer.measuring import private_ones, withholding
from observer.model import Resolution
from observer.pipeline import ObserverGate
from observer.settings import ServeSettings, variable
from observer.special_days import special_days_of
from observer.store import incidents as incident_store
from observer.store.schema import ready
from observer.telling import take
from observer.tidying import tidy
from observer.worker import ProjectRecipe
from orchestration.agenda import names_of
from orchestration.beside import compared
from orchestration.cancel import cancel, ended
from orchestration.clock import Clock, replay_clock
from orchestration.code_version import CodeVersions
from orchestration.database import open_database, reading, writing
from orchestration.database_clock import DatabaseWall
from orchestration.executors.base import WorkerRecipe
from orchestration.executors.recipe import ShiftedNow
from orchestration.graph import Graph
from orchestration.heap import quiet_heap
from orchestration.io.base import IOManager
from orchestration.io.routed import close
from orchestration.lineage import DIALECTS, ColumnRead, column_lineage
from orchestration.model import (
    Address,
    AssetKey,
    AssetKind,
    GateDecision,
    PartitionKey,
    Run,
    StepRecord,
)
from orchestration.partition_keys import add_keys, list_keys
from orchestration.partitions import DynamicPartitions
from orchestration.plan import Plan, make_plan
from orchestration.recovery import recover
from orchestration.release import release
from orchestration.resume import Resumption, resume
from orchestration.run_record import silent
from orchestration.runner import run_plan
from orchestration.runtime import Runtime
from orchestration.selection import StatusesOf, select
from orchestration.staleness import Action
from orchestration.state import load as load_state
from orchestration.state import load_one
from orchestration.tables import events

if TYPE_CHECKING:
    from observer.alerts.outbox import DeliveryReport
    from observer.reads.stored import StoredReads


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project in one environment, ready to work; made by :func:`open_project`."""

    config: EnvironmentConfig
    definitions: Definitions
    engine: Engine
    runtime: Runtime
    observer: Observer
    configs: AssetConfigs

    @property
    def graph(self) -> Graph:
        return self.definitions.graph

    @property
    def clock(self) -> Clock:
        return self.runtime.clock

    def plan(self, selection: str, partitions: str | None, *, force: bool = False) -> Plan:
        """What a run would do; see :func:`orchestration.plan.make_plan` for what it raises."""
        recover(self.engine, self.runtime.io, self.clock)
        statuses = self._statuses(selection)
        chosen = self.graph.with_siblings(select(self.graph, selection, statuses))
        with reading(self.engine) as connection:
            snapshot = load_state(connection, chosen | self.graph.ancestors(chosen), self.clock.now())
        with quiet_heap():
            plan = make_plan(
                self.graph, selection, partitions, snapshot, self.runtime.code_versions, self.clock.now(),
                force=force, statuses=statuses,
            )  # fmt: skip
        self.check_configs(plan)
        return plan

    def select(self, selection: str, sees: Callable[[str], bool] | None = None) -> tuple[AssetKey, ...]:
        """The assets that a selection names, of those that ``sees`` knows; raises UnknownName or SelectionError."""
        return select(self.graph, selection, self._statuses(selection), sees)

    def _statuses(self, selection: str) -> StatusesOf | None:
        if "status:" not in selection:
            return None
        return self.reads().words(selection)

    def add_partitions(self, name: str, keys: Iterable[str]) -> tuple[str, ...]:
        """Add keys to the dynamic partitions ``name``; returns those that are new. Raises PartitionError."""
        with writing(self.engine) as connection:
            return add_keys(connection, name, tuple(keys), self.clock.now())

    def run(
        self,
        plan: Plan,
        *,
        trigger: str,
        listener: Callable[[StepRecord], None] | None = None,
        fail_fast: bool = False,
        resumes: str | None = None,
    ) -> Run:
        """Walk a plan; see :func:`orchestration.runner.run_plan`. What is no longer kept is let go of after it."""
        run = run_plan(
            self.runtime, plan, trigger=trigger, listener=listener or silent, fail_fast=fail_fast, resumes=resumes
        )
        tidy(self.config, self.runtime, run)
        return run

    def resume(self, run_id: str | None = None) -> Resumption:
        """What is left of a run; see :func:`orchestration.resume.resume`."""
        left = resume(self.runtime, run_id)
        self.check_configs(left.plan)
        return left

    def check_configs(self, plan: Plan) -> None:
        """Raise ProjectError where what is to be made lacks a setting, or has one that isn't."""
        self.configs.check(step.address.asset for step in plan.steps if step.action is Action.RUN)

    def cancel(self, run_id: str | None = None, *, by: str, reason: str = "") -> Run:
        """Ask a run to end; see :func:`orchestration.cancel.cancel`."""
        return cancel(self.runtime, run_id, by=by, reason=reason)

    def ended(self, run_id: str, within_s: float) -> Run:
        """A run as soon as it has ended, or as it stands after ``within_s`` seconds; raises UnknownName."""
        return ended(self.runtime, run_id, within_s)

    def address(self, asset: str, partition: PartitionKey) -> Address:
        """A checked address; raises UnknownName or PartitionError, and ProjectError for a missing or needless key."""
        found = self.graph.asset(asset)
        if found.partitions is None:
            if partition is not None:
                raise ProjectError(f"{asset} isn't partitioned; leave --partition out")
            return Address(found.key)
        if partition is None:
            newest = found.partitions.latest(self.clock.now())
            raise ProjectError(
                f"{asset} is partitioned ({found.partitions.describe()}); "
                f"say which: --partition {quote(newest or 'KEY')}"
            )
        key = found.partitions.check(partition)
        if isinstance(found.partitions, DynamicPartitions):
            with reading(self.engine) as connection:
                known = list_keys(connection, found.partitions.name)
            if key not in known:
                raise UnknownName("partition", key, known, where=asset)
        return Address(found.key, key)

    def release(self, asset: str, partition: PartitionKey, *, reason: str, by: str) -> str:
        """Publish a held version with a reason; returns its id.

        Raises
        ------
        ReleaseError
            Nothing is held there, or no reason is given.
        """
        if not reason.strip():
            raise ReleaseError("a release needs a reason, which stays in the history: --reason '...'")
        address = self.address(asset, partition)

        def record(connection: Connection, decision: GateDecision) -> None:
            incident_store.alone(connection)
            for incident in incident_store.settle(connection, address.asset, address.partition):
                turn = resolving(Resolution.RELEASED, decision.reasons[0], decision.decided_at, decision.by)
                take(connection, self.observer, incident, turn, decision=decision)

        version = release(
            self.engine, self.runtime.io, self.clock, address, reason=reason.strip(), by=by, record=record
        )
        if version is None:
            raise ReleaseError(
                f"nothing of {address} is held; nothing was changed; see: tidegate gate {_typed(address)}"
            )
        return version.id

    def column_lineage(self, asset: str) -> dict[str, tuple[ColumnRead, ...] | None]:
        """Which upstream columns each column of a SQL asset reads; see :func:`orchestration.lineage.column_lineage`.

        Empty for an asset that no query makes.
        """
        found = self.graph.asset(asset)
        if found.kind is not AssetKind.SQL:
            return {}
        kind = keepers_of(self.config, self.graph)[found.key].kind
        return column_lineage(found, DIALECTS[kind])

    def load(self, asset: str, partition: PartitionKey = None, *, wants: str = "") -> object:
        """What readers see of an address; raises ProjectError where nothing is published."""
        address = self.address(asset, partition)
        with reading(self.engine) as connection:
            published = load_one(connection, address).published
        if published is None:
            raise ProjectError(f"nothing of {address} is published; materialize it: tidegate run {asset}")
        return self.runtime.io.load([published.stored()], wants, one=True)

    def close(self) -> None:
        """Give back the connections to state and storage."""
        self.engine.dispose()
        close(self.runtime.io)

    def reads(self) -> StoredReads:
        """The answers that pages, API and command show."""
        from observer.reads.stored import StoredReads

        return StoredReads(self)

    def deliver(self) -> DeliveryReport:
        """Wake incidents, note channels that keep failing, and send the alerts that are due, once."""
        from observer.alerts.outbox import deliver_due
        from observer.outages import note_outages
        from observer.store.outbox import StoredOutbox
        from observer.waking import wake

        wake(self.observer)
        note_outages(self.observer)
        return deliver_due(StoredOutbox(self.engine, self.config.name), self.observer.channels, self.clock.wall)


def open_project(
    folder: Path | str | None = None,
    environment: str | None = None,
    *,
    clock: Clock | None = None,
    url: str | None = None,
    extra_channels: tuple[Channel, ...] = (),
    config: Given | None = None,
) -> Project:
    """Open the project that ``folder`` (or the current folder) lies in.

    Parameters
    ----------
    clock:
        Where instants come from; the environment's, if None.
    url:
        Where people reach the dashboard, for links.
    config:
        By asset, settings that count before those of the environment.

    Raises
    ------
    ProjectError, UnknownName, DefinitionError, CheckError
        The project's files can't be used; which, where and what to write.
    StateError
        The state database can't be opened.
    """
    found = read(find_root(Path(folder) if folder else Path.cwd()), environment or variable("TIDEGATE_ENV"))
    found = replace(found, asset_configs=merged(found.asset_configs, config or {}))
    definitions = defined(found)
    check_queries(found, definitions.graph)
    engine = open_database(found.state, where=found.where)
    ready(engine)
    clock = clock or clock_of(found, engine)
    channels = (*(channel_of(one, definitions.graph, found.name) for one in found.channels), *extra_channels)
    link = url or variable("TIDEGATE_URL") or found.url or ServeSettings().url
    recipe = ProjectRecipe(found.root, found.name, ShiftedNow.like(clock))
    return compose(found, definitions, engine, io_of(found, definitions.graph), clock, channels, link, recipe)


def compose(
    config: EnvironmentConfig,
    definitions: Definitions,
    engine: Engine,
    io: IOManager,
    clock: Clock,
    channels: tuple[Channel, ...],
    dashboard_url: str | None,
    recipe: WorkerRecipe | None = None,
) -> Project:
    """Wire a project from its parts: the only place where they meet."""
    _check_pools(config, definitions.graph)
    hashes, redact = CodeVersions(config.root), redactor(config.secrets)
    configs = AssetConfigs(definitions.graph, config.asset_configs, where=config.file)
    observer = Observer(
        graph=definitions.graph, checks=definitions.checks, engine=engine, clock=clock, channels=channels,
        new_id=lambda: f"msg_{secrets.token_hex(12)}", dashboard_url=dashboard_url, redact=redact,
        profile=config.profile, false_alarms_per_week=config.false_alarms_per_week,
        holidays=special_days_of(definitions.graph, config.holidays, f"{config.where} holidays"),
        remind_after=config.remind_after, environment=config.name,
    )  # fmt: skip
    runtime = Runtime(
        graph=definitions.graph, engine=engine, io=io, gate=ObserverGate(observer), clock=clock,
        new_id=Ids(clock),
        code_versions=configs.versions(hashes.of_all(definitions.graph)),
        configs=configs.texts, root=config.root,
        environment=config.name, redact=redact, executor=executor_of(config), pools=config.pools, recipe=recipe,
        withhold=withholding(definitions.graph, config.profile),
        is_private=private_ones(definitions.graph, config.profile),
        compared=compared(definitions.graph, {key: others_of(checks) for key, checks in definitions.checks.items()}),
    )  # fmt: skip
    return Project(
        config=config, definitions=definitions, engine=engine, runtime=runtime, observer=observer, configs=configs
    )


def _check_pools(config: EnvironmentConfig, graph: Graph) -> None:
    """A limit of what nothing counts in would limit nothing, and nobody would know; raises UnknownName."""
    known = {name for asset in graph for name in names_of(asset)}
    for name in config.pools:
        if name not in known:
            raise UnknownName("pool or tag", name, known, where=f"{config.where} pools")


def defined(config: EnvironmentConfig) -> Definitions:
    """Load what a project defines; what its code raises is told without secrets."""
    try:
        with quiet_heap():
            return load(config.project, settings=config.file)
    except ProjectError as error:
        redact = redactor(config.secrets)
        if redact(str(error)) == str(error):
            raise
        raise ProjectError(redact(str(error))) from None  # the cause holds a secret


def clock_of(config: EnvironmentConfig, engine: Engine) -> Clock:
    """The clock of an environment: the real one, or one that replays; processes live by the database's."""
    clock = replay_clock(_stands_at(engine, config.clock)) if config.clock else Clock()
    return replace(clock, wall=DatabaseWall(engine)) if engine.dialect.name == "postgresql" else clock


def _stands_at(engine: Engine, start: datetime) -> datetime:
    """Where a replayed clock begins: at ``start``, or after what an earlier process did on that day.

    Otherwise a version could be released before it was held.
    """
    with reading(engine) as connection:
        within = events.c.at.between(start, start + timedelta(days=1))
        last = connection.execute(sql_select(func.max(events.c.at)).where(within)).scalar_one()
    return start if last is None else max(start, last + timedelta(microseconds=1))


def _typed(address: Address) -> str:
    """An address as the command takes it."""
    return address.asset if address.partition is None else f"{address.asset} --partition {quote(address.partition)}"


_PART = 16
"""Characters of a line of a secret that is one by itself: of a key each line, not the brace of a JSON file."""


def redactor(secret_values: tuple[str, ...]) -> Callable[[str], str]:
    """A function that puts ``***`` in place of every secret in a text, and of each longer line of one that has some.

    Who prints a key line by line tells it as well, and what is kept of that may begin or end in the middle of it.
    """
    lines = {line.strip() for value in secret_values for line in value.strip().splitlines() if "\n" in value.strip()}
    found = {*secret_values, *(value.strip() for value in secret_values)}
    found = {value for value in found if len(value) >= 4} | {line for line in lines if len(line) >= _PART}
    long_ones = sorted(found, key=len, reverse=True)

    def redact(text: str) -> str:
        for value in long_ones:
            text = text.replace(value, "***")
        return text

    return redact
