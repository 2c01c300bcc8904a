"""How every verb speaks: results to stdout as text or JSON, narration and errors to stderr, one set of options."""

from __future__ import annotations

import dataclasses
import functools
import json
import sys
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec

import typer

from observer.cli.exit_codes import ExitCode, of_error
from orchestration.errors import TidegateError

if TYPE_CHECKING:
    from observer.project import Project

P = ParamSpec("P")


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"


ProjectOption = Annotated[
    Path | None,
    typer.Option("--project", "-C", envvar="TIDEGATE_PROJECT", help="The project's folder; else the one around here."),
]
EnvOption = Annotated[
    str | None, typer.Option("--env", envvar="TIDEGATE_ENV", help="The environment of tidegate.toml; else its first.")
]
FormatOption = Annotated[Format, typer.Option("--format", help="How the result is written to stdout.")]
PartitionOption = Annotated[
    str | None, typer.Option("--partition", "-p", help="A partition, KEY; where a range is meant, FIRST..LAST.")
]


def verb(function: Callable[P, ExitCode | None]) -> Callable[P, None]:
    """Make a function a verb: errors become a sentence and an exit code, never a traceback."""

    @functools.wraps(function)
    def speaking(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = function(*args, **kwargs)
        except TidegateError as error:
            code = of_error(error)
            if kwargs.get("output") is Format.JSON:
                say_json({"error": {"code": error.code, "message": str(error)}})
            else:
                note(f"{error}")
        except KeyboardInterrupt:
            note("interrupted; what was published stays published")
            code = ExitCode.INTERRUPTED
        except BrokenPipeError:
            sys.stderr.close()  # whoever read our output has gone
            code = ExitCode.OK
        raise typer.Exit(int(code or ExitCode.OK))

    return speaking


def say(text: str = "") -> None:
    """A line of the result."""
    typer.echo(text)


def note(text: str) -> None:
    """A line of narration, to stderr."""
    typer.echo(text, err=True)


def say_json(value: object) -> None:
    """The result as JSON."""
    typer.echo(json.dumps(plain(value), ensure_ascii=False, indent=2))


def plain(value: Any) -> Any:
    """Records, instants and enumerations as JSON has them; a number that JSON can't hold is null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if (isinstance(value, float) and value != value) or value in (float("inf"), float("-inf")):
        return None
    return value


def opened(project: Path | None, environment: str | None) -> Project:
    """The project that the options name."""
    from observer.project import open_project

    return open_project(project, environment)
