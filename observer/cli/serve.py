"""``tidegate serve``, ``tidegate dev`` and ``tidegate worker``."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from observer.api.serve import serve
from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import note, opened
from observer.errors import ServeError
from observer.scheduling import Deciding
from observer.service.crew import shared_nursery
from observer.service.current import Current
from observer.service.logs import LogFormat, announce, log_to_stderr
from observer.service.service import Roles, Service
from observer.service.switch import Switch
from observer.settings import ServeSettings, variable
from observer.tokens import tokens_of
from observer.warming import warm

if TYPE_CHECKING:
    from observer.project import Project


def serve_project(
    host: str, port: int, scheduler: bool, runs: int, logs: LogFormat, project: Path | None, env: str | None
) -> ExitCode:
    """Open the project and serve it until somebody stops it."""
    settings = ServeSettings(host=host, port=port, token=variable("TIDEGATE_TOKEN"))
    roles = Roles(decide=Deciding() if scheduler else None, runs=runs, logs=logs, tidies=scheduler)
    return _serve(lambda: opened(project, env), settings, roles)


def serve_dev(port: int, runs: int, logs: LogFormat, project: Path | None, env: str | None) -> ExitCode:
    """Serve a project on this machine while it is being written."""
    settings = ServeSettings(port=port, token=variable("TIDEGATE_TOKEN"))
    roles = Roles(decide=Deciding(), runs=runs, follows=True, logs=logs, tidies=True)
    return _serve(lambda: opened(project, env), settings, roles)


def serve_opened(work: Project, settings: ServeSettings) -> ExitCode:
    """Serve an open project, whatever may be due in it."""
    return _serve(lambda: work, settings, Roles())


def _serve(opening: Callable[[], Project], settings: ServeSettings, roles: Roles) -> ExitCode:
    nursery = shared_nursery() if roles.runs else None
    log_to_stderr(roles.logs)
    current = Current(opening)
    make = dashboard()
    work = current.work
    switch = Switch(make(work.reads(), settings, work))
    link = None if variable("TIDEGATE_URL") or work.config.url or not settings.port else settings.url

    def answer(work: Project) -> None:
        app = make(work.reads(), settings, work)
        prepare(app)
        hang_up()  # who listens there comes again, and hears of this one
        switch.app = app

    def hang_up() -> None:
        app: Any = switch.app
        app.state.hang_up()

    def prepare(app: Any) -> None:
        app.state.wake = service.wake
        app.state.notice = lambda: current.problem

    service = Service(current, roles, url=link, opened=answer, nursery=nursery)
    prepare(switch.app)
    warm(work)
    with service:
        serve(
            switch,
            settings,
            guarded=bool(tokens_of(work)),
            on_stop=hang_up,
            on_listening=lambda url: _announce(roles.logs, f"Tidegate listens on {url} (Ctrl-C stops it)"),
        )
    return ExitCode.OK


def work_on(runs: int, logs: LogFormat, project: Path | None, env: str | None) -> ExitCode:
    """Walk queued runs until somebody stops it."""
    nursery = shared_nursery()
    log_to_stderr(logs)
    current = Current(lambda: opened(project, env))
    asked = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        asked.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    with Service(current, Roles(runs=runs, logs=logs, projects=False), nursery=nursery):
        said = f"Tidegate walks the queued runs of {current.work.config.name}, {runs} at once (Ctrl-C stops it)"
        _announce(logs, said)
        asked.wait()
    return ExitCode.OK


def _announce(logs: LogFormat, text: str) -> None:
    if not announce(logs, text):
        note(text)


def dashboard() -> Any:
    """The function that makes the dashboard's app; it lives a floor above and is found by its entry point."""
    for found in entry_points(group="tidegate.apps", name="dashboard"):
        return found.load()
    raise ServeError(
        "the dashboard is not installed; nothing was started; install tidegate again: pip install tidegate"
    )
