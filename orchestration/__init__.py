"""Assets, and how they come to be: graph, plan, runner, versions and the gate's mechanism."""

from orchestration.assets import Asset, asset, source, sql_asset
from orchestration.context import Context
from orchestration.cron import cron
from orchestration.freshness import FreshnessPolicy
from orchestration.mapping import all_partitions, last, mapped
from orchestration.multi_assets import Output, multi_asset
from orchestration.partitions import daily, dynamic, hourly, monthly, multi, static, weekly

__all__ = [
    "Asset",
    "Context",
    "FreshnessPolicy",
    "Output",
    "all_partitions",
    "asset",
    "cron",
    "daily",
    "dynamic",
    "hourly",
    "last",
    "mapped",
    "monthly",
    "multi",
    "multi_asset",
    "source",
    "sql_asset",
    "static",
    "weekly",
]
