"""Leases: one writer per address across processes, with a token that grows each time one is taken."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, insert, select, update

from orchestration.errors import LeaseHeld, LeaseLost
from orchestration.model import Address
from orchestration.tables import leases

LEASE = timedelta(seconds=60)
"""How long a lease lasts after its holder was last heard of."""


@cache
def this_process() -> str:
    """``host:pid:start``: the start time tells a process from a later one with the same number."""
    return f"{socket.gethostname()}:{os.getpid()}:{_start_time(os.getpid()) or '0'}"


def is_gone(holder: str) -> bool:
    """Whether ``holder`` is a process of this host that no longer exists; False where it can't be known."""
    host, pid, start = holder.rsplit(":", 2)
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    begun = _start_time(int(pid))
    return begun is not None and start != "0" and begun != start


def _start_time(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else fields[19]


def acquire(connection: Connection, address: Address, run_id: str, wall: datetime) -> int:
    """Take the lease of ``address`` and return its fencing token; raises LeaseHeld.

    Call it inside a write transaction. A lease whose holder is gone or silent is taken over.
    """
    where = (leases.c.asset == address.asset) & (leases.c.partition == (address.partition or ""))
    row = connection.execute(select(leases).where(where).with_for_update()).one_or_none()
    values = {
        "run_id": run_id, "holder": this_process(), "held": True,
        "acquired_at": wall, "expires_at": wall + LEASE,
    }  # fmt: skip
    if row is None:
        key = {"asset": address.asset, "partition": address.partition or "", "token": 1}
        connection.execute(insert(leases).values(**key, **values))
        return 1
    if row.held and row.expires_at > wall and not is_gone(row.holder):
        host, pid, _ = row.holder.rsplit(":", 2)
        raise LeaseHeld(str(address), f"process {pid} on {host}", row.run_id, f"{row.acquired_at:%H:%M:%S} UTC")
    token = int(row.token) + 1
    connection.execute(update(leases).where(where).values(token=token, **values))
    return token


def confirm(connection: Connection, address: Address, token: int) -> None:
    """Raise LeaseLost unless ``token`` still holds the lease; call it in the transaction that relies on it."""
    where = (leases.c.asset == address.asset) & (leases.c.partition == (address.partition or ""))
    row = connection.execute(select(leases.c.token, leases.c.held).where(where).with_for_update()).one_or_none()
    if row is None or row.token != token or not row.held:
        raise LeaseLost(str(address))


def release(connection: Connection, address: Address, token: int) -> None:
    """Give the lease back; does nothing if it was taken over."""
    where = (leases.c.asset == address.asset) & (leases.c.partition == (address.partition or ""))
    connection.execute(update(leases).where(where, leases.c.token == token).values(held=False))


def renew(connection: Connection, run_ids: Iterable[str], wall: datetime) -> None:
    """Say that the holder of these runs' leases is alive."""
    connection.execute(
        update(leases).where(leases.c.run_id.in_(tuple(run_ids)), leases.c.held).values(expires_at=wall + LEASE)
    )


def release_all(connection: Connection, run_id: str) -> None:
    """Give back every lease of a run."""
    connection.execute(update(leases).where(leases.c.run_id == run_id, leases.c.held).values(held=False))
