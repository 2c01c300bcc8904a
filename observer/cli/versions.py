"""``tidegate versions``, ``rollback``, ``discard`` and ``prune``."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import Format, note, opened, say, say_json
from observer.cli.user import user_name
from observer.project import Project
from observer.quantities import count, quantity
from observer.versions import Kept, discard_held, list_versions, remove_old, roll_back_to
from orchestration.model import Address


def show_versions(
    asset: str, partition: str | None, last: int, project: Path | None, env: str | None, output: Format
) -> ExitCode:
    """Print the newest versions, one a line."""
    found = list_versions(opened(project, env), asset, partition, last)
    if output is Format.JSON:
        say_json([{**_plain(one), "in_storage": one.in_storage} for one in found])
        return ExitCode.OK
    if not found:
        say(f"{asset} was never materialized; make it: tidegate run {asset}")
    width = max((len(one.version.partition or "") for one in found), default=0)
    for one in found:
        version = one.version
        size = quantity(version.rows, "rows") if version.rows is not None else ""
        gone = "" if one.in_storage else "data removed"
        said = "; ".join(text for text in (version.sentence, gone) if text)
        say(
            f"{version.status:<11} {version.partition or '':<{width}}  {version.id}  "
            f"{version.materialized_at:%Y-%m-%d %H:%M} UTC {size:>14}  {said}".rstrip()
        )
    return ExitCode.OK


def _plain(one: Kept) -> dict[str, object]:
    version = one.version
    return {name: getattr(version, name) for name in version.__slots__}


def roll_back_version(
    asset: str,
    partition: str | None,
    to: str | None,
    reason: str,
    project: Path | None,
    env: str | None,
    output: Format,
) -> ExitCode:
    """Put an earlier version back and say what reads it."""
    work = opened(project, env)
    by = user_name()
    done = roll_back_to(work, asset, partition, to=to, reason=reason, by=by)
    stale = downstream(work, done.now.address)
    if output is Format.JSON:
        say_json(
            {
                "asset": asset, "partition": partition, "from": done.before.id, "to": done.now.id, "by": by,
                "reason": reason, "stale": stale,
            }
        )  # fmt: skip
        return ExitCode.OK
    say(f"rolled back {done.now.address}: readers see version {done.now.id} now (by {by}: {reason})")
    if stale:
        said = count(len(stale), "asset")
        say(f"{said} downstream read it and will be made again: tidegate run '{asset}+'{key_option(partition)}")
    return ExitCode.OK


def discard_version(
    asset: str, partition: str | None, reason: str, project: Path | None, env: str | None, output: Format
) -> ExitCode:
    """Throw the held version away."""
    by = user_name()
    held = discard_held(opened(project, env), asset, partition, reason=reason, by=by)
    if output is Format.JSON:
        say_json({"asset": asset, "partition": partition, "version": held.id, "by": by, "reason": reason})
        return ExitCode.OK
    say(f"discarded {held.id} of {held.address}: readers keep what they had, and the gate stays shut until it is made")
    say(f"again: tidegate run {asset}{key_option(partition)}")
    return ExitCode.OK


def prune_versions(select: str, dry: bool, project: Path | None, env: str | None, output: Format) -> ExitCode:
    """Remove what retention lets go of, and say how much it was."""
    work = opened(project, env)
    if all(one.retention is None for one in work.config.io):
        note(f"{work.config.where} has no retention=, so every version stays; nothing was removed")
    found = list(remove_old(work, select, dry=dry))
    if output is Format.JSON:
        say_json([{"asset": p.address.asset, "partition": p.address.partition, **_gone(p)} for p in found])
        return ExitCode.OK
    for one in found:
        if one.left is not None:
            note(f"{one.address} was left as it is: {one.left}")
    versions = count(sum(len(p.versions) for p in found), "version")
    addresses = count(sum(bool(p.versions) for p in found), "address", "addresses")
    size = quantity(sum(p.bytes for p in found), "bytes")
    say(f"{versions} of {addresses} {'would be removed' if dry else 'removed'}, {size}")
    return ExitCode.OK


def _gone(pruned: object) -> dict[str, object]:
    return {name: getattr(pruned, name) for name in ("versions", "bytes", "left")}


def downstream(work: Project, address: Address) -> tuple[str, ...]:
    """The assets below one, upstream first."""
    below = work.graph.descendants({address.asset}) - {address.asset}
    return tuple(key for key in work.graph.order if key in below)


def key_option(partition: str | None) -> str:
    """How the command is told of a partition."""
    return f" --partition {quote(partition)}" if partition else ""
