"""One attempt at a queued run: planned and begun, or gone on with where a process died, under one id."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sqlalchemy import Connection

from orchestration import queue, runs
from orchestration.addresses import addresses
from orchestration.database import reading
from orchestration.errors import PartitionError, RunError, UnknownName
from orchestration.graph import Graph
from orchestration.model import Address, AssetKey, Run, RunStatus
from orchestration.plan import Plan, plan_addresses
from orchestration.queue import Queued
from orchestration.recovery import recover
from orchestration.resume import left_of
from orchestration.run_record import RunOptions
from orchestration.run_request import RunRequest
from orchestration.runner import walk
from orchestration.runtime import Runtime
from orchestration.schedule.seen import complete
from orchestration.selection import quote
from orchestration.state import Snapshot, load

PATIENCE_S = 600.0
"""How long a step waits for another run that makes the same partition."""


def attempt(runtime: Runtime, claim: Queued, check: Callable[[Plan], None] = lambda plan: None) -> Run:
    """Walk a queued run to its end and return it; one that had ended before its process said so is left as it is.

    ``check`` raises where its plan can't be walked.

    Raises
    ------
    ClaimLost
        Another process goes on with it.
    UnknownName, PartitionError, SelectionError, RunError
        It can't be planned by now; nothing was run.
    StateError, KeyboardInterrupt
        As ``run_plan`` raises them.
    """
    recover(runtime.engine, runtime.io, runtime.clock)
    before = _before(runtime, claim.id)
    if before is None:
        plan = plan_request(runtime, claim.request)
    elif before.status in (RunStatus.RUNNING, RunStatus.INTERRUPTED):
        plan = left_of(runtime, before).plan
    else:
        return before
    check(plan)
    options = RunOptions(
        trigger=claim.request.reason, run_id=claim.id, again=before,
        confirm=lambda connection: _confirm(connection, claim), patience_s=PATIENCE_S,
    )  # fmt: skip
    return walk(runtime, plan, options)


def _confirm(connection: Connection, claim: Queued) -> None:
    queue.confirm(connection, claim)
    if (asked := queue.find(connection, claim.id)).cancel_by is not None:
        raise RunError(f"run {claim.id} was cancelled by {asked.cancel_by} before it had begun; nothing was run")


def _before(runtime: Runtime, run_id: str) -> Run | None:
    with reading(runtime.engine) as connection:
        try:
            return runs.find(connection, run_id)
        except UnknownName:
            return None


def plan_request(runtime: Runtime, request: RunRequest) -> Plan:
    """The steps that a request asks for; its selection is written as a person would.

    Raises
    ------
    UnknownName
        The project has an asset no more.
    PartitionError
        A partition isn't one.
    """
    graph = runtime.graph
    chosen = graph.with_siblings(graph.asset(key).key for key in request.assets)
    wanted = chosen | graph.ancestors(chosen)
    with reading(runtime.engine) as connection:
        snapshot = load(connection, wanted, runtime.clock.now())
    asked = request.partitions or (None,)
    planned: dict[Address, None] = {}
    for partitions in asked:
        planned |= dict.fromkeys(_addresses(runtime, chosen, wanted, partitions, snapshot))
    here = [one for one in planned if request.upstream or one.asset in chosen]
    if len(asked) > 1:
        here = _in_order(graph, here)
    forced = {one for one in here if one.asset in chosen} if request.force else frozenset()
    steps = plan_addresses(graph, here, forced, snapshot, runtime.code_versions)
    selection = ", ".join(key if key.isidentifier() else quote(key) for key in request.assets)
    said = ", ".join(request.partitions or ())
    return Plan(selection=selection, partitions=said, force=request.force, steps=steps)


def asked_for(runtime: Runtime, request: RunRequest) -> tuple[Address, ...]:
    """What a request wants made, whether or not it can be planned: what is upstream first.

    An asset of which it can't be told which partitions are meant is named without one, and one that the project has
    no more not at all.
    """
    graph = runtime.graph
    chosen = graph.with_siblings(key for key in request.assets if key in graph)
    with reading(runtime.engine) as connection:
        snapshot = load(connection, chosen, runtime.clock.now())
    found: dict[Address, None] = {}
    for key in chosen:
        for partitions in request.partitions or (None,):
            try:
                found |= dict.fromkeys(_addresses(runtime, {key}, {key}, partitions, snapshot))
            except PartitionError:
                found[Address(key)] = None
    return tuple(_in_order(graph, list(found)))


def _addresses(
    runtime: Runtime, chosen: set[AssetKey], wanted: set[AssetKey], partitions: str | None, snapshot: Snapshot
) -> Iterable[Address]:
    now = runtime.clock.now()
    if partitions is not None:
        return addresses(runtime.graph, chosen, wanted, partitions, snapshot.keys_of, now)
    graph, found = runtime.graph, dict[Address, None]()
    for newest, keys in _by_newest(runtime, chosen, wanted, snapshot).items():
        upstream = (keys | graph.ancestors(keys)) & wanted
        if newest is None:
            upstream = {key for key in upstream if key in keys or not _has_time(graph, key)}
        found |= dict.fromkeys(addresses(graph, keys, upstream, newest, snapshot.keys_of, now))
    return _in_order(graph, list(found))


def _by_newest(
    runtime: Runtime, chosen: set[AssetKey], wanted: set[AssetKey], snapshot: Snapshot
) -> dict[str | None, set[AssetKey]]:
    """The chosen assets by their newest partition that has ended; those that are not partitioned by None.

    What these read that is partitioned in time is there by its newest, too: nothing else says which is meant.
    """
    graph, now = runtime.graph, runtime.clock.now()
    found: dict[str | None, set[AssetKey]] = {}
    for key in chosen:
        cut = graph.asset(key).partitions
        newest = None if cut is None else cut.bound(snapshot.keys_of).latest(now)
        found.setdefault(newest, set()).add(key)
    whole = found.get(None, set())
    for key in _read_in_time(graph, (whole | graph.ancestors(whole)) & wanted) - chosen:
        for newest in complete(graph.asset(key).partitions, snapshot.keys_of, now) or ():
            found.setdefault(newest, set()).add(key)
    return found


def _read_in_time(graph: Graph, among: set[AssetKey]) -> set[AssetKey]:
    """Those that are partitioned in time and are read by one that is not."""
    return {
        edge.upstream
        for key in among
        if not _has_time(graph, key)
        for edge in graph.upstream(key)
        if edge.upstream in among and _has_time(graph, edge.upstream)
    }


def _has_time(graph: Graph, key: AssetKey) -> bool:
    cut = graph.asset(key).partitions
    return cut is not None and cut.has_time


def _in_order(graph: Graph, planned: list[Address]) -> list[Address]:
    place = {key: n for n, key in enumerate(graph.order)}
    return sorted(planned, key=lambda one: place[one.asset])  # stable: partitions stay in their order
