"""The process that walks one queued run: the project is opened in it, so users' code never runs in the service's own.

It is forked from a nursery that has imported the libraries, which takes milliseconds, and ends after the run.
"""

from __future__ import annotations

import logging
import pickle
import signal
import socket
from collections.abc import Callable
from types import FrameType

from sqlalchemy import Connection

from observer.failed_runs import tell_of_run, tell_of_unwalked
from observer.project import Project, open_project
from observer.service.logs import log_to_stderr
from observer.service.order import Answer, Order
from observer.tidying import tidy
from orchestration.attempt import attempt
from orchestration.database import reading, writing
from orchestration.errors import ClaimLost, StateError, TidegateError
from orchestration.executors import child, frames
from orchestration.queue import OVER_IT, Queue, Queued, RequestStatus

_log = logging.getLogger("tidegate.runs")


def serve(channel: socket.socket, nursery: int) -> None:
    """Walk the one run that the other end orders, and answer; ``nursery`` is the process that forked this one."""
    child.settle(nursery)
    signal.signal(signal.SIGTERM, _stop)
    message = frames.receive(channel)
    if message is None:
        return
    order: Order = pickle.loads(message[1])
    log_to_stderr(order.logs, {"run": order.claim.id})
    try:
        answer = carry_out(order)
    except KeyboardInterrupt:  # before the project was open
        answer = Answer(False, "its process was told to stop")
    frames.send(channel, frames.RESULT, pickle.dumps(answer))


def _stop(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough: what follows is the closing of the run
    raise KeyboardInterrupt


def carry_out(order: Order) -> Answer:
    """Open the project, walk the run, tell of what went wrong, end its claim."""
    try:
        work = open_project(order.root, order.environment, url=order.url)
    except TidegateError as error:
        return Answer(False, str(error))
    try:
        return _walk(work, order.claim)
    except ClaimLost as error:
        return Answer(True, str(error))
    except StateError as error:
        return Answer(False, str(error))
    finally:
        work.close()


def _walk(work: Project, claim: Queued) -> Answer:
    queue = _queue(work)

    def end(status: RequestStatus, note: str = "") -> Answer:
        return _write(work, lambda connection: queue.end(connection, claim, status, note))

    def tell(how: str, why: str) -> None:
        with reading(work.engine) as connection:
            cancelled = queue.cancelled(connection, [claim])
        if not cancelled:  # else whoever did it knows; whoever finds the claim not ended yet tells again
            tell_of_unwalked(work.observer, work.runtime, claim, how, why)

    if claim.is_given_up:
        tell("was given up", OVER_IT)
        return end(RequestStatus.FAILED, f"given up: {OVER_IT}")
    try:
        run = attempt(work.runtime, claim, work.check_configs)
    except (ClaimLost, StateError):
        raise
    except TidegateError as error:
        why = work.runtime.redact(str(error))
        tell("was refused", why)
        return end(RequestStatus.REFUSED, why)
    except KeyboardInterrupt:
        return _write(work, lambda connection: _interrupted(connection, queue, claim))
    except Exception as error:  # a fault of ours, or of a library; the log has the trace, the run its kind
        _log.exception("run %s broke", claim.id)
        why = f"it broke with {type(error).__name__}; the service's log says where"
        tell("broke", why)
        return end(RequestStatus.FAILED, why)
    tell_of_run(work.observer, run)  # nobody may have been by; whoever finds the claim not ended yet tells again
    tidy(work.config, work.runtime, run)
    return end(RequestStatus(run.status.value))


def _interrupted(connection: Connection, queue: Queue, claim: Queued) -> None:
    """Told to stop: because the run was cancelled and its function did not listen, or because the service ends."""
    if queue.cancelled(connection, [claim]):
        queue.end(connection, claim, RequestStatus.CANCELLED)
    else:
        queue.give_back(connection, claim, "its process was told to stop")


def _queue(work: Project) -> Queue:
    return Queue(environment=work.config.name, new_id=work.runtime.new_id)


def _write(work: Project, change: Callable[[Connection], None]) -> Answer:
    with writing(work.engine) as connection:
        change(connection)
    return Answer(True)
