"""Where a doctor tries an IO manager: an address of its own, which the state knows for as long as it is in use."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, delete, select

from orchestration import lease
from orchestration.database import reading, writing
from orchestration.errors import StorageError
from orchestration.io.base import IOManager
from orchestration.model import Address, AssetKey
from orchestration.tables import leases

_LONGEST = timedelta(hours=1)
"""A doctor of another host, whose process can't be looked for, is taken for dead so long after it began."""


@contextmanager
def scratch(engine: Engine | None, io: IOManager, name: str) -> Iterator[Address]:
    """An address that no other doctor uses; what those who are dead have left of theirs is removed before.

    Parameters
    ----------
    engine:
        The state, where each doctor holds a lease of its address; None: it can't be used, and what is left if this
        doctor is killed is found by nobody.
    name:
        Of the IO manager in its environment.
    """
    begins = f"doctor_of_tidegate_{name}_"
    address = Address(AssetKey(begins + secrets.token_hex(4)))
    if engine is None:
        yield address
        return
    _clear(engine, io, begins)
    with writing(engine) as connection:
        lease.acquire(connection, address, "doctor", datetime.now(UTC))
    yield address  # where this raises, something may be left: the lease stays, and the next doctor removes it
    _forget(engine, address)


def _clear(engine: Engine, io: IOManager, begins: str) -> None:
    """Remove what dead doctors have left; what storage refuses to remove is left to the next."""
    wall = datetime.now(UTC)
    with reading(engine) as connection:
        rows = connection.execute(select(leases).where(leases.c.asset.startswith(begins, autoescape=True))).all()
    for row in rows:
        if lease.is_gone(row.holder) or row.acquired_at + _LONGEST <= wall:
            address = Address(AssetKey(row.asset))
            with suppress(StorageError):
                io.drop(address)
                _forget(engine, address)


def _forget(engine: Engine, address: Address) -> None:
    with writing(engine) as connection:
        connection.execute(delete(leases).where(leases.c.asset == address.asset))
