"""When the assets of a dbt project are due: one schedule for all of them, or by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orchestration.dbt.model import Node
from orchestration.errors import UnknownName
from orchestration.model import AssetKey
from orchestration.schedule.base import Condition
from orchestration.schedule.declared import schedule_of
from orchestration.schedule.updates import Updated

ALL = "*"
"""Stands for those that aren't named."""
Schedules = Condition | str | Mapping[str, Condition | str] | None


def schedules_of(given: Schedules, nodes: Iterable[Node], where: str) -> dict[AssetKey, Condition]:
    """The schedules of a project's nodes.

    Where one for all follows what is upstream, those that read nothing have none.

    Raises
    ------
    UnknownName
        It names an asset that the project doesn't have.
    DefinitionError
        One can't be a schedule.
    """
    by_name = given if isinstance(given, Mapping) else {ALL: given}
    known = {node.key: node for node in nodes}
    for name in by_name:
        if name != ALL and name not in known:
            raise UnknownName("asset", name, known, where=f"schedule= of {where}")
    found = {}
    for key, node in known.items():
        condition = schedule_of(by_name.get(key, by_name.get(ALL)), key)
        if condition is not None and (key in by_name or node.depends_on or not _follows_what_it_reads(condition)):
            found[key] = condition
    return found


def _follows_what_it_reads(condition: Condition) -> bool:
    return any(isinstance(trigger, Updated) and not trigger.assets for trigger in condition.triggers)
