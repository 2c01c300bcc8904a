"""Leases: one writer per address across processes, with a token that grows each time one is taken."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from orchestration.among import Among
from orchestration.bulk import Bulk, Row
from orchestration.errors import LeaseHeld, LeaseLost
from orchestration.model import Address, AssetKey
from orchestration.question import Question
from orchestration.tables import leases

LEASE = timedelta(seconds=60)
"""How long a lease lasts after its holder was last heard of."""


def this_process() -> str:
    """``host:pid:start``: the start time tells a process from a later one with the same number."""
    return _process(os.getpid())


@cache
def _process(pid: int) -> str:  # by number, so that a forked child is not taken for its parent
    return f"{_host()}:{pid}:{_start_time(pid) or '0'}"


@cache
def _host() -> str:
    """This host's name, and its process numbers' name space: two containers may share the first."""
    try:
        namespace = f"/{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        namespace = ""
    return socket.gethostname() + namespace


def is_gone(holder: str) -> bool:
    """Whether ``holder`` is a process of this host that no longer runs; False where it can't be known."""
    host, pid, start = holder.rsplit(":", 2)
    if host != _host() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        pass  # it is another user's, or a later process with the same number: its start time says which
    if start == "0":
        return False
    return _start_time(int(pid)) != start


def _start_time(pid: int) -> str | None:
    """When a process began, in the kernel's ticks; None for an ended one, or where there is no /proc."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields[19]  # a zombie does nothing any more


# Statements of the hot path are built once: building one anew costs several times what running it does.
_HERE = (leases.c.asset == bindparam("b_asset")) & (leases.c.partition == bindparam("b_partition"))
_FIND = select(leases).where(_HERE).with_for_update()
_FIRST = {
    name: dialect.insert(leases).on_conflict_do_nothing().returning(leases.c.token)
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
}
_FIRST_ONES = Bulk(insert(leases))
_FIRST_ALL = postgresql.insert(leases).on_conflict_do_nothing().returning(leases.c.asset, leases.c.partition)


def _find_these(*columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .where(
            Among(leases.c.asset, "b_assets"),
            Among(leases.c.partition, "b_partitions"),
        )
        .order_by(leases.c.asset, leases.c.partition)  # everybody locks in one order
        .with_for_update()
    )


_FIND_ALL = Question(_find_these(leases))
_FIND_TOKENS = Question(_find_these(leases.c.asset, leases.c.partition, leases.c.token, leases.c.held))
_TAKE_OVER = Bulk(update(leases).where(_HERE))
_RELEASE = Bulk(update(leases).where(_HERE, leases.c.token == bindparam("b_token")).values(held=False))


def _here(address: Address) -> dict[str, str]:
    return {"b_asset": address.asset, "b_partition": address.partition or ""}


def acquire(connection: Connection, address: Address, run_id: str, wall: datetime) -> int:
    """Take the lease of ``address`` and return its fencing token; raises LeaseHeld.

    Call it inside a write transaction. A lease whose holder is gone or silent is taken over.
    """
    values = {
        "run_id": run_id, "holder": this_process(), "held": True,
        "acquired_at": wall, "expires_at": wall + LEASE,
    }  # fmt: skip
    row = connection.execute(_FIND, _here(address)).one_or_none()
    if row is None:
        key = {"asset": address.asset, "partition": address.partition or "", "token": 1}
        first = connection.execute(_FIRST[connection.dialect.name], {**key, **values})
        if first.one_or_none() is not None:
            return 1
        row = connection.execute(_FIND, _here(address)).one()  # on PostgreSQL another was first by a moment
    if row.held and row.expires_at > wall and not is_gone(row.holder):
        raise _held(address, row)
    token = int(row.token) + 1
    _TAKE_OVER.run(connection, [{**_here(address), "token": token, **values}])
    return token


@dataclass(frozen=True, slots=True)
class Taken:
    """A lease of ours, with its fencing token."""

    token: int


def acquire_all(
    connection: Connection, addresses: Sequence[Address], run_id: str, wall: datetime
) -> dict[Address, Taken | LeaseHeld]:
    """Take the leases of many addresses in a few statements; those that another process holds say who it is.

    Call it inside a write transaction.
    """
    values = {"run_id": run_id, "holder": this_process(), "held": True, "acquired_at": wall, "expires_at": wall + LEASE}
    found = _find_all(connection, addresses)
    taken: dict[Address, Taken | LeaseHeld] = {}
    if missing := [address for address in addresses if address not in found]:
        first = [{"asset": a.asset, "partition": a.partition or "", "token": 1, **values} for a in missing]
        taken = dict.fromkeys(_take_first(connection, missing, first), Taken(1))
        if beaten := [address for address in missing if address not in taken]:  # on PostgreSQL, by a moment
            found |= _find_all(connection, beaten)
    over = []
    for address in addresses:
        if address in taken:
            continue
        row = found[address]
        if row.held and row.expires_at > wall and not is_gone(row.holder):
            taken[address] = _held(address, row)
        else:
            taken[address] = Taken(int(row.token) + 1)
            over.append({**_here(address), "token": int(row.token) + 1, **values})
    _TAKE_OVER.run(connection, over)
    return taken


def _take_first(connection: Connection, missing: Iterable[Address], rows: Sequence[Row]) -> Iterable[Address]:
    """Make leases that nobody has had; returns those that nobody else has made meanwhile."""
    if connection.dialect.name == "sqlite":  # whose transactions write one after the other
        _FIRST_ONES.run(connection, rows)
        return missing
    ours = connection.execute(_FIRST_ALL, rows)
    return [Address(AssetKey(row.asset), row.partition or None) for row in ours]


def _find_all(connection: Connection, addresses: Sequence[Address]) -> dict[Address, Any]:
    """The rows of these addresses; others that share an asset and a partition key are left aside."""
    wanted = set(addresses)
    rows = _ask_of(connection, addresses, _FIND_ALL)
    return {here: row for row in rows if (here := Address(AssetKey(row.asset), row.partition or None)) in wanted}


def _ask_of(connection: Connection, addresses: Iterable[Address], question: Question) -> Sequence[Any]:
    names = {
        "b_assets": list({a.asset for a in addresses}),
        "b_partitions": list({a.partition or "" for a in addresses}),
    }
    return question.ask(connection, names)


def lost(connection: Connection, tokens: Mapping[Address, int]) -> set[Address]:
    """Those of our leases that another process has taken over; call it in the transaction that relies on the rest."""
    rows = _ask_of(connection, tokens, _FIND_TOKENS)
    held = {(asset, partition): token for asset, partition, token, is_held in rows if is_held}
    return {one for one, token in tokens.items() if held.get((one.asset, one.partition or "")) != token}


def _held(address: Address, row: Any) -> LeaseHeld:
    host, pid, _ = row.holder.rsplit(":", 2)
    holder = f"process {pid} on {host.partition('/')[0]}"
    return LeaseHeld(str(address), holder, row.run_id, f"{row.acquired_at:%H:%M:%S} UTC")


def raise_token(connection: Connection, address: Address, token: int, floor: int) -> int:
    """Lift our token above ``floor``, which storage has seen: the state database is younger than the data."""
    if token > floor:
        return token
    confirm(connection, address, token)
    _TAKE_OVER.run(connection, [{**_here(address), "token": floor + 1}])
    return floor + 1


def confirm(connection: Connection, address: Address, token: int) -> None:
    """Raise LeaseLost unless ``token`` holds the lease; call it in the transaction that relies on it."""
    row = connection.execute(_FIND, _here(address)).one_or_none()
    if row is None or row.token != token or not row.held:
        raise LeaseLost(str(address))


def release(connection: Connection, address: Address, token: int) -> None:
    """Give the lease back; does nothing if it was taken over."""
    _RELEASE.run(connection, [{**_here(address), "b_token": token}])


def release_some(connection: Connection, tokens: Mapping[Address, int]) -> None:
    """Give leases back; those that were taken over are left alone."""
    _RELEASE.run(connection, [{**_here(address), "b_token": token} for address, token in tokens.items()])


def renew(connection: Connection, run_ids: Iterable[str], wall: datetime) -> None:
    """Say that the holder of these runs' leases is alive."""
    connection.execute(
        update(leases)
        .where(leases.c.run_id.in_(tuple(run_ids)), leases.c.held, leases.c.holder == this_process())
        .values(expires_at=wall + LEASE)
    )


def release_all(connection: Connection, run_id: str) -> None:
    """Give back every lease of a run."""
    connection.execute(update(leases).where(leases.c.run_id == run_id, leases.c.held).values(held=False))


# A run holds a lease on itself for as long as it walks. Whoever can't see its process, on another host, knows
# by it whether the run was heard of. No asset has the empty name.


def hold_run(connection: Connection, run_id: str, wall: datetime) -> None:
    """Say that this process walks the run."""
    acquire(connection, _run(run_id), run_id, wall)


def forget_run(connection: Connection, run_id: str) -> None:
    """The run has ended."""
    connection.execute(delete(leases).where(_HERE), _here(_run(run_id)))


def run_is_dead(connection: Connection, run_id: str, holder: str, wall: datetime) -> bool:
    """Whether the process that walks a run is gone, or silent on another host."""
    if is_gone(holder):
        return True
    if holder.rsplit(":", 2)[0] == _host():
        return False
    row = connection.execute(_FIND, _here(_run(run_id))).one_or_none()
    return row is not None and row.expires_at <= wall


def _run(run_id: str) -> Address:
    return Address(AssetKey(""), run_id)
