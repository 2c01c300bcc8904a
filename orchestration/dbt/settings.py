"""How dbt is run in an environment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PATIENCE_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DbtSettings:
    """What an environment says of dbt; None takes what dbt itself would.

    ``target``: of dbt's profile. ``profiles``: the folder of ``profiles.yml``. ``python``: the one that has dbt, this
    process's if None. ``patience_s``: how long a run waits for another one of the same project and target.
    """

    target: str | None = None
    profiles: Path | None = None
    python: str | None = None
    patience_s: float = PATIENCE_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a node lies in its database."""

    database: str | None
    schema: str
    name: str
