"""``tidegate history ASSET CHECK``: what a check has said, a line a version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import Format, say, say_json
from observer.metrics import METRICS
from observer.project import Project
from observer.reads import verdicts
from observer.reads.model import CheckCell
from observer.reads.monitors import cell_of
from orchestration.assets import Asset
from orchestration.database import reading
from orchestration.model import AssetKey

_EVER = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


def is_check(work: Project, asset: AssetKey, name: str) -> bool:
    """Whether a name is that of a check; a metric of that name comes first."""
    return name not in METRICS and any(one.name == name for one in work.definitions.checks.get(asset, ()))


def show_check(work: Project, asset: Asset, name: str, last: int, output: Format) -> ExitCode:
    """Print a check's last verdicts, oldest first, each with who muted it then, until when and why."""
    since, until = _EVER
    with reading(work.engine) as connection:
        said = verdicts.of_subject(connection, asset.key, name, since=since, until=until, by_clock=False)
    found = [cell_of(verdict) for verdict in said][-last:]
    if output is Format.JSON:
        say_json(found)
        return ExitCode.OK
    if not found:
        say(f"{name} of {asset.key} was never run; materialize it: tidegate run {asset.key}")
        return ExitCode.OK
    say(f"{name} of {asset.key}  {_counted(found)}")
    for one in found:
        when = one.partition or f"{one.at:%Y-%m-%d %H:%M:%S}"
        say(f"{when:<20} {one.status:<9} {one.sentence}")
    return ExitCode.OK


def _counted(cells: Sequence[CheckCell]) -> str:
    quiet = sum(bool(one.muted) for one in cells)
    said = [f"{number} {status}" for status, number in Counter(one.status for one in cells).items()]
    return ", ".join([*said, *([f"{quiet} of them muted"] if quiet else [])])
