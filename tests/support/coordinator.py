"""A coordinator with work under way, for tests to kill: `python -m tests.support.coordinator KIND FOLDER [ADDRESS]`."""

import sys
from pathlib import Path

from orchestration.executors.base import Executor, Limits
from orchestration.executors.dask import DaskExecutor
from orchestration.executors.inline import InlineExecutor
from orchestration.executors.laws import Lab, LabRecipe
from orchestration.executors.processes import ProcessExecutor
from orchestration.executors.threads import ThreadExecutor


def main(kind: str, folder: str, address: str = "") -> None:
    recipe = LabRecipe(folder)
    executor: Executor
    match kind:
        case "inline":
            executor = InlineExecutor(recipe)
        case "threads":
            executor = ThreadExecutor(recipe, 2)
        case "processes":
            executor = ProcessExecutor(recipe, 2)
        case _:
            executor = DaskExecutor(address, recipe)
    lab = Lab(Path(folder), executor)
    for name in ("beats", "spawns"):
        if kind != "inline" or name == "spawns":
            lab.begun(lab.start(name, Limits(timeout_s=600)))
    print("begun", flush=True)
    executor.wait(None)


if __name__ == "__main__":
    main(*sys.argv[1:])
