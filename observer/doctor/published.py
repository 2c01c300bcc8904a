"""What readers see: whether each published version is there, is what was recorded, and is what its pointer names."""

from __future__ import annotations

from shlex import quote

from sqlalchemy import Engine

from observer.doctor.model import Diagnosis, Health
from observer.quantities import count
from orchestration import lease
from orchestration.clock import Clock
from orchestration.database import reading, writing
from orchestration.errors import CorruptData, LeaseHeld, TidegateError
from orchestration.graph import Graph
from orchestration.io.base import ELSEWHERE, IOManager
from orchestration.model import AssetKind
from orchestration.recovery import above_storage
from orchestration.state import VersionRecord, load, load_one

PART = "published data"


def look_at_published(
    diagnosis: Diagnosis, engine: Engine, io: IOManager, graph: Graph, clock: Clock, *, fix: bool, deep: bool
) -> None:
    """Say which published versions are damaged; ``deep`` reads each, which compares it with its recorded hash."""
    with diagnosis.looking_at(PART):
        assets = {asset.key for asset in graph if asset.kind is not AssetKind.SOURCE}
        with reading(engine) as connection:
            snapshot = load(connection, assets)
        published = (state.published for _, state in snapshot.items())
        seen = [one for one in published if one is not None and one.format != ELSEWHERE]
        bad = sum(not _is_sound(diagnosis, engine, io, clock, one, fix=fix, deep=deep) for one in seen)
        if not bad:
            how = "is what was recorded" if deep else "is there (--deep also reads it)"
            diagnosis.say(PART, Health.OK, f"every one of {count(len(seen), 'published version')} {how}")


def _is_sound(
    diagnosis: Diagnosis, engine: Engine, io: IOManager, clock: Clock, version: VersionRecord, *, fix: bool, deep: bool
) -> bool:
    """Say what is wrong with one version; returns whether nothing is."""
    address = version.address
    part = f"asset {address}"
    again = f"tidegate run {address.asset} --force" + (
        f" --partition {quote(address.partition)}" if address.partition else ""
    )
    try:
        if not io.has(address, version.id):
            diagnosis.say(part, Health.BROKEN, f"its published version {version.id} is not in storage", again)
            return False
        if deep:
            io.load([version.stored()], "", one=True)
        pointer = io.pointer(address)
    except CorruptData as error:
        diagnosis.say(part, Health.BROKEN, str(error))
        return False
    if pointer is not None and pointer.version == version.id:
        return True
    names = "no version" if pointer is None else pointer.version
    said = f"storage shows readers {names}, the log says {version.id}"
    if not fix:
        diagnosis.say(part, Health.BROKEN, said, "tidegate doctor --fix")
    elif (why := _point(engine, io, clock, version)) is None:
        diagnosis.say(part, Health.MENDED, f"{said}; storage shows {version.id} again")
    else:
        diagnosis.say(part, Health.BROKEN, f"{said}; {why}")
    return False


def _point(engine: Engine, io: IOManager, clock: Clock, version: VersionRecord) -> str | None:
    """Let storage show what the log says; returns why that could not be done."""
    address = version.address
    try:
        with writing(engine) as connection:
            token = lease.acquire(connection, address, version.run_id, clock.wall())
            now = load_one(connection, address).published
    except LeaseHeld as error:
        return str(error)
    try:
        if now == version:
            io.publish(address, version.id, above_storage(engine, io, address, token))
        return None
    except TidegateError as error:
        return str(error)
    finally:
        with writing(engine) as connection:
            lease.release_all(connection, version.run_id)
