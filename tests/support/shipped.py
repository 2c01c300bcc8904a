"""A recipe whose project is not installed where it is called: it was shipped, and lies in the working directory."""

import importlib
import os
from dataclasses import dataclass
from pathlib import Path

from orchestration.assets import asset
from orchestration.execute import Execution
from orchestration.executors.recipe import ShiftedNow
from orchestration.graph import Graph
from orchestration.io.files import FilesIOManager
from orchestration.model import Staged
from orchestration.work import Worker


@dataclass(frozen=True)
class ShippedRecipe:
    """Its asset returns what the shipped module `there` says; its audit also says what else was shipped."""

    data: str

    def __call__(self) -> Worker:
        there = importlib.import_module("there")

        @asset
        def answer() -> int:
            return int(there.ANSWER)

        def measure(staged: Staged) -> object:
            return staged.data, sorted(name for name in os.listdir() if name != "__pycache__")

        execution = Execution(Graph([answer]), FilesIOManager(Path(self.data)), Path.cwd())
        return Worker(execution, measure, ShiftedNow())
