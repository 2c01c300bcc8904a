"""How every verb speaks: results to stdout as text or JSON, narration and errors to stderr, one set of options."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import nullcontext, redirect_stdout, suppress
from contextvars import ContextVar
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec, TextIO
from weakref import WeakKeyDictionary

import typer

from observer.cli.exit_codes import ExitCode, of_error, worst
from observer.visible import visible, visible_json
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
ConfigOption = Annotated[
    list[str] | None,
    typer.Option("--config", help="A setting of an asset's function, ASSET.SETTING=VALUE; may be given several times."),
]
EnvOption = Annotated[
    str | None, typer.Option("--env", envvar="TIDEGATE_ENV", help="The environment of tidegate.toml; else its first.")
]
FormatOption = Annotated[Format, typer.Option("--format", help="How the result is written to stdout.")]
PartitionOption = Annotated[
    str | None, typer.Option("--partition", "-p", help="A partition, KEY; where a range is meant, FIRST..LAST.")
]


def verb(function: Callable[P, ExitCode | None]) -> Callable[P, None]:
    """Make a function a verb: errors become a sentence and an exit code, never a traceback.

    With ``--format json`` only the result reaches stdout, whatever the project's own code prints there.
    """

    @functools.wraps(function)
    def speaking(*args: P.args, **kwargs: P.kwargs) -> None:
        wants_json = kwargs.get("output") is Format.JSON
        stdout = sys.stdout
        token = _results.set(stdout)
        try:
            with redirect_stdout(sys.stderr) if wants_json else nullcontext():
                code = _outcome(function, wants_json, *args, **kwargs)
        finally:
            _results.reset(token)
        if (why := _lost.get(stdout)) is not None:
            note(f"the result could not be written to stdout: {why}; what was done stays done")
            code = worst((code, ExitCode.UNKNOWN))
        raise typer.Exit(int(code))

    return speaking


_results: ContextVar[TextIO | None] = ContextVar("results", default=None)
_lost: WeakKeyDictionary[TextIO, str] = WeakKeyDictionary()
"""Streams that took no more, as a full disk does, and why."""


def _outcome(function: Callable[P, ExitCode | None], wants_json: bool, *args: P.args, **kwargs: P.kwargs) -> ExitCode:
    """Call a verb; what it raises is said and becomes a code."""
    try:
        return function(*args, **kwargs) or ExitCode.OK
    except TidegateError as error:
        _say_error(wants_json, error.code, str(error))
        return of_error(error)
    except KeyboardInterrupt:
        _say_error(wants_json, "interrupted", "interrupted; what was published stays published")
        return ExitCode.INTERRUPTED
    except Exception as error:  # a fault of ours: nobody may take it for an answer
        traceback.print_exc(file=sys.stderr)
        said = f"{type(error).__name__}: {error}; this is a fault of Tidegate: please report it with the lines above"
        _say_error(wants_json, "internal", said)
        return ExitCode.UNKNOWN


def _say_error(wants_json: bool, code: str, message: str) -> None:
    if wants_json:
        say_json({"error": {"code": code, "message": message}})
    else:
        note(message)


def say(text: str = "") -> None:
    """A line of the result. Nobody may be listening any more (``| head``): the work goes on all the same."""
    _write(text, _results.get() or sys.stdout)


def note(text: str) -> None:
    """A line of narration, to stderr."""
    _write(text, sys.stderr)


def say_json(value: object) -> None:
    """The result as JSON."""
    say(visible_json(json.dumps(plain(value), ensure_ascii=False, indent=2)))


def _write(text: str, stream: TextIO) -> None:
    text = visible(text)
    try:
        typer.echo(text, file=stream)
    except OSError as error:  # the work goes on all the same; only what took no more is told at the end
        if not isinstance(error, BrokenPipeError):
            _lost[stream] = error.strerror or str(error)
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except UnicodeEncodeError:  # a terminal or a file of an older encoding
        typer.echo(text.encode(stream.encoding or "ascii", "replace").decode(stream.encoding or "ascii"), file=stream)


def plain(value: Any) -> Any:
    """Records, instants and enumerations as JSON has them; a number that JSON can't hold is null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):  # a record too
        return {name: plain(item) for name, item in value._asdict().items()}
    if isinstance(value, date):  # or an instant
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if (isinstance(value, float) and value != value) or value in (float("inf"), float("-inf")):
        return None
    return value


def opened(project: Path | None, environment: str | None, settings: Sequence[str] = ()) -> Project:
    """The project that the options name; ``settings`` are what ``--config`` gave."""
    from observer.asset_configs import parse_settings
    from observer.project import open_project

    return open_project(project, environment, config=parse_settings(settings))
