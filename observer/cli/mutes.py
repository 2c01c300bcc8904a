"""``tidegate mute`` and ``unmute``: a check or monitor that for a while neither holds nor tells."""

from __future__ import annotations

from pathlib import Path

from observer.cli.duration import seconds
from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import Format, opened, say, say_json
from observer.cli.user import user_name
from observer.mutes import mute, muted, unmute
from orchestration.model import Address


def mute_subject(
    asset: str,
    subject: str,
    partition: str | None,
    length: str,
    reason: str,
    project: Path | None,
    env: str | None,
    output: Format,
) -> ExitCode:
    """Mute it, and say until when."""
    for_s = seconds(length, "--for")
    work = opened(project, env)
    given = mute(work, asset, subject, partition, for_s=for_s, reason=reason, by=user_name())
    if output is Format.JSON:
        say_json(given)
        return ExitCode.OK
    say(f"{subject} of {Address(given.asset, given.partition)} is {given}")
    say("it is evaluated and recorded as ever; what it holds already stays held until it is made or checked again")
    return ExitCode.OK


def unmute_subject(
    asset: str, subject: str, partition: str | None, project: Path | None, env: str | None, output: Format
) -> ExitCode:
    """End a mute, and say which are left."""
    work = opened(project, env)
    unmute(work, asset, subject, partition, by=user_name())
    left = muted(work, asset)
    if output is Format.JSON:
        say_json({"asset": asset, "partition": partition, "subject": subject, "muted": left})
        return ExitCode.OK
    say(f"{subject} of {asset} is no longer muted")
    for one in left:
        say(f"{one.subject} of {Address(one.asset, one.partition)} is still {one}")
    return ExitCode.OK
