"""``tidegate override --subject``: one check or monitor that is not to hold for a while."""

from __future__ import annotations

from pathlib import Path

from observer.cli.duration import seconds
from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import Format, opened, say, say_json
from observer.cli.user import user_name
from observer.overrides import override_subject as override
from orchestration.model import Address


def override_subject(
    asset: str,
    subject: str,
    partition: str | None,
    length: str,
    reason: str,
    project: Path | None,
    env: str | None,
    output: Format,
) -> ExitCode:
    """Let a check or monitor not hold what is judged meanwhile."""
    for_s = seconds(length, "--for")
    work = opened(project, env)
    given = override(work, asset, subject, partition, for_s=for_s, reason=reason, by=user_name())
    if output is Format.JSON:
        say_json(given)
        return ExitCode.OK
    address = Address(given.asset, given.partition)
    say(f"{subject} of {address} holds nothing until {given.until:%Y-%m-%d %H:%M} UTC (by {given.by}: {given.reason})")
    where = "" if work.graph.asset(asset).partitions is None else f" --partition {given.partition or 'KEY'}"
    say("it is evaluated and told as ever; what it holds already stays held until it is made again:")
    say(f"tidegate run {asset} --force{where}")
    return ExitCode.OK
