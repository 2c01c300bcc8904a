"""A worker whose one asset says something in every way that there is."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from orchestration.assets import asset
from orchestration.context import Context
from orchestration.execute import Execution
from orchestration.executors.recipe import FrozenNow
from orchestration.graph import Graph
from orchestration.io.files import FilesIOManager
from orchestration.work import Worker

_log = logging.getLogger("orders.fetching")


@asset
def speaks(context: Context) -> int:
    context.logger.info("fetched %d pages of %s", 3, context.run_id)
    _log.warning("a page was empty")
    warnings.warn(f"soon gone {context.run_id}", stacklevel=1)
    print("printed", end="")
    print(" in pieces")
    print("to stderr", file=sys.stderr)
    aside = threading.Thread(target=lambda: _log.error("said by a thread"))
    aside.start()
    aside.join()
    try:
        raise LookupError("no such page")
    except LookupError:
        _log.exception("gave up")
    return 1


@asset
def silent() -> int:
    return 1


@asset
def hangs(context: Context) -> int:
    context.logger.info("about to hang")
    print("hanging", end="", flush=True)
    time.sleep(600)
    return 1


@asset
def dies(context: Context) -> int:
    context.logger.info("about to die")
    os.kill(os.getpid(), 9)
    return 1


@asset
def leaves(context: Context) -> int:
    context.logger.info("about to leave")
    raise KeyError("an order without a number")


@dataclass(frozen=True, slots=True)
class SpeakingRecipe:
    """Makes a worker over these assets, whose data lies in ``folder``."""

    folder: str

    def __call__(self) -> Worker:
        graph = Graph([speaks, silent, hangs, dies, leaves])
        execution = Execution(graph, FilesIOManager(Path(self.folder)), Path(self.folder))
        return Worker(execution, lambda staged: None, FrozenNow(datetime(2020, 1, 1, tzinfo=UTC)))
