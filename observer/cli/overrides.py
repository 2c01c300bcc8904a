"""``tidegate override``: a gate that is open for a while, or one check or monitor that is not to hold."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

from observer.cli.duration import seconds
from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import Format, opened, say, say_json
from observer.cli.user import user_name
from observer.cli.versions import downstream, key_option
from observer.overrides import override_subject
from observer.project import Project
from observer.versions import override_gate
from orchestration.model import Address


def override(
    asset: str,
    subject: str | None,
    partition: str | None,
    length: str,
    reason: str,
    project: Path | None,
    env: str | None,
    output: Format,
) -> ExitCode:
    """Let what is downstream read a held version, or a check or monitor not hold what is judged meanwhile."""
    for_s, by = seconds(length, "--for"), user_name()
    work = opened(project, env)
    if subject is None:
        return _gate(work, asset, partition, for_s, reason, by, output)
    return _subject(work, asset, subject, partition, for_s, reason, by, output)


def _gate(
    work: Project, asset: str, partition: str | None, for_s: float, reason: str, by: str, output: Format
) -> ExitCode:
    held, until = override_gate(work, asset, partition, for_s=for_s, reason=reason, by=by)
    blocked = downstream(work, held.address)
    if output is Format.JSON:
        say_json(
            {
                "asset": asset, "partition": partition, "version": held.id, "until": until, "by": by,
                "reason": reason, "downstream": blocked,
            }
        )  # fmt: skip
        return ExitCode.OK
    say(f"the gate of {held.address} is open until {until:%Y-%m-%d %H:%M} UTC by override (by {by}: {reason})")
    say(f"what is downstream may read the held version until then: tidegate run '{asset}+'{key_option(partition)}")
    return ExitCode.OK


def _subject(
    work: Project, asset: str, subject: str, partition: str | None, for_s: float, reason: str, by: str, output: Format
) -> ExitCode:
    given = override_subject(work, asset, subject, partition, for_s=for_s, reason=reason, by=by)
    if output is Format.JSON:
        say_json(given)
        return ExitCode.OK
    address = Address(given.asset, given.partition)
    say(f"{subject} of {address} holds nothing until {given.until:%Y-%m-%d %H:%M} UTC (by {given.by}: {given.reason})")
    where = "" if work.graph.asset(asset).partitions is None else f" --partition {quote(given.partition or 'KEY')}"
    say("it is evaluated and told as ever; what it holds already stays held until it is made again:")
    say(f"tidegate run {asset} --force{where}")
    return ExitCode.OK
