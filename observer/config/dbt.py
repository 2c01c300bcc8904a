"""``dbt``: which target of a dbt project an environment builds, and the Python that has dbt."""

from __future__ import annotations

from pathlib import Path

from observer.config.section import Section
from observer.errors import ProjectError
from orchestration.dbt.settings import PATIENCE_S, DbtSettings
from orchestration.errors import DefinitionError
from orchestration.run_policy import seconds

KEYS = ("target", "profiles", "python", "wait")


def dbt(env: Section, root: Path) -> DbtSettings:
    """What an environment says of dbt; folders count from ``root``. Raises ProjectError, UnknownName."""
    given = env.table("dbt")
    given.only(KEYS)
    profiles, python, wait = given.maybe("profiles"), given.maybe("python"), given.maybe("wait")
    try:
        patience_s = PATIENCE_S if wait is None else seconds(wait)
    except DefinitionError as error:
        raise ProjectError(f"{given}: wait: {error}") from error
    return DbtSettings(
        target=given.maybe("target"), profiles=None if profiles is None else root / profiles,
        python=python if python is None or "/" not in python else str(root / python), patience_s=patience_s,
        where=str(env),
    )  # fmt: skip
