"""Tidegate: is the table right, and up to date, before anything reads it?

The public face is one import, ``import observer as ob``. Names are looked up when they are first used, so that
importing the face costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from observer.assets import asset, source, sql_asset
    from observer.checks.accepted_values import accepted_values
    from observer.checks.expectation import expect
    from observer.checks.function import CheckResult, check
    from observer.checks.in_range import in_range
    from observer.checks.not_null import not_null
    from observer.checks.row_count import row_count
    from observer.checks.unique import unique
    from observer.model import GatePolicy, Severity
    from observer.monitors import monitor
    from observer.project import open_project
    from orchestration.context import Context
    from orchestration.freshness import FreshnessPolicy
    from orchestration.partitions import daily

__all__ = [
    "CheckResult",
    "Context",
    "FreshnessPolicy",
    "GatePolicy",
    "Severity",
    "accepted_values",
    "asset",
    "check",
    "daily",
    "expect",
    "in_range",
    "monitor",
    "not_null",
    "open_project",
    "row_count",
    "source",
    "sql_asset",
    "unique",
]

_HOMES = {
    "CheckResult": "observer.checks.function",
    "Context": "orchestration.context",
    "FreshnessPolicy": "orchestration.freshness",
    "GatePolicy": "observer.model",
    "Severity": "observer.model",
    "accepted_values": "observer.checks.accepted_values",
    "asset": "observer.assets",
    "check": "observer.checks.function",
    "daily": "orchestration.partitions",
    "expect": "observer.checks.expectation",
    "in_range": "observer.checks.in_range",
    "monitor": "observer.monitors",
    "not_null": "observer.checks.not_null",
    "open_project": "observer.project",
    "row_count": "observer.checks.row_count",
    "source": "observer.assets",
    "sql_asset": "observer.assets",
    "unique": "observer.checks.unique",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'observer' has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
