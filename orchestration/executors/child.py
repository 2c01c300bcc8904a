"""What a worker process does: make its worker once, then perform task after task until nobody asks any more."""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
import socket
import sys
import time
from contextlib import suppress
from dataclasses import replace

from orchestration.executors import frames
from orchestration.executors.failures import described, stopped, unpicklable
from orchestration.executors.said import Saying
from orchestration.hearing import all_is_one_step
from orchestration.step_log import closed, opened
from orchestration.work import Failure, Products, Task, Worker

_PR_SET_PDEATHSIG = 1
_TO_BE_KILLED_FIRST = "500"
_prctl = ctypes.CDLL(None, use_errno=True).prctl


def serve(channel: socket.socket, nursery: int) -> None:
    """Serve the other end of ``channel`` until it is closed; ``nursery`` is the process that forked this one."""
    settle(nursery)
    first = frames.receive(channel)
    if first is None:
        return
    try:
        worker: Worker = pickle.loads(first[1])()
    except BaseException as error:  # whatever the project's modules do when they are imported
        frames.send(channel, frames.BROKEN, _words(error))
        return
    all_is_one_step()
    saying = Saying(channel)
    saying.send(frames.READY)
    while (message := frames.receive(channel)) is not None:
        saying.send(*_answer(worker, message[1], saying))


def settle(nursery: int) -> None:
    """Lead a session of one's own, leave Ctrl-C to the coordinator, and never outlive the nursery."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != nursery:
        os._exit(1)
    with suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write(_TO_BE_KILLED_FIRST)  # before the coordinator
    if (numpy := sys.modules.get("numpy")) is not None:
        numpy.random.seed()  # forked workers would otherwise draw the same numbers


def _words(error: BaseException) -> bytes:
    return described(error).encode("utf-8", "backslashreplace")


def _answer(worker: Worker, body: bytes, saying: Saying) -> tuple[bytes, bytes]:
    """The result of a pickled task, pickled; what goes wrong on the way is an answer too."""
    try:
        task: Task = pickle.loads(body)
    except BaseException as error:
        return frames.UNREADABLE, _words(error)
    opened(task.id, saying.of(task.id))
    result = perform(worker, task)
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    try:
        return frames.RESULT, pickle.dumps(result, protocol=5)
    except Exception as error:
        failure = unpicklable(task.address, "what was measured of it", described(error))
        return frames.RESULT, pickle.dumps(failure, protocol=5)


def perform(worker: Worker, task: Task) -> Products | Failure:
    """``worker.perform`` that also answers what is no Exception, e.g. a check that calls sys.exit()."""
    began = time.perf_counter()
    try:
        return worker.perform(task)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        failure, took_s = stopped(task.address, error), time.perf_counter() - began
        return replace(failure, execute_s=took_s, said=closed(task.id))
