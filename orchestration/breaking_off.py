"""How a run ends before its steps do: they are settled as they stand, and nothing more is published."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence

from orchestration import lease, log
from orchestration.database import writing
from orchestration.errors import StateError
from orchestration.flight import BrokenOff
from orchestration.model import Cancellation, RunStatus, StepRecord, StepStatus
from orchestration.run_record import cancelled
from orchestration.runtime import Runtime
from orchestration.settlement import Settlement
from orchestration.step import storable


def give_up(
    runtime: Runtime,
    settlement: Settlement,
    asked: Cancellation,
    left: Iterable[StepRecord],
    ends: Sequence[BrokenOff],
    took_s: Callable[[StepRecord], float],
) -> None:
    """Settle the steps that are left of a cancelled run: those that had begun, by ``ends``, and those that had not."""
    broken = {end.step.position: end for end in ends}
    for step in left:
        if (end := broken.get(step.position)) is None:
            settlement.add_quiet(storable(cancelled(step, asked)))
            continue
        if end.is_quiet:
            settlement.sweep(step.address)
        error = runtime.redact(f"{step.address}: {asked}; {end.how}")
        ended = end.step._replace(status=StepStatus.INTERRUPTED, error=error, duration_s=took_s(end.step))
        settlement.add_quiet(storable(ended))


def interrupt(runtime: Runtime, run_id: str, settlement: Settlement) -> None:
    """Settle what was judged and log where the walk broke off, as far as the state database lets us."""
    now = runtime.clock.now()
    with contextlib.suppress(Exception):  # what broke the walk matters more; what is not settled is made again
        settlement.flush()
    try:
        with writing(runtime.engine) as connection:
            lease.release_all(connection, run_id)
            log.break_off(connection, run_id, RunStatus.INTERRUPTED, now, "the run was interrupted")
    except StateError:
        return  # the state can't be written: the next run finds our process gone and says the same
