"""dbt: it is there, its profile can be read, and the database of its target answers."""

from __future__ import annotations

from observer.doctor.model import Diagnosis, Health
from observer.quantities import count
from orchestration.dbt.assets import Builder
from orchestration.dbt.settings import DbtSettings
from orchestration.graph import Graph
from orchestration.model import Address, AssetKey

_NOBODY = Address(AssetKey(" tidegate doctor"))


def look_at_dbt(diagnosis: Diagnosis, settings: DbtSettings, graph: Graph) -> None:
    """Have dbt say where each project's target is, and ask that for what is published of nobody."""
    builds = [asset.function.build for asset in graph if isinstance(asset.function, Builder)]
    for project, options in dict.fromkeys((build.project, build.options) for build in builds):
        from orchestration.io.dbt import DbtIOManager

        part = f"dbt {project.name}"
        with diagnosis.looking_at(part):
            io = DbtIOManager(project, settings.of(options))
            try:
                target = io.target
                io.pointer(_NOBODY)
            finally:
                io.close()
            assets = count(sum((build.project, build.options) == (project, options) for build in builds), "asset")
            said = (
                f"its target {target.name} is schema {target.schema} of a database of kind {target.kind}, for {assets}"
            )
            diagnosis.say(part, Health.OK, said)
