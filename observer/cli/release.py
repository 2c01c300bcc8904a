"""``tidegate release``."""

from __future__ import annotations

from pathlib import Path

from observer.cli.exit_codes import ExitCode
from observer.cli.run import deliver
from observer.cli.speaking import Format, opened, say, say_json
from observer.cli.user import user_name
from observer.cli.versions import key_option


def release_version(
    asset: str, partition: str | None, reason: str, project: Path | None, env: str | None, output: Format
) -> ExitCode:
    """Publish a held version and say what may run now."""
    work = opened(project, env)
    by = user_name()
    version = work.release(asset, partition, reason=reason, by=by)
    deliver(work)
    blocked = work.graph.blocked_by(work.graph.asset(asset).key)
    if output is Format.JSON:
        say_json(
            {
                "asset": asset,
                "partition": partition,
                "version": version,
                "by": by,
                "reason": reason,
                "unblocked": blocked,
            }
        )
        return ExitCode.OK
    name = asset if partition is None else f"{asset} {partition}"
    say(f"released {name}: readers see version {version} now (by {by}: {reason})")
    if blocked:
        say(f"it blocks nothing any more; run what waited: tidegate run '{asset}+'{key_option(partition)}")
    return ExitCode.OK
