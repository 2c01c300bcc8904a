"""Now: is it broken, since when, who is affected, in one sentence and the facts behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain, islice
from shlex import quote
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from observer.assets import quality_of
from observer.project import Project
from observer.quantities import age, count
from observer.reads import incidents, ledger
from observer.reads.instants import Sentence, moment, timezone_of
from observer.reads.model import NowPage, ObserverHealth, State
from observer.reads.overview import overview
from observer.reads.rows import asset_row
from observer.reads.runs import last_runs
from observer.reads.states import BROKEN
from observer.reads.troubled import troubled
from observer.store.outbox import is_of, waiting
from observer.store.tables import outbox
from orchestration.assets import Asset
from orchestration.graph import Graph
from orchestration.model import AssetKey, AssetKind
from orchestration.tables import events

_WORDS = {
    State.FAILING: "failing",
    State.HELD: "held",
    State.BLOCKED: "blocked downstream",
    State.STALE: "stale",
    State.WARNED: "warned",
    State.UNKNOWN: "unknown",
    State.LEARNING: "learning",
    State.HEALTHY: "healthy",
    State.NEVER: "never materialized",
}


_SHOWN = 20  # assets


def now_page(connection: Connection, project: Project, now: datetime) -> NowPage:
    """Nineteen statements at most, whatever the number of assets; thirteen where the rows of ``asset_status`` lead."""
    graph, timezone = project.graph, timezone_of(project.graph)
    zone = ZoneInfo(timezone)
    found = overview(connection, graph, now)
    by_state: dict[State, list[AssetKey]] = {state: [] for state in State}  # the worst first
    for key, (state, _) in found.states.items():
        by_state[state].append(key)
    counts = {state: len(keys) for state, keys in by_state.items()}
    since = _since(found.states.values())
    health = _health(connection, project.config.name, project.clock.wall())
    open_ones, unresolved = incidents.open_ones(connection)
    readers = ledger.readers(connection, {one.asset for one in open_ones})
    worst = tuple(islice(chain.from_iterable(by_state.values()), _SHOWN))
    hours, days = troubled(connection, now, zone)
    return NowPage(
        at=now, project=project.config.root.name, environment=project.config.name, timezone=timezone,
        sentence=_sentence(project, counts, since, health.last_event_at, now, zone), since=since,
        counts=tuple(counts.items()), incidents=incidents.rows(connection, project, open_ones, readers, zone),
        unresolved=unresolved,
        total=len(graph),
        assets=tuple(asset_row(graph.asset(key), each) for key, each in found.standings(worst).items()),
        runs=last_runs(connection), observer=health, monitored=_monitored(project),
        hours=hours, days=days,
    )  # fmt: skip


def _since(found: Iterable[tuple[State, datetime | None]]) -> datetime | None:
    """When the first of what is broken broke; what is blocked only follows."""
    began = [(state is State.BLOCKED, since) for state, since in found if since is not None]
    return min(began)[1] if began else None


_numbers: WeakKeyDictionary[Graph, int] = WeakKeyDictionary()


def _monitored(project: Project) -> int:
    """How many assets anything watches; counted once a graph."""
    if (found := _numbers.get(project.graph)) is None:
        found = _numbers[project.graph] = sum(_watched(project, asset) for asset in project.graph)
    return found


def _watched(project: Project, asset: Asset) -> bool:
    return bool(quality_of(asset).watched or project.definitions.checks.get(asset.key))


def _health(connection: Connection, environment: str, wall: datetime) -> ObserverHealth:
    last = connection.execute(select(events.c.at).order_by(events.c.id.desc()).limit(1)).scalar_one_or_none()
    left = select(func.min(outbox.c.next_attempt_at)).where(is_of(environment), outbox.c.delivered_at.is_(None))
    due_at, counts = connection.execute(left).scalar_one_or_none(), waiting(connection, environment)
    lag_s = 0.0 if due_at is None else max(0.0, (wall - due_at).total_seconds())
    return ObserverHealth(
        last_event_at=last, outbox_waiting=counts.waiting, outbox_failing=counts.failing, lag_s=lag_s,
        given_up=counts.given_up,
    )  # fmt: skip


def _sentence(
    project: Project,
    counts: Mapping[State, int],
    since: datetime | None,
    last_event_at: datetime | None,
    now: datetime,
    zone: ZoneInfo,
) -> str:
    """The answer to "is it broken?" before anything else is read."""
    total = sum(counts.values())
    if counts[State.NEVER] == total:
        begin = _first_run(project, now)
        return f"Nothing has been materialized yet: {count(total, 'asset')} defined; begin with {begin}"
    broken = [state for state in (*BROKEN, State.STALE) if counts[state]]
    others = [state for state in State if state not in (*BROKEN, State.STALE) and counts[state]]
    if broken:
        began = (", since ", moment(since, now, zone)) if since else ()
        left = (f"; {_counted(counts, others, noun=False)}",) if others else ()
        return Sentence.of(_counted(counts, broken), *began, *left)
    checked = ""
    if last_event_at is not None:
        checked = f", last checked {age(max(0.0, (now - last_event_at).total_seconds()))} ago"
    if others == [State.HEALTHY]:
        return f"Everything is healthy: {count(total, 'asset')}{checked}"
    return f"Nothing is held or failing: {_counted(counts, others)}{checked}"


def _counted(counts: Mapping[State, int], states: Sequence[State], *, noun: bool = True) -> str:
    said = [f"{counts[state]:,} {_WORDS[state]}" for state in states]
    if noun:
        first = counts[states[0]]
        said[0] = f"{count(first, 'asset')} {_WORDS[states[0]]}"
    return ", ".join(said)


def _first_run(project: Project, now: datetime) -> str:
    partitioned = next((a for a in project.graph if a.partitions is not None and a.kind is not AssetKind.SOURCE), None)
    newest = partitioned.partitions.latest(now) if partitioned and partitioned.partitions else None
    return f"tidegate run '*' --partition {quote(newest)}" if newest else "tidegate run '*'"
