"""``tidegate serve``."""

from __future__ import annotations

import logging
import time
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from observer.alerts.outbox import Sender
from observer.api.serve import serve
from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import note, opened
from observer.errors import ServeError
from observer.settings import ServeSettings, variable
from observer.store.outbox import StoredOutbox
from observer.tokens import tokens_of
from observer.waking import Waker

if TYPE_CHECKING:
    from observer.project import Project


def serve_project(host: str, port: int, project: Path | None, env: str | None) -> ExitCode:
    """Open the project and serve it until somebody stops it."""
    settings = ServeSettings(host=host, port=port, token=variable("TIDEGATE_TOKEN"))
    return serve_opened(opened(project, env), settings)


def serve_opened(work: Project, settings: ServeSettings) -> ExitCode:
    """Serve an open project; alerts that wait are sent meanwhile."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    app = dashboard()(work.reads(), settings, work)
    waker = Waker(work.observer, time.monotonic)
    with Sender(StoredOutbox(work.engine), work.observer.channels, work.clock.wall, first=waker):
        serve(
            app,
            settings,
            guarded=bool(tokens_of(work)),
            on_listening=lambda url: note(f"Tidegate listens on {url} (Ctrl-C stops it)"),
        )
    return ExitCode.OK


def dashboard() -> Any:
    """The function that makes the dashboard's app; it lives a floor above and is found by its entry point."""
    for found in entry_points(group="tidegate.apps", name="dashboard"):
        return found.load()
    raise ServeError(
        "the dashboard is not installed; nothing was started; install tidegate again: pip install tidegate"
    )
