"""From an environment's configuration to the executor of a run."""

from __future__ import annotations

from collections.abc import Callable

from observer.config import EnvironmentConfig, ExecutorConfig
from orchestration.executors.base import Executor, WorkerRecipe
from orchestration.executors.inline import InlineExecutor


def executor_of(config: EnvironmentConfig) -> Callable[[WorkerRecipe], Executor]:
    """What makes the executor of one run; the kind's library is imported when a run begins."""

    def make(recipe: WorkerRecipe) -> Executor:
        return _make(config.executor, config, recipe)

    return make


def _make(wanted: ExecutorConfig, config: EnvironmentConfig, recipe: WorkerRecipe) -> Executor:
    if wanted.kind == "threads":
        from orchestration.executors.threads import ThreadExecutor

        return ThreadExecutor(recipe, wanted.workers)
    if wanted.kind == "processes":
        from orchestration.executors.processes import ProcessExecutor

        return ProcessExecutor(recipe, wanted.workers, resources=wanted.resources, folder=config.root)
    if wanted.kind == "dask":
        from orchestration.executors.dask import DaskExecutor, TlsFiles

        tls = None
        if wanted.ca is not None and wanted.cert is not None and wanted.key is not None:
            tls = TlsFiles(ca=wanted.ca, cert=wanted.cert, key=wanted.key)
        ship = config.root if wanted.ship else None
        return DaskExecutor(str(wanted.address), recipe, security=tls, slots=wanted.workers, ship=ship)
    return InlineExecutor(recipe)
