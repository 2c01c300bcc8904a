"""Now: is it broken, since when, who is affected, in one sentence and the facts behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from observer.assets import quality_of
from observer.project import Project
from observer.quantities import age, count
from observer.reads import incidents, ledger
from observer.reads.instants import moment, timezone_of
from observer.reads.model import AssetRow, NowPage, ObserverHealth, State, StripCell
from observer.reads.runs import last_runs
from observer.reads.states import BROKEN, RANK, Standing, standings
from observer.store.outbox import waiting
from orchestration.assets import Asset
from orchestration.model import AssetKind
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


def now_page(connection: Connection, project: Project, now: datetime) -> NowPage:
    """Twelve statements, whatever the number of assets."""
    graph, timezone = project.graph, timezone_of(project.graph)
    zone = ZoneInfo(timezone)
    read = ledger.load(connection, None, now)
    found = standings(graph, graph.order, read, now)
    counts = {state: sum(each.state is state for each in found.values()) for state in State}
    since = _since(found.values())
    health = _health(connection)
    open_ones = incidents.rows(connection, project, incidents.open_ones(connection), read.readers, zone)
    return NowPage(
        at=now, project=project.config.root.name, environment=project.config.name, timezone=timezone,
        sentence=_sentence(project, counts, since, health.last_event_at, now, zone), since=since,
        counts=tuple(counts.items()), incidents=open_ones,
        assets=tuple(asset_row(graph.asset(s.key), s) for s in sorted(found.values(), key=lambda s: RANK[s.state])),
        runs=last_runs(connection), observer=health, monitored=sum(_watched(project, asset) for asset in graph),
    )  # fmt: skip


def _since(found: Iterable[Standing]) -> datetime | None:
    """When the first of what is broken broke; what is blocked only follows."""
    began = [(each.state is State.BLOCKED, each.since) for each in found if each.since is not None]
    return min(began)[1] if began else None


def _watched(project: Project, asset: Asset) -> bool:
    return bool(quality_of(asset).watched or project.definitions.checks.get(asset.key))


def asset_row(asset: Asset, standing: Standing) -> AssetRow:
    """One line of the table."""
    readers = standing.readers
    return AssetRow(
        key=asset.key, kind=asset.kind.value, group=asset.group, owners=asset.owners, state=standing.state,
        text=standing.text, last_partition=readers.address.partition if readers else None,
        last_at=readers.materialized_at if readers else None, rows=standing.rows,
        row_sparkline=_rows(standing),
        strip=tuple(
            StripCell(partition=c.label, state=c.state, text=f"{c.label} {c.text}") for c in standing.cells
        ),
    )  # fmt: skip


def _rows(standing: Standing) -> tuple[float | None, ...]:
    """The rows of each cell, empty where no version of it has rows."""
    rows = tuple(c.rows for c in standing.cells)
    return rows if any(value is not None for value in rows) else ()


def _health(connection: Connection) -> ObserverHealth:
    last = connection.execute(select(events.c.at).order_by(events.c.id.desc()).limit(1)).scalar_one_or_none()
    outbox = waiting(connection)
    return ObserverHealth(last_event_at=last, outbox_waiting=outbox.waiting, outbox_failing=outbox.failing)


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
        began = f", since {moment(since, now, zone)}" if since else ""
        return f"{_counted(counts, broken)}{began}" + (f"; {_counted(counts, others, noun=False)}" if others else "")
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
    return f"tidegate run '*' --partition {newest}" if newest else "tidegate run '*'"
