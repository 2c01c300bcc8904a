"""What is published and what is held: a snapshot of the log that plans are made from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, or_, select

from orchestration.among import Among
from orchestration.io.base import StoredVersion
from orchestration.model import Address, AssetKey, GateOutcome, VersionStatus
from orchestration.partition_keys import all_keys
from orchestration.question import Question
from orchestration.tables import gates, versions


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRecord:
    """One version as the log has it."""

    seq: int
    id: str
    address: Address
    status: VersionStatus
    run_id: str
    materialized_at: datetime
    data_version: str
    fingerprint: str
    format: str

    def stored(self) -> StoredVersion:
        return StoredVersion(address=self.address, id=self.id, format=self.format, data_version=self.data_version)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRecord:
    """The newest decision on an address."""

    materialization_id: str
    outcome: GateOutcome
    reasons: tuple[str, ...]
    decided_at: datetime
    expires_at: datetime | None = None
    columns: tuple[str, ...] = ()  # that all faults which hold lie in; none: any


@dataclass(frozen=True, slots=True)
class AddressState:
    published: VersionRecord | None = None
    held: VersionRecord | None = None  # the newest version in quarantine
    gate: GateRecord | None = None
    rolled_back: tuple[VersionRecord, ...] = ()  # oldest first

    @property
    def is_held(self) -> bool:
        """Whether the gate keeps consumers of this address from running."""
        return self.gate is not None and self.gate.outcome is GateOutcome.HELD

    @property
    def overridden(self) -> VersionRecord | None:
        """The held version that consumers may read all the same, until the override ends."""
        is_open = self.gate is not None and self.gate.outcome is GateOutcome.OPEN_BY_OVERRIDE
        return self.held if is_open else None


_NOTHING = AddressState()
_LIVE = (VersionStatus.PUBLISHED, VersionStatus.HELD, VersionStatus.ROLLED_BACK)


class Snapshot:
    """The state of many addresses at one moment; a run keeps its own up to date as it goes."""

    def __init__(self) -> None:
        self._states: dict[Address, AddressState] = {}
        self._partitions: dict[AssetKey, set[str]] = defaultdict(set)
        self._keys: dict[str, tuple[str, ...]] = {}

    def of(self, address: Address) -> AddressState:
        return self._states.get(address, _NOTHING)

    def put(self, address: Address, state: AddressState) -> None:
        self._states[address] = state
        if address.partition is not None:
            self._partitions[address.asset].add(address.partition)

    def items(self) -> Iterable[tuple[Address, AddressState]]:
        """Every address that was ever judged, with its state."""
        return self._states.items()

    def add(self, other: Snapshot) -> None:
        """Take over what another snapshot knows."""
        self._keys.update(other._keys)
        for address, state in other._states.items():
            self.put(address, state)

    def keys_of(self, dynamic: str) -> tuple[str, ...]:
        """The keys that were added to a set of dynamic partitions, in that order."""
        return self._keys.get(dynamic, ())

    def put_keys(self, keys: Mapping[str, tuple[str, ...]]) -> None:
        """The keys of every set of dynamic partitions."""
        self._keys = dict(keys)

    def known(self, asset: AssetKey) -> tuple[str, ...]:
        """The partitions of an asset that were ever judged, in the order of their keys."""
        return tuple(sorted(self._partitions.get(asset, ())))


def load(connection: Connection, assets: Collection[AssetKey], now: datetime | None = None) -> Snapshot:
    """The state of every address of ``assets``; an override counts until ``now`` has reached its end (None: never)."""
    snapshot = Snapshot()
    snapshot.put_keys(all_keys(connection))
    names = {"b_assets": sorted(assets)}
    _fill(snapshot, _LIVE_OF.ask(connection, names), _GATES_OF.ask(connection, names), now)
    return snapshot


def load_one(
    connection: Connection,
    address: Address,
    known: Sequence[VersionRecord] | None = None,
    now: datetime | None = None,
) -> AddressState:
    """The state of one address; ``known`` are its versions where the caller has just read them."""
    here = {"b_asset": address.asset, "b_partition": address.partition or ""}
    state = AddressState()
    for version in known_versions(connection, address) if known is None else known:
        state = _with(state, version)
    row = connection.execute(_GATE, here).one_or_none()
    return state if row is None else replace(state, gate=_gate(row, now))


def load_some(
    connection: Connection, addresses: Sequence[Address], now: datetime | None = None
) -> tuple[Mapping[Address, AddressState], set[Address]]:
    """The states of a few addresses, and those of them with a publication that was begun and not confirmed."""
    partitions = list({address.partition or "" for address in addresses})
    names = {"b_assets": list({address.asset for address in addresses}), "b_partitions": partitions}
    rows = _SOME_VERSIONS.ask(connection, names)
    unfinished = {_record(row).address for row in rows if row.status == VersionStatus.PUBLISHING}
    snapshot = Snapshot()
    live = [row for row in rows if row.status != VersionStatus.PUBLISHING]
    _fill(snapshot, live, _SOME_GATES.ask(connection, names), now)
    return {address: snapshot.of(address) for address in addresses}, unfinished


def known_versions(connection: Connection, address: Address) -> tuple[VersionRecord, ...]:
    """Every version of an address that the log has, oldest first, whatever became of it."""
    here = {"b_asset": address.asset, "b_partition": address.partition or ""}
    return tuple(_record(row) for row in connection.execute(_VERSIONS, here))


def kept_versions(connection: Connection, address: Address, stored: Collection[str] = ()) -> tuple[VersionRecord, ...]:
    """Those whose data wasn't let go, and those of ``stored``: what was let go and lies there nevertheless."""
    c = versions.c
    here = and_(c.asset == address.asset, c.partition == (address.partition or ""))
    kept = _version_columns().where(here, c.removed_at.is_(None))
    found = {row.seq: _record(row) for row in connection.execute(kept)}
    if left := set(stored) - {version.id for version in found.values()}:
        found |= {row.seq: _record(row) for row in connection.execute(_version_columns().where(here, c.id.in_(left)))}
    return tuple(found[seq] for seq in sorted(found))


def status_of(connection: Connection, version_id: str) -> VersionStatus | None:
    """What has become of one version; None for one that the log doesn't know."""
    found = connection.execute(select(versions.c.status).where(versions.c.id == version_id)).scalar_one_or_none()
    return None if found is None else VersionStatus(found)


def unconfirmed(connection: Connection) -> tuple[VersionRecord, ...]:
    """The versions whose publication was begun and not confirmed."""
    rows = connection.execute(
        _version_columns().where(versions.c.status == VersionStatus.PUBLISHING).order_by(versions.c.seq)
    )
    return tuple(_record(row) for row in rows)


def _version_columns() -> Select[Any]:
    c = versions.c
    return select(
        c.seq, c.id, c.asset, c.partition, c.status, c.run_id, c.materialized_at,
        c.data_version, c.fingerprint, c.format,
    )  # fmt: skip


def _fill(snapshot: Snapshot, rows: Sequence[Any], decided: Sequence[Any], now: datetime | None) -> None:
    for row in rows:
        record = _record(row)
        snapshot.put(record.address, _with(snapshot.of(record.address), record))
    for row in decided:
        address = Address(AssetKey(row.asset), row.partition or None)
        snapshot.put(address, replace(snapshot.of(address), gate=_gate(row, now)))


def _with(state: AddressState, version: VersionRecord) -> AddressState:
    """The state of an address with one more of its versions, which is newer than those before."""
    if version.status is VersionStatus.PUBLISHED:
        return replace(state, published=version)
    if version.status is VersionStatus.HELD:
        return replace(state, held=version)
    if version.status is VersionStatus.ROLLED_BACK:
        return replace(state, rolled_back=(*state.rolled_back, version))
    return state


def _gate(row: Any, now: datetime | None) -> GateRecord:
    outcome = GateOutcome(row.outcome)
    if outcome is GateOutcome.OPEN_BY_OVERRIDE and (now is None or row.expires_at is None or row.expires_at <= now):
        outcome = GateOutcome.HELD
    return GateRecord(
        materialization_id=row.materialization_id, outcome=outcome, reasons=tuple(row.reasons),
        decided_at=row.decided_at, expires_at=row.expires_at, columns=tuple(row.columns or ()),
    )  # fmt: skip


def _record(row: Any) -> VersionRecord:
    return VersionRecord(
        seq=row.seq, id=row.id, address=Address(AssetKey(row.asset), row.partition or None),
        status=VersionStatus(row.status), run_id=row.run_id, materialized_at=row.materialized_at,
        data_version=row.data_version, fingerprint=row.fingerprint, format=row.format,
    )  # fmt: skip


def _among(statuses: Iterable[VersionStatus]) -> ColumnElement[bool]:
    return or_(*(versions.c.status == status.value for status in statuses))


# Built once, because each run or each step asks them.
_LIVE_OF = Question(
    _version_columns().where(Among(versions.c.asset, "b_assets"), _among(_LIVE)).order_by(versions.c.seq)
)
_GATES_OF = Question(select(gates).where(Among(gates.c.asset, "b_assets")))
_VERSIONS = (
    _version_columns()
    .where(versions.c.asset == bindparam("b_asset"), versions.c.partition == bindparam("b_partition"))
    .order_by(versions.c.seq)
)
_GATE = select(gates).where(gates.c.asset == bindparam("b_asset"), gates.c.partition == bindparam("b_partition"))
_SOME_VERSIONS = Question(
    _version_columns()
    .where(
        Among(versions.c.asset, "b_assets"),
        Among(versions.c.partition, "b_partitions"),
        _among((VersionStatus.PUBLISHING, *_LIVE)),
    )
    .order_by(versions.c.seq)
)
_SOME_GATES = Question(select(gates).where(Among(gates.c.asset, "b_assets"), Among(gates.c.partition, "b_partitions")))
