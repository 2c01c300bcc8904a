"""``tidegate observe``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from observer.cli.exit_codes import ExitCode
from observer.cli.run import walk
from observer.cli.speaking import Format, opened
from observer.errors import ProjectError
from orchestration.model import AssetKind
from orchestration.selection import quote


def observe_sources(
    select: str, settings: Sequence[str], project: Path | None, env: str | None, output: Format
) -> ExitCode:
    """Walk a plan of the selected sources and of nothing else."""
    work = opened(project, env, settings)
    if not any(asset.kind is AssetKind.SOURCE for asset in work.graph):
        raise ProjectError("no asset is a source; nothing was observed; declare one with @ob.source")
    chosen = [key for key in work.select(select) if work.graph.asset(key).kind is AssetKind.SOURCE]
    if not chosen:
        raise ProjectError(
            f"the selection {select!r} has no source; nothing was observed; all sources: tidegate observe"
        )
    planned = work.plan(", ".join(quote(key) for key in chosen), None)
    return walk(work, planned, trigger="observe", fail_fast=False, output=output)
