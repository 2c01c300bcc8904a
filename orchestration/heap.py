"""The process's heap while a project is loaded, planned or run: what garbage collection looks at, and how often."""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_YOUNG = 10_000
"""How many objects come into being between two looks: most that a run makes are gone by then, without any look."""
_SLOW_S = 0.05

_lock = Lock()
_kept = False
_usual: list[tuple[int, int, int]] = []  # the process's own thresholds, once for each run that goes on


@contextmanager
def quiet_heap() -> Iterator[None]:
    """Let garbage collection look at what a run makes; what was there before, libraries mostly, waits until its end.

    Runs may overlap; the last to end leaves the process as the first found it. A project that is loaded or planned
    counts as a run.
    """
    with _lock:
        before = gc.get_threshold() if not _usual else _usual[0]
        _usual.append(before)
        raised = (max(before[0], _YOUNG) if before[0] else 0, *before[1:])  # 0: nobody looks
        gc.set_threshold(*raised)
        if len(_usual) == 1 and not _kept:  # what others have left meanwhile is still to be collected
            gc.freeze()
    try:
        yield
    finally:
        with _lock:
            _usual.pop()
            if not _usual:
                if not _kept:
                    gc.unfreeze()
                if gc.get_threshold() == raised:  # else the user's code has set others
                    gc.set_threshold(*before)


@contextmanager
def settled_heap() -> Iterator[None]:
    """As ``quiet_heap``, for a process that stays: what it has loaded by now is never looked at again.

    A look at all of it takes a tenth of a second, in which nobody is answered.
    """
    gc.collect()
    with quiet_heap():
        if _kept:
            gc.freeze()
        yield


def keep_heap() -> None:
    """Never look again at what is loaded by now, in this process and in those that it forks.

    A look writes into each object, and what is written is no longer shared.
    """
    global _kept
    gc.collect()
    gc.freeze()
    if not _kept:
        atexit.register(gc.unfreeze)  # libraries complain of what they find uncollected then
    _kept = True


def swept_after(took_s: float) -> None:
    """Collect what work that took its time has left: a few objects may hold a lot of data."""
    if took_s >= _SLOW_S and gc.isenabled():
        gc.collect(1)
