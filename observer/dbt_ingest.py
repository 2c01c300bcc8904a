"""Taking what dbt has done elsewhere into the same history, by its artifacts alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import select

from observer.errors import ProjectError
from observer.pipeline import ObserverGate
from observer.project import Project
from orchestration.assets import Asset
from orchestration.database import reading
from orchestration.dbt.artifacts import Artifacts, read_artifacts
from orchestration.dbt.assets import Builder
from orchestration.dbt.model import Build, ResultStatus
from orchestration.errors import nearest
from orchestration.executors.inline import InlineExecutor
from orchestration.graph import Graph
from orchestration.io.dbt_elsewhere import DbtElsewhere
from orchestration.model import Address, Run, RunStatus, StepRecord
from orchestration.plan import Plan, PlannedStep
from orchestration.run_record import silent
from orchestration.runner import run_plan
from orchestration.runtime import Runtime
from orchestration.staleness import Action
from orchestration.tables import runs, versions

_REASON = "dbt has run it elsewhere"
_NO_ASSETS = frozenset({"exposure", "saved_query", "operation"})  # of which ``dbt build`` gives results, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What was taken in: the run that stands for dbt's invocation; ``is_new`` is False where it was there already.

    ``strangers`` are ids of results that no asset of the project stands for.
    """

    invocation: str
    run: Run | None
    is_new: bool
    strangers: tuple[str, ...]


def ingest(project: Project, folder: Path, listener: Callable[[StepRecord], None] = silent) -> Ingested:
    """Read a target folder of dbt's and judge what it says as if it had been made here.

    An invocation is taken in once; a second time changes nothing.

    Raises
    ------
    ManifestError
        The artifacts can't be read, or their schema isn't known.
    ProjectError
        No asset of the project is among them.
    StateError
        The state database can't be read or written.
    """
    artifacts = read_artifacts(folder)
    builds = {asset.function.build.node.id: asset for asset in project.graph if isinstance(asset.function, Builder)}
    concerned, strangers = _concerned(artifacts, builds.values())
    if not concerned:
        known = [asset.key for asset in builds.values()]
        raise ProjectError(
            f"{folder} speaks of none of the project's assets; nothing was read; declare its dbt project with "
            f"ob.dbt_assets(...){nearest(folder.name, known) if known else ''}"
        )
    trigger = f"dbt {artifacts.invocation}"[:40]
    if _is_there(project, trigger):
        return Ingested(invocation=artifacts.invocation, run=None, is_new=False, strangers=strangers)
    runtime = _runtime(project, DbtElsewhere(artifacts, lambda address: _usual_s(project, address)))
    run = run_plan(runtime, _plan(project, concerned), trigger=trigger, listener=listener)
    return Ingested(invocation=artifacts.invocation, run=run, is_new=True, strangers=strangers)


def _concerned(artifacts: Artifacts, assets: Iterable[Asset]) -> tuple[list[Asset], tuple[str, ...]]:
    """The assets that dbt has built, tested or looked at, and the results that belong to none."""
    left = dict.fromkeys(
        id_ for id_ in (*artifacts.results, *artifacts.ages) if id_.partition(".")[0] not in _NO_ASSETS
    )
    found = []
    for asset in assets:
        build = _build(asset)
        own = artifacts.results.get(build.node.id)
        mine = [build.node.id, *(test.id for test in build.tests)]
        spoken = [id_ for id_ in mine if id_ in left]
        for id_ in spoken:
            del left[id_]
        if spoken and not (own is not None and own.result.status is ResultStatus.SKIPPED):
            found.append(asset)
    return found, tuple(left)


def _build(asset: Asset) -> Build:
    assert isinstance(asset.function, Builder)
    return asset.function.build


def _is_there(project: Project, trigger: str) -> bool:
    ended = (RunStatus.SUCCEEDED, RunStatus.HELD, RunStatus.FAILED)
    with reading(project.engine) as connection:
        found = connection.execute(select(runs.c.id).where(runs.c.trigger == trigger, runs.c.status.in_(ended)))
        return found.first() is not None


def _usual_s(project: Project, address: Address) -> float | None:
    last = select(versions.c.duration_s).where(versions.c.asset == address.asset).order_by(versions.c.seq.desc())
    with reading(project.engine) as connection:
        found: float | None = connection.execute(last.limit(1)).scalar_one_or_none()
        return found


def _plan(project: Project, assets: Iterable[Asset]) -> Plan:
    wanted = {asset.key for asset in assets}
    steps = tuple(
        PlannedStep(
            address=Address(asset.key), action=Action.OBSERVE if _build(asset).node.is_source else Action.RUN,
            reason=_REASON, forced=True,
        )
        for asset in project.graph
        if asset.key in wanted
    )  # fmt: skip
    return Plan(selection="", partitions="", force=True, steps=steps)


def _runtime(project: Project, io: DbtElsewhere) -> Runtime:
    """The project's, but with the artifacts for storage and clock, and no edges: dbt has kept to them."""
    observer = replace(project.observer, clock=io.clock)
    return replace(
        project.runtime, io=io, clock=io.clock, gate=ObserverGate(observer), executor=InlineExecutor,
        graph=Graph(replace(asset, dependencies=()) for asset in project.graph),
    )  # fmt: skip
