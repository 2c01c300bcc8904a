"""Testing a pipeline as it is: everything in memory, the real gate, no project file.

result = ob.materialize([flights_raw, flights, daily_delays], partition="2013-02-08", history="2013-01-01..2013-02-07")
assert result["flights"].outcome == "held"
assert result["daily_delays"].outcome == "blocked"
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from observer import accuracy
from observer.asset_configs import Given
from observer.checks.function import FunctionCheck
from observer.checks.sql_check import SqlCheck
from observer.collectors.laws import check_collector
from observer.config import EnvironmentConfig
from observer.io_managers import dbt_keepers
from observer.loading import define, each_asset
from observer.model import Evaluation, Observation
from observer.project import Project, compose
from observer.store import evaluations as evaluation_store
from observer.store.schema import ensure
from observer.store.tables import evaluations, observations, series
from orchestration.assets import Asset
from orchestration.clock import Clock
from orchestration.database import open_database, reading
from orchestration.dbt.assets import DbtAssets
from orchestration.errors import UnknownName
from orchestration.io.base import IOManager
from orchestration.io.memory import MemoryIOManager
from orchestration.io.routed import RoutedIOManager, close
from orchestration.model import AssetKey, AssetKind, PartitionKey, StepRecord
from orchestration.multi_assets import MultiAsset
from orchestration.state import known_versions
from orchestration.tables import versions

__all__ = ["Made", "Results", "check_collector", "materialize"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What became of one asset and partition.

    ``outcome`` is the status of its step: "published", "held", "blocked", "failed", "observed", "skipped" ...;
    ``reason`` says why in words, ``error`` what its function raised. ``value`` is what was made, published or held;
    None where nothing was, and for a source.
    """

    asset: AssetKey
    partition: PartitionKey
    outcome: str
    reason: str
    error: str | None
    note: str
    value: object
    observations: tuple[Observation, ...]
    evaluations: tuple[Evaluation, ...]


class Results(Mapping[str, Made]):
    """What became of each asset, by its name; of the last partition where there are several (``all_of`` has them)."""

    def __init__(self, made: Iterable[Made]) -> None:
        self._made: dict[str, list[Made]] = {}
        for one in made:
            self._made.setdefault(one.asset, []).append(one)

    def __getitem__(self, asset: str) -> Made:
        return self.all_of(asset)[-1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)

    def all_of(self, asset: str) -> tuple[Made, ...]:
        """Every partition of an asset, in the order walked; raises UnknownName."""
        if asset not in self._made:
            raise UnknownName("asset", asset, self._made, where="the result")
        return tuple(self._made[asset])


def materialize(
    assets: Iterable[Asset | MultiAsset | DbtAssets],
    *,
    partition: str | None = None,
    history: str | None = None,
    checks: Iterable[FunctionCheck | SqlCheck] = (),
    io: IOManager | None = None,
    clock: Clock | None = None,
    config: Mapping[str, Mapping[str, object]] | None = None,
) -> Results:
    """Materialize assets with the real runner and the real gate; state and data are gone afterwards.

    Parameters
    ----------
    assets:
        Those to make, with everything that they read.
    partition:
        A partition or a range, ``FIRST..LAST``; None where no asset is partitioned.
    history:
        Partitions to materialize before it, so that monitors have learned: a partition or a range.
    checks:
        Checks that were declared apart from their assets, with ``@ob.check`` or ``ob.sql_check``.
    io, clock:
        Where data is kept and where instants come from; memory and the machine's clock, if None. dbt's nodes lie in
        the default target of its profile.
    config:
        By asset, what its function's ``config`` is to hold.

    Raises
    ------
    DefinitionError, UnknownName, CheckError, PartitionError
        What is declared, or asked for, doesn't fit together.
    """
    with _project(each_asset(assets), checks, io or MemoryIOManager(), clock or Clock(), config or {}) as work:
        if history is not None:
            work.run(work.plan("*", history), trigger="history")
        done = work.run(work.plan("*", partition), trigger="test")
        return Results(_made(work, step) for step in done.steps)


@contextmanager
def _project(
    assets: Iterable[Asset], checks: Iterable[FunctionCheck | SqlCheck], io: IOManager, clock: Clock, settings: Given
) -> Iterator[Project]:
    with tempfile.TemporaryDirectory(prefix="tidegate-") as folder:
        root = Path.cwd()
        config = EnvironmentConfig(
            name="test", root=root, project=root, state=f"sqlite:///{folder}/state.db", asset_configs=settings,
        )  # fmt: skip
        engine = open_database(config.state)
        try:
            ensure(engine)
            definitions = define(assets, checks)
            dbts = dbt_keepers(config.dbt, definitions.graph)
            keeper = RoutedIOManager(io, dbts) if dbts else io
            try:
                yield compose(config, definitions, engine, keeper, clock, (), None)
            finally:
                for one in dbts.values():
                    close(one)
        finally:
            engine.dispose()


def _made(work: Project, step: StepRecord) -> Made:
    value: object = None
    seen: tuple[Observation, ...] = ()
    judged: tuple[Evaluation, ...] = ()
    if step.materialization_id is not None:
        with reading(work.engine) as connection:
            version = next(v for v in known_versions(connection, step.address) if v.id == step.materialization_id)
            of_version = evaluations.c.materialization_id == version.id
            rows = connection.execute(select(evaluations).where(of_version).order_by(evaluations.c.id)).all()
            judged = tuple(evaluation_store.evaluation(row) for row in rows)
            numbers = connection.execute(
                select(
                    series.c.metric,
                    series.c.column,
                    observations.c.value,
                    observations.c.reason,
                    observations.c.accuracy,
                )
                .join(series, series.c.id == observations.c.series_id)
                .join(versions, versions.c.seq == observations.c.version_seq)
                .where(versions.c.id == version.id)
                .order_by(series.c.id)
            )
            seen = tuple(
                Observation(
                    metric=n.metric,
                    column=n.column or None,
                    value=n.value,
                    reason=n.reason,
                    accuracy=accuracy.read(n.accuracy),
                )
                for n in numbers
            )
        if work.graph.asset(step.asset).kind is not AssetKind.SOURCE:
            value = work.runtime.io.load([version.stored()], "", one=True)
    return Made(
        asset=step.asset, partition=step.partition, outcome=step.status.value, reason=step.reason, error=step.error,
        note=step.note, value=value, observations=seen, evaluations=judged,
    )  # fmt: skip
