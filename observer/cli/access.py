"""``tidegate token`` and its verbs: who may ask the service."""

from __future__ import annotations

from typing import Annotated

import typer

from observer.access import Role
from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import EnvOption, Format, FormatOption, ProjectOption, verb

token = typer.Typer(no_args_is_help=True, help="Make, list and revoke the tokens that the service asks for.")


@token.command()
@verb
def create(
    name: Annotated[str, typer.Argument(help="For people: it stays in the history beside what is done with it.")],
    role: Annotated[Role, typer.Option(help="viewer reads, operator also acts, admin may everything.")] = Role.VIEWER,
    assets: Annotated[
        list[str] | None, typer.Option("--assets", help="A selection that it is for; may be given several times.")
    ] = None,
    length: Annotated[str | None, typer.Option("--for", help="How long: 12h, 90d; for good, if left out.")] = None,
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """Make a token and say it, this once."""
    from observer.cli import tokens

    return tokens.create(name, role, assets or (), length, project, env, output)


@token.command("list")
@verb
def list_all(
    project: ProjectOption = None, env: EnvOption = None, output: FormatOption = Format.TEXT
) -> ExitCode | None:
    """Say which tokens there are, and which of them open nothing any more."""
    from observer.cli import tokens

    return tokens.list_tokens(project, env, output)


@token.command()
@verb
def revoke(
    token_id: Annotated[str, typer.Argument(metavar="TOKEN", help="The token's id, as `token list` says it.")],
    project: ProjectOption = None,
    env: EnvOption = None,
    output: FormatOption = Format.TEXT,
) -> ExitCode | None:
    """Let a token, and the sessions begun with it, open nothing any more."""
    from observer.cli import tokens

    return tokens.revoke(token_id, project, env, output)
