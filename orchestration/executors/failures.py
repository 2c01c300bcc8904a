"""What an executor answers where a worker could not: one sentence a kind."""

from __future__ import annotations

import os
import signal
from enum import StrEnum

from orchestration.model import Address
from orchestration.work import Failure

_KEPT = "nothing was published and readers keep what they had"


class Kind(StrEnum):
    """Why there is no answer of the worker itself; the only entry of such a Failure's ``kinds``."""

    TIMED_OUT = "TimedOut"
    OUT_OF_MEMORY = "OutOfMemory"
    CANCELLED = "Cancelled"
    WORKER_LOST = "WorkerLost"  # the process or machine died; the task may be tried again
    NO_WORKER = "NoWorker"  # none can be made, e.g. the project can't be imported there: trying again won't help
    UNSATISFIABLE = "Unsatisfiable"
    UNPICKLABLE = "Unpicklable"  # the task or its result can't travel between processes
    STOPPED = "Stopped"  # the function ended its process's work by an exception that is no Exception


def timed_out(address: Address, timeout_s: float) -> Failure:
    said = f"{address}: stopped after {timeout_s:g} s, its timeout; {_KEPT}; make it faster or raise the timeout"
    return _failure(Kind.TIMED_OUT, said, timeout_s)


def out_of_memory(address: Address, used: int, limit: int, ran_s: float) -> Failure:
    said = (
        f"{address}: stopped at {used / 2**20:,.0f} MiB of memory, its limit is {limit / 2**20:,.0f} MiB; {_KEPT}; "
        "make it use less or raise the limit"
    )
    return _failure(Kind.OUT_OF_MEMORY, said, ran_s)


def cancelled(address: Address) -> Failure:
    return _failure(Kind.CANCELLED, f"{address}: cancelled; {_KEPT}")


def worker_lost(address: Address, why: str) -> Failure:
    return _failure(Kind.WORKER_LOST, f"{address}: {why} in the middle of it; {_KEPT}; run it again")


def no_worker(address: Address, why: str) -> Failure:
    return _failure(Kind.NO_WORKER, f"{address}: not begun, because no worker can be made: {why}; {_KEPT}")


def unsatisfiable(address: Address, why: str) -> Failure:
    return _failure(Kind.UNSATISFIABLE, f"{address}: not begun: {why}; {_KEPT}")


def unpicklable(address: Address, what: str, why: str) -> Failure:
    said = f"{address}: {what} can't be sent between processes ({why}); {_KEPT}"
    return _failure(Kind.UNPICKLABLE, said)


def stopped(address: Address, error: BaseException) -> Failure:
    return _failure(Kind.STOPPED, f"{address}: ended by {described(error)}; {_KEPT}")


def described(error: BaseException) -> str:
    """An error in one line."""
    message = " ".join(str(error).split())
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def ending(status: int) -> str:
    """How a process ended, from what ``waitpid`` said of it."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"its worker process ended by itself (exit code {code})"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = ", perhaps by the system for want of memory" if -code == signal.SIGKILL else ""
    return f"its worker process was killed ({name}{hint})"


def _failure(kind: Kind, said: str, execute_s: float | None = None) -> Failure:
    return Failure(error=said, kinds=(kind.value,), execute_s=execute_s)
