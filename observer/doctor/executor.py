"""The executor: reachable, and with workers that can open the project."""

from __future__ import annotations

import secrets
import time

from observer.config import EnvironmentConfig
from observer.doctor.model import Diagnosis, Health
from observer.executors import executor_of
from observer.quantities import count
from observer.worker import ProjectRecipe
from orchestration.errors import UnknownName
from orchestration.executors.base import Limits
from orchestration.executors.recipe import ShiftedNow
from orchestration.model import Address, AssetKey
from orchestration.work import Failure, Target, Task

PART = "executor"
_PATIENCE_S = 60.0
_HERE = ("inline", "threads")
_NOBODY = Address(AssetKey(" tidegate doctor"))


def look_at_executor(diagnosis: Diagnosis, config: EnvironmentConfig) -> None:
    """Have a worker refuse an asset that doesn't exist: to know that, it must have opened the project."""
    kind = config.executor.kind
    if kind in _HERE:
        diagnosis.say(PART, Health.OK, f"{kind}: steps are performed in the process that runs them")
        return
    with diagnosis.looking_at(PART):
        recipe = ProjectRecipe(config.root, config.name, ShiftedNow())
        executor = executor_of(config)(recipe)
        try:
            began = time.monotonic()
            executor.submit(_task(), Limits())
            answers = executor.wait(_PATIENCE_S)
            slots = executor.slots
        finally:
            executor.close()
        if not answers:
            diagnosis.say(
                PART, Health.BROKEN, f"{kind}: no worker answered within {_PATIENCE_S:g} s",
                "see whether workers are up and can reach the scheduler",
            )  # fmt: skip
            return
        answer = answers[0].result
        if not isinstance(answer, Failure) or answer.kinds[:1] != (UnknownName.__name__,):
            said = answer.error if isinstance(answer, Failure) else "a worker made an asset that doesn't exist"
            diagnosis.say(PART, Health.BROKEN, f"{kind}: {said}")
            return
        took = time.monotonic() - began
        diagnosis.say(
            PART,
            Health.OK,
            f"{kind}: {count(slots, 'step')} at once; a worker opened the project in {took:.1f} s",
        )


def _task() -> Task:
    return Task(
        targets=(Target(address=_NOBODY, version=f"doctor-{secrets.token_hex(6)}", fingerprint=""),), run_id="doctor",
        observes=False, inputs=(), code_version="",
    )  # fmt: skip
