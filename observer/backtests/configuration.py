"""What monitors are declared to be: by the project as it is, or by what it is compared with."""

from __future__ import annotations

import multiprocessing
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from observer.assets import quality_of
from observer.config.budget import budget_of
from observer.config.file import settings, settings_of
from observer.config.section import Section
from observer.errors import ProjectError, UnknownName
from observer.loading import load
from observer.monitors import Monitor
from observer.project import Project
from orchestration.errors import TidegateError
from orchestration.graph import Graph
from orchestration.model import AssetKey

Declared = Mapping[AssetKey, tuple[Monitor, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """The monitors of each asset, default ones among them, and the budget that they share, if there is one."""

    name: str
    monitors: Declared
    false_alarms_per_week: float | None


def configuration_of(project: Project) -> Configuration:
    """The configuration of a project in its environment."""
    return Configuration(
        name=project.config.name, monitors=declared(project.graph),
        false_alarms_per_week=project.config.false_alarms_per_week,
    )  # fmt: skip


def configuration_named(project: Project, name: str) -> Configuration:
    """The one that a person means by the name of an environment, or by a file or folder.

    An environment differs in its budget. A folder is another project, a ``.toml`` file another ``tidegate.toml``, of
    both the environment that is called as ours, or else the first; a ``.py`` file stands for the project's own.

    Raises
    ------
    UnknownName
        It is neither an environment nor there.
    ProjectError
        It can't be read, and why; nothing was replayed.
    """
    ours = settings(project.config.root)
    if name in ours.values.get("env", {}):
        return Configuration(
            name=name, monitors=declared(project.graph), false_alarms_per_week=budget_of(ours, name)
        )  # fmt: skip
    path = Path(name)
    if not path.exists():
        raise UnknownName("environment, file or folder", name, ours.values.get("env", {}), where="--compare")
    if path.suffix == ".py":
        budget = project.config.false_alarms_per_week
        return Configuration(name=name, monitors=_of_file(project, path, str(path)), false_alarms_per_week=budget)
    said, root = (settings(path), path) if path.is_dir() else (settings_of(path), path.parent)
    file = root / said.text("project", default="pipeline.py")
    return Configuration(
        name=name, monitors=_of_file(project, file, str(said)),
        false_alarms_per_week=budget_of(said, _environment(said, project.config.name)),
    )  # fmt: skip


def declared(graph: Graph) -> Declared:
    """What watches each asset."""
    return {asset.key: quality_of(asset).watched for asset in graph}


def _environment(said: Section, ours: str) -> str:
    there = said.values.get("env", {})
    if not there:
        raise ProjectError(f"{said} has no environment; nothing was replayed")
    return ours if ours in there else next(iter(there))


def _of_file(project: Project, file: Path, where: str) -> Declared:
    """Read in a process of its own: both may have modules of one name; it is named ``where``."""
    if file.resolve() == project.config.project.resolve():
        return declared(project.graph)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        try:
            found = process.submit(_declared_in, file.resolve(), where).result()
        except BrokenProcessPool:
            raise ProjectError(f"{file} ended the process that imported it; nothing was replayed") from None
    if isinstance(found, str):
        raise ProjectError(f"{found}; nothing was replayed")
    return found


def _declared_in(file: Path, where: str) -> dict[AssetKey, tuple[Monitor, ...]] | str:
    """What a file declares, or what is wrong with it."""
    try:
        return dict(declared(load(file, settings=where).graph))
    except TidegateError as error:
        return str(error).removesuffix("; nothing was run")
