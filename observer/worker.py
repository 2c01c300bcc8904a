"""What a worker in another process is made from: the project's own files, without its state database."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from observer.config import read
from observer.io_managers import io_of
from observer.loading import load
from observer.measuring import measuring
from orchestration.execute import Execution
from orchestration.executors.recipe import ShiftedNow
from orchestration.work import Worker


@dataclass(frozen=True, slots=True)
class ProjectRecipe:
    """Imports the project where it is called; ``now`` goes on with the clock of the process that coordinates."""

    root: Path
    environment: str
    now: ShiftedNow

    def __call__(self) -> Worker:
        config = read(self.root, self.environment)
        definitions = load(config.project, settings=config.file)
        execution = Execution(definitions.graph, io_of(config, definitions.graph), config.root)
        return Worker(execution, measuring(definitions.checks, definitions.graph, defaults=config.profile), self.now)
