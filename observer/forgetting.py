"""Letting the account of what was done go where ``records`` no longer keeps it: a little at a time, others between."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine

from observer.config.records import Records
from observer.outlived import evaluations_of, versions_of
from observer.store import old_incidents, old_records, old_runs
from observer.store.observations import WINDOW
from orchestration.assets import Asset
from orchestration.clock import Clock
from orchestration.database import reading, writing

_RUNS, _ROWS, _INCIDENTS = 50, 2000, 100
"""How many go in one transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """How many went: of runs, delivered messages, passing events, requests of the audit, and so on."""

    runs: int = 0
    messages: int = 0
    events: int = 0
    audit: int = 0
    incidents: int = 0
    dead_letters: int = 0
    evaluations: int = 0
    version_records: int = 0


def forget(
    engine: Engine, records: Records, environment: str, clock: Clock, go_on: Callable[[], bool] = lambda: True, *,
    assets: Iterable[Asset] = (), newest: int = WINDOW,
) -> Forgotten:  # fmt: skip
    """Remove what ``records`` lets go of.

    Parameters
    ----------
    go_on: asked after each little; what is left where it says no is removed the next time.
    assets: of which evaluations and records of versions may go.
    newest: how many versions of each stay with all that is about them: detectors learn from them and pages show them.

    Raises
    ------
    StateError
        The state database can't be read or written; what was done until then stays done.
    """
    runs = messages = events = audit = incidents = dead_letters = evaluations = versions = 0
    now, wall = clock.now(), clock.wall()
    if records.age is not None:
        before, said = now - records.age, wall - records.age
        runs = _while(go_on, _runs(engine, environment, before))
        messages = _while(
            go_on, _again(engine, lambda it: old_records.remove_messages(it, environment, said, before, _ROWS))
        )
        events = _while(go_on, _events(engine, before))
    if records.audit is not None:
        asked = wall - records.audit
        audit = _while(go_on, _again(engine, lambda it: old_records.remove_audit(it, asked, _ROWS)))
    if records.dead_letters is not None:
        over, dead = now - records.dead_letters, wall - records.dead_letters
        dead_letters = _while(
            go_on, _again(engine, lambda it: old_records.remove_dead_letters(it, environment, dead, over, _ROWS))
        )
    if records.incidents is not None:
        incidents = _while(go_on, _incidents(engine, now - records.incidents, newest))
    kept = tuple(assets)
    if records.evaluations is not None:
        judged = now - records.evaluations
        evaluations = _while(go_on, (gone for one in kept for gone in evaluations_of(engine, one, judged, newest)))
    if records.versions is not None:
        made = now - records.versions
        versions = _while(go_on, (gone for one in kept for gone in versions_of(engine, one, made, newest)))
    return Forgotten(
        runs=runs, messages=messages, events=events, audit=audit, incidents=incidents, dead_letters=dead_letters,
        evaluations=evaluations, version_records=versions,
    )  # fmt: skip


def _while(go_on: Callable[[], bool], steps: Iterator[int]) -> int:
    gone = 0
    while go_on() and (some := next(steps, None)) is not None:
        gone += some
    return gone


def _again(engine: Engine, remove: Callable[[Connection], int]) -> Iterator[int]:
    """Remove some again and again, each time in a transaction of its own, until nothing is left."""
    gone = 1
    while gone:
        with writing(engine) as connection:
            gone = remove(connection)
        yield gone


def _runs(engine: Engine, environment: str, before: datetime) -> Iterator[int]:
    with reading(engine) as connection:
        kept = old_runs.needed(connection)
    last = 0
    while True:
        with reading(engine) as connection:
            old = old_runs.ended_before(connection, environment, before, last, _RUNS)
        if not old:
            break
        last = old[-1].seq
        with writing(engine) as connection:
            gone = old_runs.remove(connection, old, kept)
        yield gone
    with writing(engine) as connection:
        gone = old_runs.remove_unbegun(connection, environment, before)
    yield gone


def _events(engine: Engine, before: datetime) -> Iterator[int]:
    last = 0
    while True:
        with reading(engine) as connection:
            ids = old_records.passed_by(connection, before, last, _ROWS)
        if not ids:
            return
        last = ids[-1]
        with writing(engine) as connection:
            gone = old_records.remove_events(connection, ids)
        yield gone


def _incidents(engine: Engine, before: datetime, newest: int) -> Iterator[int]:
    last = 0
    while True:
        with reading(engine) as connection:
            old = old_incidents.resolved_before(connection, before, last, _INCIDENTS)
            kept = old_incidents.looked_at(connection, old, newest)
        if not old:
            return
        last = old[-1]
        with writing(engine) as connection:
            gone = old_incidents.remove(connection, set(old) - kept, before)
        yield gone
