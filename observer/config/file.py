"""Where a project's settings stand: ``tidegate.toml``, or ``[tool.tidegate]`` of a ``pyproject.toml``."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from observer.config.section import Section
from observer.errors import ProjectError

FILE_NAME = "tidegate.toml"
PYPROJECT = "pyproject.toml"
_TOOL = "[tool.tidegate]"


def find_root(start: Path) -> Path:
    """The project's folder: the nearest one upward that has its settings, or that a ``pyproject.toml`` names.

    Raises
    ------
    ProjectError
        There is none.
    """
    here = start.resolve()
    if not here.is_dir():
        raise ProjectError(f"there is no folder {start}; nothing was run")
    for folder in (here, *here.parents):
        if (folder / FILE_NAME).is_file():
            return folder
        tool = _tool(folder)
        if isinstance(root := tool.values.get("root"), str):
            return (folder / root).resolve()
        if "env" in tool.values:
            return folder
    raise ProjectError(
        f"there is no {FILE_NAME} in {here} or above it; go to a project, name one with --project, or make one: "
        "tidegate init"
    )


def settings(root: Path) -> Section:
    """Everything that the project's file says, nothing filled in.

    Raises
    ------
    ProjectError
        There is no file, it isn't TOML, or both files have environments.
    """
    file, tool = root / FILE_NAME, _tool(root)
    if "env" not in tool.values:
        return settings_of(file)
    if file.is_file():
        raise ProjectError(
            f"{file} and {tool.file} {_TOOL} both have the project's settings; nothing was run; keep one of them"
        )
    return tool


def settings_of(file: Path) -> Section:
    """What a file like ``tidegate.toml`` says, whatever it is called; raises ProjectError."""
    return Section(_parse(file), file)


def _tool(folder: Path) -> Section:
    file = folder / PYPROJECT
    if not file.is_file():
        return Section({}, file, _TOOL)
    return Section({}, file).at(_parse(file).get("tool", {}).get("tidegate", {}), _TOOL)


def _parse(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ProjectError(f"there is no {file}; make a project here with: tidegate init") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProjectError(f"{file} isn't TOML: {error}; nothing was run") from error
    except OSError as error:
        raise ProjectError(f"{file} can't be read: {error.strerror}; nothing was run") from error
