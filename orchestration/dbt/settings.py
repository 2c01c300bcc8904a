"""How dbt is run in an environment."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from orchestration.errors import DefinitionError

PATIENCE_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DbtOptions:
    """What is said of one project wherever it runs, before what an environment says; ``variables`` are JSON."""

    target: str | None = None
    profiles: Path | None = None
    variables: str = ""

    @property
    def mark(self) -> str:
        """What tells the variables from others; "" for none."""
        return hashlib.sha256(self.variables.encode()).hexdigest()[:12] if self.variables else ""


AS_IT_IS = DbtOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class DbtSettings:
    """What an environment says of dbt; None takes what dbt itself would.

    ``target``: of dbt's profile. ``profiles``: the folder of ``profiles.yml``. ``python``: the one that has dbt, this
    process's if None. ``patience_s``: how long a run waits for another one of the same project and target.
    ``where`` it is said, for errors. ``options``: the project's own, of which ``target`` and ``profiles`` are here
    already.
    """

    target: str | None = None
    profiles: Path | None = None
    python: str | None = None
    patience_s: float = PATIENCE_S
    where: str = "the project's settings"
    options: DbtOptions = AS_IT_IS

    def of(self, options: DbtOptions) -> DbtSettings:
        """Those of one project."""
        return replace(
            self, target=options.target or self.target, profiles=options.profiles or self.profiles, options=options
        )  # fmt: skip


def variables_of(given: Mapping[str, object] | None) -> str:
    """dbt's variables as JSON; raises DefinitionError where they can't be."""
    if not given:
        return ""
    try:
        return json.dumps(dict(given), sort_keys=True)
    except (TypeError, ValueError) as error:
        raise DefinitionError(f"dbt's vars={given!r} can't be written as JSON: {error}; give plain values") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a node lies in its database."""

    database: str | None
    schema: str
    name: str
