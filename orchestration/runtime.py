"""What a run needs besides its plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from orchestration.clock import Clock
from orchestration.gate import Gate
from orchestration.graph import Graph
from orchestration.io.base import IOManager
from orchestration.model import AssetKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """Where a run reads, writes, asks and counts time; made by the project."""

    graph: Graph
    engine: Engine
    io: IOManager
    gate: Gate[Any]
    clock: Clock
    new_id: Callable[[], str]
    code_versions: Mapping[AssetKey, str]
    root: Path  # the project's folder: whose files error texts name
    environment: str
    redact: Callable[[str], str] = field(default=str)
