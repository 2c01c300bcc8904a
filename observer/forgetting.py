"""Letting the account of what was done go where ``records`` no longer keeps it: a little at a time, others between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine

from observer.config.records import Records
from observer.store import old_records, old_runs
from orchestration.clock import Clock
from orchestration.database import reading, writing

_RUNS, _ROWS = 50, 2000
"""How many go in one transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """How many runs, delivered messages, passing events and requests of the audit went."""

    runs: int = 0
    messages: int = 0
    events: int = 0
    audit: int = 0


def forget(
    engine: Engine, records: Records, environment: str, clock: Clock, go_on: Callable[[], bool] = lambda: True
) -> Forgotten:
    """Remove what ``records`` lets go of.

    Parameters
    ----------
    go_on: asked after each little; what is left where it says no is removed the next time.

    Raises
    ------
    StateError
        The state database can't be read or written; what was done until then stays done.
    """
    runs = messages = events = audit = 0
    if records.age is not None:
        before, said = clock.now() - records.age, clock.wall() - records.age
        runs = _while(go_on, _runs(engine, environment, before))
        messages = _while(
            go_on, _again(engine, lambda it: old_records.remove_messages(it, environment, said, before, _ROWS))
        )
        events = _while(go_on, _events(engine, before))
    if records.audit is not None:
        asked = clock.wall() - records.audit
        audit = _while(go_on, _again(engine, lambda it: old_records.remove_audit(it, asked, _ROWS)))
    return Forgotten(runs=runs, messages=messages, events=events, audit=audit)


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
