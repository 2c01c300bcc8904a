"""``tidegate token create``, ``list`` and ``revoke``: who may ask the service."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from observer.access import Role, Token
from observer.cli.duration import seconds
from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import Format, note, opened, say, say_json
from observer.cli.user import user_name
from observer.tokens import make_token, revoke_token, tokens_of


def create(
    name: str, role: Role, assets: Sequence[str], length: str | None, project: Path | None, env: str | None,
    output: Format,
) -> ExitCode:  # fmt: skip
    """Make a token and say it, this once."""
    for_s = None if length is None else seconds(length, "--for")
    work = opened(project, env)
    token, shown = make_token(work, name, role, assets=assets, for_s=for_s, by=user_name())
    if output is Format.JSON:
        say_json({"token": shown, "made": token})
        return ExitCode.OK
    say(shown)
    note(f"this is said only now: {_described(token)}; it is kept nowhere, only what it can be told by")
    note("from now on the service asks everybody for a token, on this machine too")
    return ExitCode.OK


def list_tokens(project: Path | None, env: str | None, output: Format) -> ExitCode:
    """Say which tokens there are, newest first, those that open nothing any more included."""
    work = opened(project, env)
    found, now = tokens_of(work), work.clock.wall()
    if output is Format.JSON:
        say_json([{"token": token, "counts": token.counts(now)} for token in found])
        return ExitCode.OK
    for token in found:
        past = "" if token.counts(now) else " (opens nothing any more)"
        say(f"{token.id}  {_described(token)}, made {token.made_at:%Y-%m-%d %H:%M} by {token.made_by}{past}")
    if not found:
        say("no token was ever made; the service answers on this machine only, to everybody on it")
    return ExitCode.OK


def revoke(token_id: str, project: Path | None, env: str | None, output: Format) -> ExitCode:
    """Let a token open nothing any more."""
    token = revoke_token(opened(project, env), token_id)
    if output is Format.JSON:
        say_json(token)
        return ExitCode.OK
    say(f"{token.id} {token.name} opens nothing any more, nor do the sessions begun with it")
    return ExitCode.OK


def _described(token: Token) -> str:
    where = "all assets" if token.assets is None else ", ".join(token.assets)
    until = "" if token.expires_at is None else f", until {token.expires_at:%Y-%m-%d %H:%M} UTC"
    return f"{token.name}: {token.role} of {where}{until}"
