"""The facts of an asset as a short text, and back: what ``asset_status`` keeps of them."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from observer.assets import quality_of
from observer.lateness import Awaited
from observer.reads.facts import Fact, Facts
from observer.reads.ledger import Version
from observer.reads.model import State
from orchestration.assets import Asset
from orchestration.graph import Graph
from orchestration.model import Address, AssetKey, VersionStatus
from orchestration.tables import EPOCH

_FORM = 1  # of the text: another one makes every row anew
_MICROSECOND = timedelta(microseconds=1)
_definitions: WeakKeyDictionary[Graph, dict[AssetKey, str]] = WeakKeyDictionary()


def definitions_of(graph: Graph) -> dict[AssetKey, str]:
    """For each asset a hash of what its facts depend on in the project's files; worked out once a graph."""
    found = _definitions.get(graph)
    if found is None:
        found = _definitions[graph] = {asset.key: _definition(asset) for asset in graph}
    return found


def _definition(asset: Asset) -> str:
    cut = None if asset.partitions is None else (asset.partitions.rule, asset.partitions.describe())
    what = (_FORM, asset.kind.value, cut, asset.freshness, quality_of(asset).updated_by)
    return hashlib.sha256(repr(what).encode()).hexdigest()[:16]


def pack(facts: Facts) -> str:
    """The facts as a text."""
    awaited = facts.awaited and [_number(facts.awaited.by), _number(facts.awaited.until)]
    whole = [
        [_packed_fact(fact) for fact in facts.cells], facts.here and _packed_fact(facts.here),
        facts.readers and _packed_version(facts.readers), facts.rows, _number(facts.data_until), awaited,
    ]  # fmt: skip
    return json.dumps(whole, separators=(",", ":"), ensure_ascii=False)


def unpack(key: AssetKey, packed: str) -> Facts:
    """The facts again, but for the versions of their cells."""
    cells, here, readers, rows, until, awaited = json.loads(packed)
    return Facts(
        cells=tuple(_fact(cell) for cell in cells), here=here and _fact(here),
        readers=readers and _version(key, readers), rows=rows, data_until=_instant(until),
        awaited=awaited and Awaited(EPOCH + awaited[0] * _MICROSECOND, EPOCH + awaited[1] * _MICROSECOND),
    )  # fmt: skip


def _packed_fact(fact: Fact) -> list[Any]:
    return [
        fact.partition, fact.state.value, fact.text, _number(fact.since), _number(fact.made_at),
        _number(fact.published_at), _number(fact.ended_at), fact.rows,
    ]  # fmt: skip


def _fact(packed: list[Any]) -> Fact:
    partition, state, text, since, made_at, published_at, ended_at, rows = packed
    return Fact(
        partition=partition, state=_STATES[state], text=text, since=_instant(since), made_at=_instant(made_at),
        published_at=_instant(published_at), ended_at=_instant(ended_at), rows=rows,
    )  # fmt: skip


_STATES = {state.value: state for state in State}


def _packed_version(version: Version) -> list[Any]:
    return [
        version.seq, version.id, version.address.partition, version.status.value, version.run_id,
        _number(version.materialized_at), version.rows, version.released, version.is_elsewhere,
    ]  # fmt: skip


def _version(key: AssetKey, packed: list[Any]) -> Version:
    seq, identity, partition, status, run_id, made_at, rows, released, is_elsewhere = packed
    return Version(
        seq=seq, id=identity, address=Address(key, partition), status=VersionStatus(status), run_id=run_id,
        materialized_at=EPOCH + made_at * _MICROSECOND, rows=rows, released=released, is_elsewhere=is_elsewhere,
    )  # fmt: skip


def _number(at: datetime | None) -> int | None:
    return None if at is None else (at - EPOCH) // _MICROSECOND


def _instant(number: int | None) -> datetime | None:
    return None if number is None else EPOCH + timedelta(microseconds=number)
