"""An asset that the project defines no more: what is still known of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from observer.project import Project
from observer.reads import incidents, ledger, verdicts, versions
from observer.reads.instants import timezone_of
from observer.reads.model import IncidentRow, VersionRow
from orchestration.model import AssetKey

_INCIDENTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftPage:
    """Its versions and incidents; nothing of what a definition says."""

    at: datetime
    project: str
    environment: str
    timezone: str
    key: str
    incidents: tuple[IncidentRow, ...]  # open ones first
    versions: tuple[VersionRow, ...]  # newest first


def left_page(connection: Connection, project: Project, key: str, now: datetime) -> LeftPage | None:
    """What is known of an asset that isn't in the project: seven statements; None where nothing is."""
    if "\0" in key:  # which PostgreSQL can't even be asked
        return None
    timezone, asset = timezone_of(project.graph), AssetKey(key)
    closed = tuple(gate for where, gate in ledger.closed_gates(connection, now).items() if where.asset == asset)
    made = versions.newest(connection, asset, closed, verdicts.load(connection, asset))
    concerned = incidents.of_asset(connection, asset, _INCIDENTS)
    if not made and not concerned:
        return None
    seen = ledger.readers(connection, {asset})
    return LeftPage(
        at=now, project=project.config.root.name, environment=project.config.name, timezone=timezone, key=key,
        incidents=incidents.rows(connection, project, concerned, seen, ZoneInfo(timezone)), versions=made,
    )  # fmt: skip
