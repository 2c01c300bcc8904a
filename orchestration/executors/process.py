"""One worker process, as the pool that keeps it sees it."""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress
from dataclasses import dataclass, field

from orchestration.executors import family, frames
from orchestration.executors.base import Limits
from orchestration.executors.failures import out_of_memory, timed_out
from orchestration.work import Failure, Task

_ANSWERS_WITHIN_S = 60.0
_FAMILY_EVERY_S = 0.25  # looking for children reads all of /proc


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A task on its way, pickled."""

    task: Task
    limits: Limits
    body: bytes


@dataclass(slots=True, eq=False)
class WorkerProcess:
    """Asked for, then forked (``pid``), then ready, then perhaps busy (``job``), at last ended.

    ``why``: what its job is answered with once it is dead; None: that it was lost.
    """

    channel: socket.socket
    pid: int = 0
    pidfd: int = -1
    ready: bool = False
    ended: bool = False
    broken: str = ""  # what making its worker raised
    job: Job | None = None
    why: Failure | None = None
    since: float = field(default_factory=time.monotonic)
    _family: list[int] = field(default_factory=list)
    _family_at: float = 0.0

    def born(self, pid: int, recipe: bytes) -> None:
        self.pid, self.pidfd = pid, os.pidfd_open(pid)
        self.channel.settimeout(_ANSWERS_WITHIN_S)
        with suppress(OSError):  # it died already: its pidfd says so
            frames.send(self.channel, frames.RECIPE, recipe)

    def begin(self, job: Job) -> None:
        self.job, self.since = job, time.monotonic()
        self._family, self._family_at = [self.pid], self.since
        with suppress(OSError):
            frames.send(self.channel, frames.TASK, job.body)

    def kill(self, why: Failure | None) -> None:
        """End its whole family; the pool hears of its death by its pidfd."""
        if self.why is None:
            self.why = why
        if self.pid:
            family.kill(self.pid)

    def deadline(self) -> float | None:
        """When its job has taken the time that it may take, on the monotonic clock."""
        timeout_s = self.job.limits.timeout_s if self.job else None
        return None if timeout_s is None else self.since + timeout_s

    def overstepped(self) -> Failure | None:
        """How its job breaks its limits now."""
        if self.job is None:
            return None
        limits, now = self.job.limits, time.monotonic()
        if limits.timeout_s is not None and now >= self.since + limits.timeout_s:
            return timed_out(self.job.task.address, limits.timeout_s)
        if limits.memory_bytes is not None and (used := self._resident(now)) > limits.memory_bytes:
            return out_of_memory(self.job.task.address, used, limits.memory_bytes, now - self.since)
        return None

    def _resident(self, now: float) -> int:
        if now - self._family_at >= _FAMILY_EVERY_S:
            self._family, self._family_at = family.members(self.pid), now
        return family.resident_bytes(self._family)

    def close(self) -> None:
        self.channel.close()
        if self.pidfd >= 0:
            os.close(self.pidfd)
            self.pidfd = -1
