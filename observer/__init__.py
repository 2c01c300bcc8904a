"""Tidegate: is the table right, and up to date, before anything reads it?

The public face is one import, ``import observer as ob``. Names are looked up when they are first used, so that
importing the face costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dashboards import notebook as figures
    from observer.assets import asset, source, sql_asset
    from observer.backtests.report import backtest
    from observer.change_times import last_change
    from observer.checks.accepted_values import accepted_values
    from observer.checks.answers import CheckResult
    from observer.checks.fresh import fresh
    from observer.checks.function import check
    from observer.checks.gx.expectation import expect
    from observer.checks.gx.suite import expectations
    from observer.checks.has_schema import has_schema
    from observer.checks.in_range import in_range
    from observer.checks.increasing import increasing
    from observer.checks.matches import matches
    from observer.checks.no_gaps import no_gaps
    from observer.checks.not_null import not_null
    from observer.checks.observed import Observations
    from observer.checks.reconciles import reconciles
    from observer.checks.references import references
    from observer.checks.row_count import row_count
    from observer.checks.sql_check import sql_check
    from observer.checks.text_length import text_length
    from observer.checks.unique import unique
    from observer.dbt import dbt_assets
    from observer.externals import external
    from observer.model import GatePolicy, ProfilePolicy, Severity
    from observer.monitors import monitor
    from observer.multi_assets import multi_asset, output
    from observer.own_metrics import metric
    from observer.project import open_project
    from observer.testing import materialize
    from orchestration.context import Context
    from orchestration.cron import cron
    from orchestration.freshness import FreshnessPolicy
    from orchestration.mapping import all_partitions, columns, last, mapped
    from orchestration.partitions import daily, dynamic, hourly, monthly, multi, static, weekly
    from orchestration.run_policy import RunPolicy
    from orchestration.schedule import (
        all_upstreams_updated,
        any_upstream_updated,
        held,
        on_event,
        on_file,
        on_row,
        on_update,
        running,
        stale,
        within,
    )

__all__ = [
    "CheckResult",
    "Context",
    "FreshnessPolicy",
    "GatePolicy",
    "Observations",
    "ProfilePolicy",
    "RunPolicy",
    "Severity",
    "accepted_values",
    "all_partitions",
    "all_upstreams_updated",
    "any_upstream_updated",
    "asset",
    "backtest",
    "check",
    "columns",
    "cron",
    "daily",
    "dbt_assets",
    "dynamic",
    "expect",
    "expectations",
    "external",
    "figures",
    "fresh",
    "has_schema",
    "held",
    "hourly",
    "in_range",
    "increasing",
    "last",
    "last_change",
    "mapped",
    "matches",
    "materialize",
    "metric",
    "monitor",
    "monthly",
    "multi",
    "multi_asset",
    "no_gaps",
    "not_null",
    "on_event",
    "on_file",
    "on_row",
    "on_update",
    "open_project",
    "output",
    "reconciles",
    "references",
    "row_count",
    "running",
    "source",
    "sql_asset",
    "sql_check",
    "stale",
    "static",
    "text_length",
    "unique",
    "weekly",
    "within",
]

_HOMES = {
    "CheckResult": "observer.checks.answers",
    "Context": "orchestration.context",
    "FreshnessPolicy": "orchestration.freshness",
    "GatePolicy": "observer.model",
    "Observations": "observer.checks.observed",
    "ProfilePolicy": "observer.model",
    "RunPolicy": "orchestration.run_policy",
    "Severity": "observer.model",
    "accepted_values": "observer.checks.accepted_values",
    "all_partitions": "orchestration.mapping",
    "all_upstreams_updated": "orchestration.schedule",
    "any_upstream_updated": "orchestration.schedule",
    "asset": "observer.assets",
    "backtest": "observer.backtests.report",
    "check": "observer.checks.function",
    "columns": "orchestration.mapping",
    "cron": "orchestration.cron",
    "daily": "orchestration.partitions",
    "dbt_assets": "observer.dbt",
    "dynamic": "orchestration.partitions",
    "expect": "observer.checks.gx.expectation",
    "expectations": "observer.checks.gx.suite",
    "external": "observer.externals",
    "fresh": "observer.checks.fresh",
    "has_schema": "observer.checks.has_schema",
    "held": "orchestration.schedule",
    "hourly": "orchestration.partitions",
    "in_range": "observer.checks.in_range",
    "increasing": "observer.checks.increasing",
    "last": "orchestration.mapping",
    "last_change": "observer.change_times",
    "mapped": "orchestration.mapping",
    "matches": "observer.checks.matches",
    "materialize": "observer.testing",
    "metric": "observer.own_metrics",
    "monitor": "observer.monitors",
    "monthly": "orchestration.partitions",
    "multi": "orchestration.partitions",
    "multi_asset": "observer.multi_assets",
    "no_gaps": "observer.checks.no_gaps",
    "not_null": "observer.checks.not_null",
    "on_event": "orchestration.schedule",
    "on_file": "orchestration.schedule",
    "on_row": "orchestration.schedule",
    "on_update": "orchestration.schedule",
    "open_project": "observer.project",
    "output": "observer.multi_assets",
    "reconciles": "observer.checks.reconciles",
    "references": "observer.checks.references",
    "row_count": "observer.checks.row_count",
    "running": "orchestration.schedule",
    "source": "observer.assets",
    "sql_asset": "observer.assets",
    "sql_check": "observer.checks.sql_check",
    "stale": "orchestration.schedule",
    "static": "orchestration.partitions",
    "text_length": "observer.checks.text_length",
    "unique": "observer.checks.unique",
    "weekly": "orchestration.partitions",
    "within": "orchestration.schedule",
}


_FIGURES = "dashboards.notebook"
"""The only thing that is handed down from above: a person in a notebook has one import, and nothing here uses it."""


def __getattr__(name: str) -> object:
    if name != "figures" and name not in _HOMES:
        raise AttributeError(f"module 'observer' has no attribute {name!r}")
    value: object = import_module(_FIGURES) if name == "figures" else getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
