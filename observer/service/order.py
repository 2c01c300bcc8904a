"""What the service tells a process that is to walk one queued run, and what that one answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from observer.service.logs import LogFormat
from orchestration.queue import Queued


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One claimed run of a project; ``url`` is where people reach the service, ``logs`` how its process logs."""

    root: Path
    environment: str
    url: str | None
    claim: Queued
    logs: LogFormat = LogFormat.TEXT


@dataclass(frozen=True, slots=True)
class Answer:
    """``ended``: nothing is left to do about the claim. Otherwise it is to be tried again later, and ``said`` why."""

    ended: bool
    said: str = ""
