"""An IO manager: whether it can stage, publish, read and remove, tried at an address of the doctor's own."""

from __future__ import annotations

import secrets
from contextlib import suppress

from sqlalchemy import Engine

from observer.doctor.model import Diagnosis, Health
from observer.doctor.scratch import scratch
from orchestration.errors import StorageError
from orchestration.io.base import IOManager, StoredVersion
from orchestration.model import Address


def look_at_storage(diagnosis: Diagnosis, name: str, kind: str, io: IOManager, engine: Engine | None) -> None:
    """Say what the IO manager of that name can do; ``engine`` is the state, None where it can't be used."""
    part = f"io.{name}"
    with diagnosis.looking_at(part):
        done: list[str] = []
        try:
            with scratch(engine, io, name) as address:
                _try_all(io, address, done)
        except StorageError as error:
            could = f" (it can {', '.join(done)})" if done else ""
            diagnosis.say(part, Health.BROKEN, f"{kind}: {error}{could}")
        else:
            diagnosis.say(part, Health.OK, f"{kind}: can {', '.join(done)}")


def _try_all(io: IOManager, address: Address, done: list[str]) -> None:
    version = f"doctor-{secrets.token_hex(6)}"
    try:
        _try_reading(io, address, version, done)
        _try_publishing(io, address, version, done)
    except BaseException:
        with suppress(StorageError):
            io.drop(address)
        raise
    io.drop(address)
    if io.pointer(address) is not None or io.versions(address):
        raise StorageError(f"what was tried could not be removed; see what is left of {address}; disk use will grow")
    done.append("remove")


def _try_reading(io: IOManager, address: Address, version: str, done: list[str]) -> None:
    import pyarrow as pa

    table = pa.table({"probe": [version]})
    staged = io.stage(address, version, table)
    done.append("write")
    stored = StoredVersion(address=address, id=version, format=staged.format, data_version=staged.data_version)
    found = io.load([stored], "pyarrow.Table", one=True)
    if not isinstance(found, pa.Table) or found.to_pydict() != table.to_pydict():
        raise StorageError("what was read is not what was written; don't trust this storage")
    done.append("read")


def _try_publishing(io: IOManager, address: Address, version: str, done: list[str]) -> None:
    io.publish(address, version, 1)
    now = io.pointer(address)
    if now is None or now.version != version:
        raise StorageError("what was published is not what readers see; don't trust this storage")
    done.append("publish")
