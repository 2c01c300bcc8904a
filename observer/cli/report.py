"""``tidegate report``: how things stand, as one file."""

from __future__ import annotations

import os
import secrets
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import Format, opened, say, say_json
from observer.errors import OutputError
from observer.quantities import count, quantity


def write_report(
    select: str, out: Path, force: bool, project: Path | None, env: str | None, output: Format
) -> ExitCode:
    """Write the report on the selected assets to a file, whole or not at all."""
    if out.exists() and not force:  # looked at again when it is written
        raise _taken(out)
    work = opened(project, env)
    keys = work.select(select)
    made = _maker()(work.reads(), keys, whole=len(keys) == len(work.graph))
    text = made.html.encode()
    _write(out, text, force=force)
    if output is Format.JSON:
        said = {"assets": made.assets, "incidents": made.incidents, "plots": made.plots}
        say_json({"file": str(out), "bytes": len(text), **said})
        return ExitCode.OK
    parts = (count(made.assets, "asset"), count(made.incidents, "open incident"), count(made.plots, "plot"))
    say(f"{out}: {', '.join(parts)}, {quantity(len(text), 'bytes')}; it opens without a server")
    return ExitCode.OK


def _maker() -> Any:
    """The function that makes reports; it lives a floor above and is found by its entry point."""
    for found in entry_points(group="tidegate.apps", name="report"):
        return found.load()
    raise OutputError(
        "the dashboard is not installed; nothing was written; install tidegate again: pip install tidegate"
    )


def _write(out: Path, text: bytes, *, force: bool) -> None:
    aside = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    try:
        try:
            aside.write_bytes(text)
            if force:
                os.replace(aside, out)
            else:
                _put(aside, out)
        finally:
            aside.unlink(missing_ok=True)
    except FileExistsError:
        raise _taken(out) from None
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise OutputError(f"{out} can't be written: {why}; nothing was written; give another file") from error


def _put(aside: Path, out: Path) -> None:
    """Give the file its name, unless somebody else has it."""
    try:
        os.link(aside, out)
    except FileExistsError:
        raise
    except OSError:  # a file system without links: the name is taken first
        out.touch(exist_ok=False)
        os.replace(aside, out)


def _taken(out: Path) -> OutputError:
    return OutputError(f"{out} is there already; nothing was written; give another file, or --force to write over it")
