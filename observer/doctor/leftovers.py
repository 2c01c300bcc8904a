"""What processes left behind when they died: intents, runs, leases, staged versions that the log doesn't know."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, Engine, select

from observer.doctor.model import Diagnosis, Health
from observer.quantities import count
from orchestration import lease, log
from orchestration.clock import Clock
from orchestration.database import reading, writing
from orchestration.errors import LeaseHeld
from orchestration.graph import Graph
from orchestration.io.base import IOManager
from orchestration.io.routed import RoutedIOManager, copy_address
from orchestration.model import Address, AssetKey, AssetKind, RunStatus
from orchestration.recovery import recover
from orchestration.state import known_versions, unconfirmed
from orchestration.tables import leases, runs, steps, versions

_FIX = "tidegate doctor --fix"
_MOST = 5


def look_for_leftovers(
    diagnosis: Diagnosis, engine: Engine, io: IOManager, graph: Graph, clock: Clock, *, fix: bool
) -> None:
    """Say what was left, and with ``fix`` clear it; what a living process works on is left to it."""
    with diagnosis.looking_at("runs"):
        _runs(diagnosis, engine, clock, fix=fix)
    with diagnosis.looking_at("publications"):
        _intents(diagnosis, engine, io, clock, fix=fix)
    with diagnosis.looking_at("leases"):
        _leases(diagnosis, engine, clock, fix=fix)
    with diagnosis.looking_at("staged versions"):
        _staged(diagnosis, engine, io, graph, clock, fix=fix)


def _runs(diagnosis: Diagnosis, engine: Engine, clock: Clock, *, fix: bool) -> None:
    """Runs whose process is gone."""
    with reading(engine) as connection:
        rows = connection.execute(select(runs.c.id, runs.c.holder).where(runs.c.status == RunStatus.RUNNING)).all()
        dead = [row.id for row in rows if lease.run_is_dead(connection, row.id, row.holder, clock.wall())]
    if fix and dead:
        with writing(engine) as connection:
            log.abandon_dead_runs(connection, clock.now(), clock.wall())
    _say(diagnosis, "runs", dead, "run", "whose process is gone", "closed as interrupted", fix=fix)


def _intents(diagnosis: Diagnosis, engine: Engine, io: IOManager, clock: Clock, *, fix: bool) -> None:
    """Publications that were decided and not confirmed."""
    with reading(engine) as connection:
        left = unconfirmed(connection)
        working = {address for address, _ in _held(connection, clock.wall(), dead=False)}
    open_ones = [str(version.address) for version in left if version.address not in working]
    if fix and open_ones:
        recover(engine, io, clock)
        with reading(engine) as connection:
            still = [str(version.address) for version in unconfirmed(connection) if version.address not in working]
        if still:
            said = f"the publication of {', '.join(still[:5])} could not be finished; storage refuses it"
            diagnosis.say("publications", Health.BROKEN, said, "see the lines about the IO managers")
            return
    _say(diagnosis, "publications", open_ones, "publication", "begun and not confirmed", "finished", fix=fix)


def _leases(diagnosis: Diagnosis, engine: Engine, clock: Clock, *, fix: bool) -> None:
    """Leases of processes that are gone, or were not heard of for a minute."""
    with writing(engine) if fix else reading(engine) as connection:
        dead = list(_held(connection, clock.wall(), dead=True))
        for address, token in dead if fix else ():
            lease.release(connection, address, token)
    names = [str(address) for address, _ in dead if address.asset]
    _say(diagnosis, "leases", names, "lease", "of processes that are gone", "given back", fix=fix)


def _held(connection: Connection, wall: datetime, *, dead: bool) -> Iterator[tuple[Address, int]]:
    """The leases that living processes hold, or dead ones, with their tokens."""
    for row in connection.execute(select(leases).where(leases.c.held)).all():
        if (row.expires_at <= wall or lease.is_gone(row.holder)) is dead:
            yield Address(AssetKey(row.asset), row.partition or None), row.token


def _staged(diagnosis: Diagnosis, engine: Engine, io: IOManager, graph: Graph, clock: Clock, *, fix: bool) -> None:
    """Versions in storage that the log doesn't know: their step died before it was judged."""
    with reading(engine) as connection:
        working = {address for address, _ in _held(connection, clock.wall(), dead=False)}
        known = _known(connection)
    left: list[str] = []
    for address in sorted(known, key=str):
        if address.asset not in graph or graph.asset(address.asset).kind is AssetKind.SOURCE or address in working:
            continue
        unknown = set(io.versions(address)) - known[address]
        copies = _copies(io, graph, address) if isinstance(io, RoutedIOManager) else []
        if unknown or copies:
            left.append(str(address))
            if fix:
                _sweep(engine, io, clock, address, copies)
    _say(diagnosis, "staged versions", left, "address", "with data that the log doesn't know", "removed", fix=fix)


def _known(connection: Connection) -> dict[Address, set[str]]:
    """The versions in the log of every address that was ever worked on."""
    found: dict[Address, set[str]] = {}
    for row in connection.execute(select(steps.c.asset, steps.c.partition).distinct()):
        found[Address(AssetKey(row.asset), row.partition or None)] = set()
    for one in connection.execute(select(versions.c.asset, versions.c.partition, versions.c.id)):
        found.setdefault(Address(AssetKey(one.asset), one.partition or None), set()).add(one.id)
    return found


def _copies(io: RoutedIOManager, graph: Graph, address: Address) -> list[Address]:
    """Where copies of what a query reads elsewhere lie."""
    if graph.asset(address.asset).kind is not AssetKind.SQL:
        return []
    here = io.keeper(address.asset)
    above = (edge.upstream for edge in graph.upstream(address.asset))
    copies = (copy_address(key, address) for key in above if io.keeper(key) is not here)
    return [copy for copy in copies if here.versions(copy)]


def _sweep(engine: Engine, io: IOManager, clock: Clock, address: Address, copies: list[Address]) -> None:
    """Remove them under the address's lease; a process that has begun meanwhile keeps what it makes."""
    try:
        with writing(engine) as connection:
            token = lease.acquire(connection, address, "doctor", clock.wall())
            known = {version.id for version in known_versions(connection, address)}
    except LeaseHeld:
        return
    try:
        io.sweep(address, known)
        if isinstance(io, RoutedIOManager):
            for copy in copies:
                io.keeper(address.asset).sweep(copy, ())
    finally:
        with writing(engine) as connection:
            lease.release(connection, address, token)


def _say(diagnosis: Diagnosis, part: str, found: list[str], noun: str, what: str, done: str, *, fix: bool) -> None:
    plural = noun + ("es" if noun.endswith("s") else "s")
    if not found:
        diagnosis.say(part, Health.OK, f"no {noun} {what}")
        return
    named = ", ".join(found[:_MOST]) + (f" and {len(found) - _MOST:,} more" if len(found) > _MOST else "")
    said = f"{count(len(found), noun, plural)} {what}: {named}"
    if fix:
        diagnosis.say(part, Health.MENDED, f"{said}; {done}")
    else:
        diagnosis.say(part, Health.WARNING, said, _FIX)
