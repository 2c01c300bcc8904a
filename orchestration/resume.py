"""Going on with a run that did not succeed: the same steps again, from where it broke."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from orchestration import runs
from orchestration.database import reading
from orchestration.errors import PartitionError, RunError
from orchestration.graph import Graph
from orchestration.model import Address, AssetKey, Run, RunStatus, StepStatus
from orchestration.plan import Plan, plan_addresses
from orchestration.recovery import recover
from orchestration.runtime import Runtime
from orchestration.staleness import Action
from orchestration.state import AddressState, Snapshot, load

_MADE = frozenset({StepStatus.PUBLISHED, StepStatus.HELD})
_WELL = frozenset({StepStatus.PUBLISHED, StepStatus.OBSERVED, StepStatus.SKIPPED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumption:
    """What is left of a run: hand ``plan`` to ``run_plan``, with ``resumes=run.id``.

    ``gone`` are the addresses that the project no longer has; ``done_by`` is a run that has resumed it to success.
    """

    run: Run
    plan: Plan
    gone: tuple[Address, ...]
    done_by: str | None = None

    @property
    def is_needless(self) -> bool:
        """Whether nothing is left to do: what the run had left is up to date by now."""
        left = {step.address for step in self.run.steps if step.status not in _WELL}
        return self.done_by is not None or not any(
            step.address in left and step.action is not Action.SKIP for step in self.plan.steps
        )


def resume(runtime: Runtime, run_id: str | None = None) -> Resumption:
    """Plan what is left of a run (by default the newest one that did not succeed and was not resumed yet).

    The steps are those of that run, whatever its selection would choose by now. Each is judged anew: what was
    published is skipped, what failed, was blocked, cancelled or interrupted is tried again. What was forced is
    forced again, but for what that run has made.

    Raises
    ------
    UnknownName
        There is no such run.
    RunError
        It still runs, was resumed already, belongs to another environment, or nothing of it is left in the project.
    StateError
        The state database can't be read or written.
    """
    recover(runtime.engine, runtime.io, runtime.clock)
    with reading(runtime.engine) as connection:
        run_id = run_id if run_id is not None else runs.unfinished(connection, runtime.environment)
        if run_id is None:
            raise RunError("there is no run that ended without success and was not resumed yet; nothing was begun")
        run = runs.find(connection, run_id)
        other = runs.resumed_by(connection, run_id)
        snapshot = load(connection, _assets(runtime.graph, run))
    _refuse(run, runtime.environment, other)
    left = _resumption(runtime.graph, run, snapshot, runtime.code_versions)
    return left if other is None else replace(left, done_by=other[0])


def left_of(runtime: Runtime, run: Run) -> Resumption:
    """Plan what is left of a run of ours whose process has died, whatever its record says it does."""
    with reading(runtime.engine) as connection:
        snapshot = load(connection, _assets(runtime.graph, run))
    return _resumption(runtime.graph, run, snapshot, runtime.code_versions)


def _assets(graph: Graph, run: Run) -> set[AssetKey]:
    chosen = {step.asset for step in run.steps if step.asset in graph}
    return chosen | graph.ancestors(chosen, 1)


def _refuse(run: Run, environment: str, other: tuple[str, RunStatus] | None) -> None:
    if run.environment != environment:
        raise RunError(
            f"run {run.id} is one of the environment {run.environment}, this is {environment}; nothing was begun; "
            f"resume it there: tidegate resume {run.id} --env {run.environment}"
        )
    if run.status is RunStatus.RUNNING:
        raise RunError(
            f"run {run.id} still runs; nothing was begun; wait for its end, or stop it: tidegate cancel {run.id}"
        )
    if other is not None and other[1] is not RunStatus.SUCCEEDED:
        raise RunError(runs.already_resumed(run.id, *other))


def _resumption(graph: Graph, run: Run, snapshot: Snapshot, codes: Mapping[AssetKey, str]) -> Resumption:
    place = {key: n for n, key in enumerate(graph.order)}
    there = [step for step in run.steps if _is_there(graph, step.address)]
    gone = tuple(step.address for step in run.steps if not _is_there(graph, step.address))
    if gone and not there:
        raise RunError(
            f"the project has none of the assets and partitions of run {run.id} any more; nothing was begun; "
            "choose what there is: tidegate run"
        )
    if not _in_order(graph, [step.address for step in there]):  # the assets depend on each other otherwise by now
        there.sort(key=lambda step: place[step.asset])
    forced = {
        step.address
        for step in there
        if step.forced and step.status not in _MADE and not _has_made(run, snapshot.of(step.address))
    }
    planned = plan_addresses(graph, [step.address for step in there], forced, snapshot, codes)
    plan = Plan(selection=run.selection, partitions=run.partitions, force=bool(forced), steps=planned)
    return Resumption(run=run, plan=plan, gone=gone)


def _has_made(run: Run, state: AddressState) -> bool:
    """Whether the newest version is the run's, whose process died before it could say so."""
    return any(version is not None and version.run_id == run.id for version in (state.published, state.held))


def _is_there(graph: Graph, address: Address) -> bool:
    if address.asset not in graph:
        return False
    partitions = graph.asset(address.asset).partitions
    if partitions is None or address.partition is None:
        return partitions is None and address.partition is None
    try:
        return partitions.check(address.partition) == address.partition
    except PartitionError:
        return False


def _in_order(graph: Graph, addresses: list[Address]) -> bool:
    """Whether no asset stands before one that it reads."""
    first: dict[AssetKey, int] = {}
    for n, address in enumerate(addresses):
        first.setdefault(address.asset, n)
    return all(first[up] <= n for key, n in first.items() for up in graph.ancestors({key}, 1) if up in first)
