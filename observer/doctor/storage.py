"""An IO manager: whether it can stage, publish, read and remove, tried at an address of the doctor's own."""

from __future__ import annotations

import secrets
from contextlib import suppress

from observer.doctor.model import Diagnosis, Health
from orchestration.errors import StorageError
from orchestration.io.base import IOManager, StoredVersion
from orchestration.model import Address, AssetKey

SCRATCH = Address(AssetKey("doctor_of_tidegate"))
"""Where it is tried. All of it is removed after, and what a doctor who was killed has left goes with the next."""


def look_at_storage(diagnosis: Diagnosis, part: str, kind: str, io: IOManager) -> None:
    """Say what the IO manager can do."""
    with diagnosis.looking_at(part):
        done: list[str] = []
        try:
            _try_all(io, done)
        except StorageError as error:
            could = f" (it can {', '.join(done)})" if done else ""
            diagnosis.say(part, Health.BROKEN, f"{kind}: {error}{could}")
        else:
            diagnosis.say(part, Health.OK, f"{kind}: can {', '.join(done)}")


def _try_all(io: IOManager, done: list[str]) -> None:
    version = f"doctor-{secrets.token_hex(6)}"
    with suppress(StorageError):  # what refuses this refuses more below, where it says more
        io.drop(SCRATCH)
    try:
        _try_reading(io, version, done)
        _try_publishing(io, version, done)
    except BaseException:
        with suppress(StorageError):
            io.drop(SCRATCH)
        raise
    io.drop(SCRATCH)
    if io.pointer(SCRATCH) is not None or io.versions(SCRATCH):
        raise StorageError(f"what was tried could not be removed; see what is left of {SCRATCH}; disk use will grow")
    done.append("remove")


def _try_reading(io: IOManager, version: str, done: list[str]) -> None:
    import pyarrow as pa

    table = pa.table({"probe": [version]})
    staged = io.stage(SCRATCH, version, table)
    done.append("write")
    stored = StoredVersion(address=SCRATCH, id=version, format=staged.format, data_version=staged.data_version)
    found = io.load([stored], "pyarrow.Table", one=True)
    if not isinstance(found, pa.Table) or found.to_pydict() != table.to_pydict():
        raise StorageError("what was read is not what was written; don't trust this storage")
    done.append("read")


def _try_publishing(io: IOManager, version: str, done: list[str]) -> None:
    seen = io.pointer(SCRATCH)
    io.publish(SCRATCH, version, seen.token + 1 if seen else 1)
    now = io.pointer(SCRATCH)
    if now is None or now.version != version:
        raise StorageError("what was published is not what readers see; don't trust this storage")
    done.append("publish")
