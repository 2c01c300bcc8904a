"""The verbs that stay: the service as a whole, on a laptop or in production, and a worker alone."""

from __future__ import annotations

from typing import Annotated

import typer

from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import EnvOption, ProjectOption, verb
from observer.service.logs import LogFormat

Host = Annotated[
    str, typer.Option(help="Where to listen; beyond loopback only with a token made or TIDEGATE_TOKEN set.")
]
Port = Annotated[int, typer.Option(help="The port; 0 takes a free one.", min=0, max=65535)]
Logs = Annotated[
    LogFormat, typer.Option("--log-format", envvar="TIDEGATE_LOG_FORMAT", help="Of what goes to stderr: text or json.")
]
Runs = Annotated[int, typer.Option("--runs", help="How many queued runs at once.", min=1, max=64)]


@verb
def dev(
    port: Port = 8000,
    runs: Runs = 4,
    logs: Logs = LogFormat.TEXT,
    project: ProjectOption = None,
    env: EnvOption = None,
) -> ExitCode | None:
    """Everything in one process on this machine: pages, API, scheduler, worker, alerts; follows the project's files."""
    from observer.cli.serve import serve_dev

    return serve_dev(port, runs, logs, project, env)


@verb
def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    scheduler: Annotated[
        bool, typer.Option("--scheduler/--no-scheduler", help="Decide what is due, while no other replica does.")
    ] = True,
    worker: Annotated[bool, typer.Option("--worker/--no-worker", help="Walk queued runs.")] = True,
    runs: Runs = 4,
    logs: Logs = LogFormat.TEXT,
    project: ProjectOption = None,
    env: EnvOption = None,
) -> ExitCode | None:
    """Serve the dashboard and the API, decide what is due, walk queued runs, and send the alerts that wait."""
    from observer.cli.serve import serve_project

    return serve_project(host, port, scheduler, runs if worker else 0, logs, project, env)


@verb
def worker(
    runs: Runs = 4, logs: Logs = LogFormat.TEXT, project: ProjectOption = None, env: EnvOption = None
) -> ExitCode | None:
    """Walk queued runs, a few at once, until somebody stops it; listens nowhere."""
    from observer.cli.serve import work_on

    return work_on(runs, logs, project, env)
