"""``tidegate demo``."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Protocol

from observer.cli.exit_codes import ExitCode
from observer.cli.serve import serve_opened
from observer.cli.speaking import opened, say
from observer.cli.stopping import stopped_by_sigterm
from observer.config import find_root, read
from observer.demo.receiver import Received, Receiver
from observer.demo.story import ASSET, GOES_ON, STORM, MorningClock, Outcome, outcome, patiently, replay
from observer.errors import ProjectError
from observer.project import open_project
from observer.quantities import count, quantity
from observer.settings import ServeSettings, variable
from orchestration.model import Run, StepStatus

_HOOK = "FLIGHTS_HOOK_URL"
_DAYS = 39


def play(serve: bool, port: int | None, fresh: bool, project: Path | None, env: str | None) -> ExitCode:
    """Replay, tell how it ended, serve; 0 only if it ended as the README tells."""
    root = find_root(project or Path.cwd())
    settings = ServeSettings(port=port if port is not None else _free_port(8000), token=variable("TIDEGATE_TOKEN"))
    config = read(root, env)
    secret = config.channels[0].one("secret") if config.channels else None
    if secret is None:
        raise ProjectError(f"the demo needs the webhook channel of examples/flights; {root} has none")
    if fresh:
        shutil.rmtree(root / ".tidegate", ignore_errors=True)
    received: list[Received] = []
    began = monotonic()
    with Receiver(secret, received.append) as receiver:
        os.environ[_HOOK] = receiver.url
        end = _replay(root, env, settings)
        _tell(end, received, monotonic() - began)
        if not end.is_as_told:
            return ExitCode.FAILED
        if serve:
            say("")
            return serve_opened(opened(root, env), settings)
    return ExitCode.OK


def _replay(root: Path, env: str | None, settings: ServeSettings) -> Outcome:
    say("Flights out of New York, 1 January to 8 February 2013, a day at a time (first the libraries load) ...")
    morning = MorningClock("America/New_York")
    work = open_project(root, env, clock=morning.clock(), url=settings.url)
    if ASSET not in work.graph:
        raise ProjectError(f"the demo replays examples/flights; {root} has no asset {ASSET!r}; run it from the clone")
    with _progress() as shown, stopped_by_sigterm():
        replay(work, morning, shown.day)
    end = outcome(work)
    if end.held and end.messages and not end.is_as_told:
        say("  a webhook is still on its way; an earlier demo that was killed keeps it for up to a minute ...")
        end = patiently(work, end)
    return end


class _Shown(Protocol):
    def day(self, day: str, done: Run) -> None: ...


@contextmanager
def _progress() -> Iterator[_Shown]:
    """A bar on a terminal; a line a week, and for each held day, elsewhere."""
    if not sys.stdout.isatty():
        yield _Lines()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<42}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns) as bar:
        yield _Bar(bar, bar.add_task("loading", total=_DAYS))


class _Bar:
    def __init__(self, bar: object, task: object) -> None:
        self._bar, self._task = bar, task

    def day(self, day: str, done: Run) -> None:
        from rich.progress import Progress, TaskID

        assert isinstance(self._bar, Progress)
        for line in _news(done):
            self._bar.console.print(line, highlight=False, markup=False)
        self._bar.update(TaskID(int(str(self._task))), advance=1, description=_said(day, done))


class _Lines:
    def __init__(self) -> None:
        self._days = 0

    def day(self, day: str, done: Run) -> None:
        self._days += 1
        for line in _news(done):
            say(line)
        if self._days % 7 == 0 or self._days == _DAYS:
            say(f"  {self._days:>2} of {_DAYS} days  {_said(day, done)}")


def _said(day: str, done: Run) -> str:
    made = sum(step.status in (StepStatus.PUBLISHED, StepStatus.OBSERVED) for step in done.steps)
    return f"{day}  {made} published" if made > 1 else f"{day}  was done already"


def _news(done: Run) -> list[str]:
    return [
        f"  {step.partition}  {step.asset} {step.status.value}: {step.error or step.reason}"
        for step in done.steps
        if step.status in (StepStatus.HELD, StepStatus.FAILED)
    ]


def _tell(end: Outcome, received: list[Received], took_s: float) -> None:
    state = "held" if end.held else "NOT held"
    say("")
    say(f"{ASSET} of {STORM}: {state}. {end.sentence}.")
    blocked = f"{', '.join(end.blocked)}: they never ran for that day" if end.blocked else "nothing"
    say(f"  blocked      {blocked}")
    say(f"  went on      {GOES_ON}: {end.went_on or 'nothing noted'}")
    say(f"  readers see  {end.readers_see}")
    if end.incident is not None:
        say(f"  incident     #{end.incident.id}, opened for {', '.join(end.incident.subjects)}")
    for message in end.messages:
        here = next((r for r in received if r.id == message.id), None)
        how = f"signature verified by the receiver: {here.text}" if here else "delivered in an earlier run"
        say(f"  webhook      {message.id} {'arrived, ' + how if message.delivered_at else 'has NOT arrived'}")
    say(
        f"  before it    {count(end.days_before, 'day')}: {len(end.held_before)} held"
        f" ({', '.join(end.held_before) or 'none'}), {len(end.warned_before)} warned"
        f" ({', '.join(end.warned_before) or 'none'}); each held only itself"
    )
    say(f"  took         {quantity(took_s, 's')}")
    if not end.is_as_told:
        say("That is not how the story goes; begin it again with: make demo ARGS=--fresh")


def _free_port(first: int) -> int:
    for port in range(first, first + 20):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    return first
