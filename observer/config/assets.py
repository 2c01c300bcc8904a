"""``config``: what the assets' functions are given as settings."""

from __future__ import annotations

from observer.config.section import Section


def asset_configs(project: Section, env: Section) -> dict[str, dict[str, object]]:
    """What the assets' functions get as ``config``: the project's, and the environment's before it."""
    found: dict[str, dict[str, object]] = {}
    for given in (project, env):
        there = given.table("config")
        for name in there.values:
            found.setdefault(name, {}).update(there.table(name).values)
    return found
