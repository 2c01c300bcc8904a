"""Asking a run to end, from any process: the request is a fact in the state database, which whoever walks it reads."""

from __future__ import annotations

import time

from orchestration import log, queue, runs
from orchestration.database import reading, writing
from orchestration.errors import RunError
from orchestration.model import Run, RunStatus
from orchestration.recovery import recover
from orchestration.runtime import Runtime

_POLL_S = 0.2


def cancel(runtime: Runtime, run_id: str | None = None, *, by: str, reason: str = "") -> Run:
    """Ask a run to end (by default the one that runs); returns it, with who has asked first.

    The process that walks it notices within about a second: it stops what is under way, publishes nothing more and
    ends the run as cancelled. ``ended`` waits for that. One that waits in the queue ends at once.

    Raises
    ------
    UnknownName
        There is no such run.
    RunError
        It has ended already, belongs to another environment, or none or several run and no name was given.
    StateError
        The state database can't be read or written.
    """
    recover(runtime.engine, runtime.io, runtime.clock)
    with writing(runtime.engine) as connection:
        run = queue.run_of(connection, run_id or _the_only(runs.running(connection, runtime.environment)))
        if run.status is not RunStatus.RUNNING:
            raise RunError(f"run {run.id} has ended already, as {run.status}; nothing was changed")
        if run.environment != runtime.environment:
            raise RunError(
                f"run {run.id} is one of the environment {run.environment}, this is {runtime.environment}; nothing "
                f"was changed; cancel it there: tidegate cancel {run.id} --env {run.environment}"
            )
        queue.cancel(connection, run.id, by, runtime.redact(reason))
        log.ask_to_cancel(connection, run.id, by, runtime.redact(reason), runtime.clock)
        return queue.run_of(connection, run.id)


def _the_only(running: tuple[Run, ...]) -> str:
    if not running:
        raise RunError("no run is running; nothing was changed")
    if len(running) > 1:
        names = ", ".join(f"{run.id} ({run.selection} {run.partitions}".rstrip() + ")" for run in running)
        raise RunError(f"{len(running)} runs are running; nothing was changed; say which to cancel: {names}")
    return running[0].id


def ended(runtime: Runtime, run_id: str, within_s: float) -> Run:
    """The run as soon as it has ended, or as it stands after ``within_s`` seconds; the dead are found meanwhile."""
    until = time.monotonic() + within_s
    while True:
        with reading(runtime.engine) as connection:
            run = queue.run_of(connection, run_id)
        if run.status is not RunStatus.RUNNING or time.monotonic() >= until:
            return run
        time.sleep(min(_POLL_S, max(0.0, until - time.monotonic())))
        recover(runtime.engine, runtime.io, runtime.clock)
