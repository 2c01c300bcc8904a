"""What goes of itself: after a run what versions and points are no longer kept, once a day also old records.

What can't be done now is told in the log and tried the next time; the run itself has ended well.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from itertools import takewhile

from observer.config import EnvironmentConfig
from observer.forgetting import forget
from observer.io_managers import keepers_of
from observer.rollups import sum_up
from observer.store import access
from orchestration.database import writing
from orchestration.errors import TidegateError
from orchestration.model import AssetKey, Run
from orchestration.prune import prune_after_run
from orchestration.runtime import Runtime

_log = logging.getLogger("tidegate.project")


def tidy(config: EnvironmentConfig, runtime: Runtime, run: Run) -> None:
    """Let go of what is no longer kept."""
    if any(one.retention is not None for one in config.io):
        _prune(config, runtime)
    _sum_up(config, runtime, sorted({step.asset for step in run.steps}))


def tidy_daily(config: EnvironmentConfig, runtime: Runtime, go_on: Callable[[], bool]) -> None:
    """Let go of what is no longer kept of all assets, also of those that others make, and of old records.

    Parameters
    ----------
    go_on: asked again and again; what is left where it says no goes the next time.
    """
    if any(one.retention is not None for one in config.io):
        _prune(config, runtime)
    _sum_up(config, runtime, takewhile(lambda _: go_on(), runtime.graph.order))
    try:
        forget(runtime.engine, config.records, config.name, runtime.clock, go_on, assets=runtime.graph)
        with writing(runtime.engine) as connection:
            access.forget_ended(connection, runtime.clock.wall())
    except TidegateError as error:
        _log.warning("old records were left as they are: %s", runtime.redact(str(error)))


def _sum_up(config: EnvironmentConfig, runtime: Runtime, keys: Iterable[AssetKey]) -> None:
    if config.history is None:
        return
    for key in keys:
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
