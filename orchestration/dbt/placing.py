"""Where tests belong: to the last of the nodes that they read, so that all of them are there when it is judged."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from orchestration.dbt.entries import Entries, reads
from orchestration.dbt.model import Node, Test

_log = logging.getLogger("tidegate.dbt")


def placed(entries: Entries, nodes: Mapping[str, Node]) -> tuple[dict[str, Node], tuple[Test, ...]]:
    """The nodes, each after what only its tests read, and the tests with the node that each belongs to."""
    above = _Above(nodes)
    after: dict[str, dict[str, None]] = {}
    tests = []
    for id_, entry in entries.tests():
        read = _read(entries, entry)
        mine = [one for one in read if one in nodes]
        node = _last(entries, entry, mine, above) if mine else _first_reader(nodes, read)
        if node is None:
            _log.warning("dbt's %s reads nothing that becomes an asset, so nothing here runs it", id_)
            continue
        for other in mine if not nodes[node].is_source else ():
            if other != node and not nodes[other].is_source and above.put(node, other):
                after.setdefault(node, {})[other] = None
        tests.append(_test(id_, entry, node))
    found = {id_: replace(node, after=tuple(after[id_])) if id_ in after else node for id_, node in nodes.items()}
    return found, tuple(tests)


def _read(entries: Entries, entry: Mapping[str, Any]) -> tuple[str, ...]:
    attached = entry.get("attached_node")
    return entries.resolved((*((attached,) if attached else ()), *reads(entry)))


def _last(entries: Entries, entry: Mapping[str, Any], mine: list[str], above: _Above) -> str:
    """Of those that no other one comes after: the one that the test is declared on, else the first that dbt makes."""
    last = [one for one in mine if not any(above.is_above(one, other) for other in mine if other != one)]
    made = [one for one in last if not above.nodes[one].is_source] or last
    attached = entry.get("attached_node")
    return str(attached) if attached in made else made[0]


def _first_reader(nodes: Mapping[str, Node], read: tuple[str, ...]) -> str | None:
    """What reads a source that an asset of the project makes, since that asset's own checks are declared with it."""
    return next((id_ for id_, node in nodes.items() if set(read) & set(node.depends_on)), None)


def _test(id_: str, entry: Mapping[str, Any], node: str) -> Test:
    config = entry.get("config") or {}
    column = entry.get("column_name")
    return Test(
        id=id_, name=str(entry["name"]), node=node,
        is_warning=str(config.get("severity") or "error").lower() == "warn",
        description=" ".join(str(entry.get("description") or "").split()), column=str(column) if column else None,
        warn_if=str(config.get("warn_if") or "!= 0"), error_if=str(config.get("error_if") or "!= 0"),
    )  # fmt: skip


class _Above:
    """What lies above a node, along dbt's edges and those that were put beside them."""

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        self.nodes = nodes
        self._up: dict[str, set[str]] = {id_: set(node.depends_on) for id_, node in nodes.items()}
        self._known: dict[str, frozenset[str]] = {}

    def is_above(self, one: str, other: str) -> bool:
        """Whether ``other`` depends on ``one``."""
        if other not in self._known:
            self._known[other] = frozenset(self._reach(other))
        return one in self._known[other]

    def put(self, node: str, other: str) -> bool:
        """Have ``node`` come after ``other``; False where it does already, or each would wait for the other."""
        if self.is_above(other, node) or self.is_above(node, other):
            return False
        self._up[node].add(other)
        self._known.clear()
        return True

    def _reach(self, start: str) -> set[str]:
        found: set[str] = set()
        left = [start]
        while left:
            for one in self._up.get(left.pop(), ()):
                if one not in found:
                    found.add(one)
                    left.append(one)
        return found
