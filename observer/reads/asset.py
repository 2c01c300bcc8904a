"""One asset: what readers have, what the gate says, its history against what was expected, and its neighbours."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from observer.assets import quality_of
from observer.feedback import marks_of
from observer.project import Project
from observer.reads import cells, columns, gate, incidents, ledger, monitors, verdicts, versions
from observer.reads.base import GateAnswer
from observer.reads.instants import timezone_of
from observer.reads.model import AssetPage, GateState, Making, Neighbour
from observer.reads.said import rows as said_rows
from observer.reads.schema import schema_timeline, turns
from observer.reads.states import Standing, standings
from observer.reads.waited import waited
from observer.store import excuses
from observer.store import feedback as feedback_store
from orchestration.assets import Asset
from orchestration.external import is_external
from orchestration.model import AssetKey, AssetKind, PartitionKey

_INCIDENTS = 20
_TURNS = 30  # changes of the schema, the newest


def asset_page(connection: Connection, project: Project, key: str, now: datetime) -> AssetPage:
    """The page of an asset of the project: twenty-five statements, whatever it has."""
    graph, asset = project.graph, project.graph.asset(key)
    timezone = timezone_of(graph)
    zone = ZoneInfo(timezone)
    above = tuple(dict.fromkeys(edge.upstream for edge in graph.upstream(asset.key)))
    below = tuple(dict.fromkeys(graph.downstream(asset.key)))
    around = (asset.key, *above, *below)
    read = ledger.load(connection, set(around), now)
    found = standings(graph, around, read, now)
    here = found[asset.key]
    said = verdicts.load(connection, asset.key)
    answer = gate.answer(connection, graph, asset.key, None, now)
    newest = {each.seq for each in (*read.versions.get(asset.key, ()), *filter(None, [here.readers]))}
    schema = columns.newest_schema(connection, asset.key, newest)
    words = feedback_store.all_of(connection, asset.key)
    closed = tuple(gate for address, gate in read.gates.items() if address.asset == asset.key)
    concerned = incidents.of_asset(connection, asset.key, _INCIDENTS)
    return AssetPage(
        at=now, project=project.config.root.name, environment=project.config.name, timezone=timezone,
        key=asset.key, kind=kind_of(asset), group=asset.group, owners=asset.owners, tags=asset.tags,
        description=asset.description,
        partitions=asset.partitions.describe() if asset.partitions is not None else "not partitioned",
        state=here.state, text=here.text, cells=cells.four(asset, here, said, now, zone),
        gate=_gate(asset.key, answer, here.held),
        incidents=incidents.rows(connection, project, concerned, read.readers, zone),
        monitors=monitors.series(connection, asset, quality_of(asset).monitors, said, marks_of(words)),
        heatmap=columns.heatmap(connection, asset, schema, zone),
        checks=monitors.strips(
            project.definitions.checks.get(asset.key, ()), said, excuses.mutes.of_asset(connection, asset.key, now)
        ),
        schema=schema,
        upstream=_neighbours(above, found), downstream=_neighbours(below, found), consumers=asset.consumers,
        versions=versions.newest(connection, asset.key, closed, said), said=said_rows(words),
        schema_turns=turns(schema_timeline(connection, asset.key, _TURNS)), making=making_of(asset),
        waited=waited(here, below, read.steps),
    )  # fmt: skip


def making_of(asset: Asset) -> Making:
    """How its versions come to be."""
    if is_external(asset):
        return Making.REPORTED
    return Making.OBSERVED if asset.kind is AssetKind.SOURCE else Making.MADE


def kind_of(asset: Asset) -> str:
    """How an asset is made; of dbt's, also when readers see it."""
    if is_external(asset):
        return "external, made and reported by others"
    if asset.kind is not AssetKind.DBT:
        return asset.kind.value
    return "dbt, built in place and judged after" if asset.built_in_place else "dbt, built aside and judged before"


def _neighbours(keys: Sequence[AssetKey], found: dict[AssetKey, Standing]) -> tuple[Neighbour, ...]:
    return tuple(
        Neighbour(key=key, state=found[key].state, text=found[key].text, at=_given(found[key])) for key in keys
    )


def _given(standing: Standing) -> datetime | None:
    return standing.readers.materialized_at if standing.readers is not None else None


def _gate(key: AssetKey, answer: GateAnswer | None, held: tuple[PartitionKey, ...]) -> GateState:
    assert answer is not None  # the asset is one of the project's
    return GateState(
        outcome=answer.outcome, partition=answer.partition, sentence=answer.sentence,
        held_partitions=tuple(partition for partition in held if partition is not None),
        release_command=release_command(key, held[-1]) if held else None, expires_at=answer.expires_at,
    )  # fmt: skip


def release_command(key: str, partition: PartitionKey) -> str:
    """What to type to let a held version out.

    >>> release_command("flights", "2013-02-08")
    'tidegate release flights --partition 2013-02-08 --reason "..."'
    """
    where = f" --partition {shlex.quote(partition)}" if partition is not None else ""
    return f'tidegate release {shlex.quote(key)}{where} --reason "..."'
