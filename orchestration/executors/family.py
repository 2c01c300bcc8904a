"""A process and everything that it started: how much memory they take, and how they are ended.

Linux: reads /proc. A family is the session that the process leads, and what descends from it into other sessions.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress

_PAGE = os.sysconf("SC_PAGESIZE")
_PATIENCE_S = 2.0
_DEAD = ("Z", "X")


def members(leader: int) -> list[int]:
    """The living processes of a family; the leader may have died before."""
    parents: dict[int, int] = {}
    found: set[int] = set()
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        stat = _stat(entry)
        if stat is None or stat[0] in _DEAD:
            continue
        pid = int(entry)
        parents[pid] = int(stat[1])
        if pid == leader or int(stat[3]) == leader:
            found.add(pid)
    while grown := {pid for pid, parent in parents.items() if parent in found and pid not in found}:
        found |= grown
    return sorted(found)


def _stat(pid: str) -> list[str] | None:
    """State, parent, group, session."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split(maxsplit=4)[:4]
    except OSError:
        return None


def resident_bytes(pids: Iterable[int]) -> int:
    """What they hold in memory together; pages that they share count once for each."""
    total = 0
    for pid in pids:
        with suppress(OSError, IndexError), open(f"/proc/{pid}/statm", "rb") as file:
            total += int(file.read().split()[1]) * _PAGE
    return total


def kill(leader: int) -> None:
    """SIGKILL a whole family and return when it is gone; the leader itself may be left as a zombie.

    All of it is stopped first, because who loses his parent can't be found any more. What a leader that died
    by itself had sent into another session is not found.
    """
    known: set[int] = set()
    while new := set(members(leader)) - known:
        for pid in new:
            _signal(pid, signal.SIGSTOP)
        known |= new
    for pid in known:
        _signal(pid, signal.SIGKILL)
    until = time.monotonic() + _PATIENCE_S  # longer hangs who hangs in the kernel, e.g. on a dead file server
    while any(_lives(pid) for pid in known) and time.monotonic() < until:
        time.sleep(0.001)


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _lives(pid: int) -> bool:
    stat = _stat(str(pid))
    return stat is not None and stat[0] not in _DEAD
