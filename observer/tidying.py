"""What follows a run: versions that retention lets go of, then points of theirs that the history does.

What can't be done now is told in the log and tried after the next run; the run itself has ended well.
"""

from __future__ import annotations

import logging

from observer.config import EnvironmentConfig
from observer.io_managers import keepers_of
from observer.rollups import sum_up
from orchestration.errors import TidegateError
from orchestration.model import Run
from orchestration.prune import prune_after_run
from orchestration.runtime import Runtime

_log = logging.getLogger("tidegate.project")


def tidy(config: EnvironmentConfig, runtime: Runtime, run: Run) -> None:
    """Let go of what is no longer kept."""
    if any(one.retention is not None for one in config.io):
        _prune(config, runtime)
    if config.history is None:
        return
    for key in sorted({step.asset for step in run.steps}):
        try:
            sum_up(runtime.engine, runtime.io, runtime.graph.asset(key), runtime.clock.now(), config.history)
        except TidegateError as error:
            _log.warning("old points of %s were left as they are: %s", key, runtime.redact(str(error)))


def _prune(config: EnvironmentConfig, runtime: Runtime) -> None:
    keepers = keepers_of(config, runtime.graph)
    retentions = {key: one.retention for key, one in keepers.items() if one.retention is not None}
    try:
        for pruned in prune_after_run(runtime.engine, runtime.io, runtime.clock, retentions):
            if pruned.left is not None:
                _log.warning("old versions of %s were left as they are: %s", pruned.address, pruned.left)
    except TidegateError as error:
        _log.warning("old versions were left as they are: %s", runtime.redact(str(error)))
