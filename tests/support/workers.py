"""How the tests are shared out among the worker processes of a run (pytest-xdist)."""

import pytest
from _pytest.nodeid import coerce_node_id

_TOGETHER = ("snowflake", "browser")
"""Markers whose tests share something that is slow to start."""
_FIRST = ("snowflake", "browser", "tests/acceptance", "tests/conformance")
"""What takes longest, so that no worker begins it when the others are done."""


def share_out(items: list[pytest.Item]) -> None:
    """Name each test's group, which one worker runs, and put the groups in order.

    A group is a file, or what shares a server, a browser or a finished demo.
    """
    groups = {item: _group(item) for item in items}
    for item, group in groups.items():
        if item.config.getoption("loadgroup", False):
            # pytest-xdist 3.8 writes what is behind the @ into an attribute that pytest 9 no longer reads
            item._id = coerce_node_id(f"{item.nodeid}@{group}")
    first = {group: at for at, group in reversed(list(enumerate(groups.values())))}
    items.sort(key=lambda item: (_rank(groups[item]), first[groups[item]]))


def _group(item: pytest.Item) -> str:
    for marker in _TOGETHER:
        if item.get_closest_marker(marker) is not None:
            return marker
    if "finished_demo" in getattr(item, "fixturenames", ()):
        return "tests/acceptance: demo"
    return item.location[0]


def _rank(group: str) -> int:
    return next((at for at, prefix in enumerate(_FIRST) if group.startswith(prefix)), len(_FIRST))
