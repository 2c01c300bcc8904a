"""Looking for what changed around an incident: bounded in time, in steps upstream, and in statements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from observer.clues import Clue, ClueKind, ranked
from observer.model import EvaluationStatus, Incident
from observer.slices import slices
from observer.store.tables import evaluations
from observer.volumes import volumes
from orchestration.events import EventKind
from orchestration.graph import Graph
from orchestration.model import AssetKey, VersionStatus
from orchestration.tables import events, versions

_BACK = timedelta(days=7)
_ASSETS = 30  # that are looked at, the nearest
_ROWS = 200  # of one question
_WRONG = (EvaluationStatus.FAILED.value, EvaluationStatus.WARNED.value, EvaluationStatus.UNKNOWN.value)
SEEN = (VersionStatus.PUBLISHED, VersionStatus.PUBLISHING, VersionStatus.SUPERSEDED)
"""What readers have, or had: the last of these before a bad version is what it is compared with."""
_SAID = {
    EventKind.VERSION_RELEASED.value: "a held version was released",
    EventKind.VERSION_ROLLED_BACK.value: "an earlier version was put back",
    EventKind.GATE_OVERRIDDEN.value: "the gate was opened by override",
    EventKind.HOLD_OVERRIDDEN.value: "a check or monitor was overridden",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where to look: the asset and what is upstream of it, by distance; the time since it was last well."""

    incident: Incident
    version: str
    distances: Mapping[AssetKey, int]
    since: datetime
    until: datetime


def gather(connection: Connection, graph: Graph, incident: Incident, version: str) -> tuple[Clue, ...]:
    """What changed between the last good version of an asset and the bad one, on it and upstream of it.

    At most a week is looked back, and at the 30 nearest assets.
    """
    scene = Scene(
        incident=incident, version=version, distances=_nearest(graph, incident.asset),
        since=_since(connection, incident, version), until=incident.opened_at,
    )  # fmt: skip
    return ranked(clue for look in _LOOKS for clue in look(connection, scene))


def _nearest(graph: Graph, asset: AssetKey) -> dict[AssetKey, int]:
    found, level, distance = {asset: 0}, [asset], 0
    while level and len(found) < _ASSETS:
        distance += 1
        above = (edge.upstream for key in level for edge in graph.upstream(key))
        level = [key for key in dict.fromkeys(above) if key not in found]
        found |= dict.fromkeys(level, distance)
    return dict(list(found.items())[:_ASSETS])


def _since(connection: Connection, incident: Incident, version: str) -> datetime:
    earliest = incident.opened_at - _BACK
    last = connection.execute(
        select(func.max(versions.c.materialized_at)).where(
            versions.c.asset == incident.asset, versions.c.status.in_(SEEN), versions.c.id != version,
            versions.c.materialized_at <= incident.opened_at,
        )
    ).scalar_one()  # fmt: skip
    return earliest if last is None else max(earliest, last)


def _upstream(connection: Connection, scene: Scene) -> Iterator[Clue]:
    """What was wrong upstream: each check or monitor once, with its newest sentence."""
    keys = [key for key, distance in scene.distances.items() if distance]
    rows = connection.execute(
        select(evaluations.c.asset, evaluations.c.partition, evaluations.c.subject, evaluations.c.sentence)
        .add_columns(evaluations.c.evaluated_at)
        .where(evaluations.c.asset.in_(keys), evaluations.c.status.in_(_WRONG), evaluations.c.muted.is_(None))
        .where(evaluations.c.evaluated_at.between(scene.since, scene.until))
        .order_by(evaluations.c.id.desc())
        .limit(_ROWS)
    )
    seen = set[tuple[str, str]]()
    for row in rows if keys else ():
        if (row.asset, row.subject) not in seen:
            seen.add((row.asset, row.subject))
            yield _clue(ClueKind.UPSTREAM, scene, row, row.evaluated_at, row.sentence)


def _code(connection: Connection, scene: Scene) -> Iterator[Clue]:
    """Versions made by other code, or with other settings, than the one before them."""
    keys = list(scene.distances)
    c = versions.c
    rows = connection.execute(
        select(c.seq, c.asset, c.partition, c.code_version, c.materialized_at)
        .where(c.asset.in_(keys), c.materialized_at >= scene.since, c.materialized_at <= scene.until)
        .order_by(c.seq.desc())
        .limit(_ROWS)
    ).all()
    known = _code_before(connection, [row.asset for row in rows], min((row.seq for row in rows), default=0))
    for row in reversed(rows):
        before, known[row.asset] = known.get(row.asset), row.code_version
        if before is not None and before != row.code_version:
            same_code = before.partition("+")[0] == row.code_version.partition("+")[0]
            kind, what = (ClueKind.CONFIG, "settings") if same_code else (ClueKind.CODE, "code")
            yield _clue(kind, scene, row, row.materialized_at, f"its {what} changed")


def _code_before(connection: Connection, keys: Sequence[str], seq: int) -> dict[str, str]:
    """With which code each asset was made before a version."""
    c = versions.c
    last = select(func.max(c.seq)).where(c.asset.in_(set(keys)), c.seq < seq).group_by(c.asset)
    rows = connection.execute(select(c.asset, c.code_version).where(c.seq.in_(last)))
    return {row.asset: row.code_version for row in rows}


def _log(connection: Connection, scene: Scene) -> Iterator[Clue]:
    """Changes of schemas, and what people decided."""
    kinds = (EventKind.SCHEMA_CHANGED.value, *_SAID)
    rows = connection.execute(
        select(events)
        .where(events.c.asset.in_(list(scene.distances)), events.c.kind.in_(kinds))
        .where(events.c.at.between(scene.since, scene.until))
        .order_by(events.c.id.desc())
        .limit(_ROWS)
    )
    for row in rows:
        if row.kind == EventKind.SCHEMA_CHANGED.value:
            sentence = f"its schema changed: {row.detail.get('column')} {row.detail.get('change')}"
            yield _clue(ClueKind.SCHEMA, scene, row, row.at, sentence)
        else:
            by = row.detail.get("by")
            yield _clue(ClueKind.DECISION, scene, row, row.at, _SAID[row.kind] + (f" by {by}" if by else ""))


def _volume(connection: Connection, scene: Scene) -> Iterator[Clue]:
    """How many rows it has, and what it reads, where that is far from what they had."""
    near = [key for key, distance in scene.distances.items() if distance <= 1]
    for one in volumes(connection, near, scene.until):
        yield _clue(ClueKind.VOLUME, scene, one, one.at, one.sentence)


def _segments(connection: Connection, scene: Scene) -> Iterator[Clue]:
    """Which slices of the data carry the change, where they are measured."""
    for one in slices(connection, scene.incident, scene.version):
        yield Clue(
            kind=ClueKind.SEGMENT, asset=scene.incident.asset, partition=scene.incident.last_partition,
            at=scene.until, distance=0, sentence=one.sentence, share=one.share,
        )  # fmt: skip


def _clue(kind: ClueKind, scene: Scene, row: Any, at: datetime, said: str) -> Clue:
    """A clue about the asset of a row, which its sentence names."""
    partition = row.partition or None
    where = row.asset if partition is None else f"{row.asset} {partition}"
    return Clue(
        kind=kind, asset=AssetKey(row.asset), partition=partition, at=at, distance=scene.distances[row.asset],
        sentence=f"{where}: {said}",
    )  # fmt: skip


_LOOKS: tuple[Callable[[Connection, Scene], Iterator[Clue]], ...] = (_upstream, _code, _log, _volume, _segments)
