"""Assets, and how they come to be: graph, plan, runner, versions and the gate's mechanism."""

from orchestration.assets import Asset, asset, source, sql_asset
from orchestration.context import Context
from orchestration.freshness import FreshnessPolicy
from orchestration.partitions import daily

__all__ = ["Asset", "Context", "FreshnessPolicy", "asset", "daily", "source", "sql_asset"]
