"""Asking for a run from outside: what is to be made is looked at before the queue takes it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from observer.errors import RequestConflict
from orchestration import queue
from orchestration.attempt import plan_request
from orchestration.database import reading, writing
from orchestration.errors import UnknownName
from orchestration.plan import Plan
from orchestration.queue import Attempt, Queue, Queued
from orchestration.run_request import RunRequest

if TYPE_CHECKING:
    from observer.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody wants to be run, as he writes it; see :class:`orchestration.run_request.RunRequest`."""

    selection: str
    partitions: tuple[str, ...] | None = None
    upstream: bool = True
    force: bool = False
    reason: str = ""


def planned(
    work: Project, wanted: Wanted, *, by: str, due_key: str = "", sees: Callable[[str], bool] | None = None
) -> tuple[RunRequest, Plan]:
    """The request and what it would do now; nothing is written. It is for assets that ``sees`` knows; None: for any.

    Raises
    ------
    UnknownName, SelectionError, PartitionError
        It names what isn't there.
    """
    request = RunRequest(
        due_key=due_key, assets=work.select(wanted.selection, sees), partitions=wanted.partitions,
        reason=work.runtime.redact(wanted.reason.strip()) or f"asked by {by}", asked_by=by, upstream=wanted.upstream,
        force=wanted.force,
    )  # fmt: skip
    return request, plan_request(work.runtime, request)


def ask(
    work: Project,
    wanted: Wanted,
    *,
    by: str,
    key: str | None = None,
    check: Callable[[RunRequest, Plan], None] = lambda request, plan: None,
    sees: Callable[[str], bool] | None = None,
) -> tuple[Queued, bool]:
    """Put a run into the queue; returns it and whether it is new.

    Parameters
    ----------
    by: who asks.
    key: the same key is the same run, however often it is asked for.
    check: raises where this must not be asked for.
    sees: which assets the selection can name; None: any.

    Raises
    ------
    UnknownName, SelectionError, PartitionError
        It names what isn't there; nothing was asked for.
    RequestConflict
        The key was used for another run.
    StateError
        The state database can't be read or written.
    """
    due_key = f"asked:{key or secrets.token_hex(16)}"
    request, plan = planned(work, wanted, by=by, due_key=due_key, sees=sees)
    check(request, plan)
    with writing(work.engine) as connection:
        new = Queue(environment=work.config.name, new_id=work.runtime.new_id).ask(connection, [request])
        found = queue.asked(connection, work.config.name, due_key)
    assert found is not None
    if found.request != request:
        raise RequestConflict(
            f"this key was used for run {found.id}, which asks for something else; nothing was asked for; use a new key"
        )
    return found, bool(new)


def queued(work: Project, run_id: str) -> tuple[Queued | None, Sequence[Attempt]]:
    """A run as the queue has it, with its attempts; None where it never was in it."""
    with reading(work.engine) as connection:
        try:
            return queue.find(connection, run_id), queue.attempts_of(connection, run_id)
        except UnknownName:
            return None, ()
