"""``tidegate ls``."""

from __future__ import annotations

from pathlib import Path

from observer.cli.exit_codes import ExitCode
from observer.cli.speaking import Format, opened, say, say_json
from observer.quantities import quantity
from observer.reads.states import RANK


def list_states(select: str, project: Path | None, env: str | None, output: Format) -> ExitCode:
    """Print the selected assets, one a line, with what readers see of them."""
    work = opened(project, env)
    rows = sorted(work.reads().assets(work.select(select)), key=lambda row: RANK[row.state])
    if output is Format.JSON:
        say_json(rows)
        return ExitCode.OK
    width = max((len(row.key) for row in rows), default=0)
    for row in rows:
        seen = row.last_partition or (f"{row.last_at:%Y-%m-%d %H:%M} UTC" if row.last_at else "-")
        size = quantity(row.rows, "rows") if row.rows is not None else ""
        say(f"{row.state.value:<9} {row.key:<{width}}  {seen:<20} {size:>14}  {row.text}".rstrip())
    return ExitCode.OK
