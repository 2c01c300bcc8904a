"""A project as users write it; only the type checker reads it (`make check`)."""

from dataclasses import dataclass
from pathlib import Path
from typing import assert_type

import pandas as pd

import observer as ob
from observer.checks.function import FunctionCheck
from observer.monitors import Monitor
from observer.project import Project
from observer.testing import Results
from orchestration.assets import Asset
from orchestration.dbt.assets import DbtAssets
from orchestration.model import AssetKey
from orchestration.multi_assets import MultiAsset
from orchestration.partitions import CronPartitions, DailyPartitions
from orchestration.schedule import Condition, Cron

assert_type(ob.cron("0 6 * * *", "2013-01-01"), CronPartitions)
assert_type(ob.cron("0 6 * * *", timezone="Europe/Berlin", catch_up="all"), Cron)
assert_type(ob.any_upstream_updated() & ~ob.held() | ob.on_event("upload"), Condition)
days = ob.daily(start="2013-01-01", end="2013-12-31", timezone="America/New_York")
assert_type(days, DailyPartitions)


@ob.asset
def bare() -> pd.DataFrame:
    return pd.DataFrame()


@ob.asset(
    partitions=days,
    group="raw",
    owners=["ops@example.com"],
    tags=["pii"],
    deps=[bare, "planes"],
    reads={"bare": "proceed"},
    checks=[
        ob.unique("carrier", "flight"),
        ob.not_null("carrier", severity="warn"),
        ob.accepted_values("carrier", ["AA", "UA"], severity="warn"),
        ob.in_range("distance", min_value=0),
        ob.row_count(1),
        ob.expect("ExpectColumnValuesToBeBetween", column="distance", min_value=0),
        *ob.expectations("suite.json", severity="warn", keys=["carrier"], parameters={"share": 0.9}),
    ],
    monitors=[
        ob.monitor("null_rate", column="dep_time", severity="error"),
        ob.monitor("row_count", severity=ob.Severity.WARN, alpha=0.01),
    ],
    gate=ob.GatePolicy(on_unknown="open", on_learning="hold"),
    freshness=ob.FreshnessPolicy(max_age="26h"),
    schedule=ob.on_update() & ob.within("06:00-22:00"),
    code_version="3",
)
def flights(context: ob.Context, bare: pd.DataFrame) -> pd.DataFrame:
    context.add_metadata(days=1, share=0.5, note="text", good=True, nothing=None)
    assert_type(context.partition, str)
    return bare


assert_type(bare, Asset)
assert_type(flights, Asset)
assert_type(ob.monitor("row_count"), Monitor)


@ob.check(flights, severity="error", name="arrivals")
def arrivals(flights: pd.DataFrame) -> ob.CheckResult:
    return ob.CheckResult(passed=flights.empty, message="said", observed=1.0, evidence={"first": 3})


assert_type(arrivals, FunctionCheck)


@ob.source(freshness=ob.FreshnessPolicy(max_age="7d"), checks=[ob.unique("tailnum")])
def planes() -> pd.DataFrame:
    return pd.DataFrame()


daily_delays = ob.sql_asset("daily_delays", "select 1 from {{ flights }}", partitions=days, monitors=[])
assert_type(daily_delays, Asset)

work = ob.open_project(Path("."), "local")
assert_type(work, Project)
frame: object = work.load("flights", "2013-02-07", wants="pd.DataFrame")

# What must not pass; each line needs its exemption, so a hole in the types fails the check.
ob.asset(partition=days)  # type: ignore[call-overload]
ob.monitor("row_count", severity=3)  # type: ignore[arg-type]
ob.GatePolicy(on_unknown="ignore")  # type: ignore[arg-type]
ob.daily("2013-01-01", zone="UTC")  # type: ignore[call-arg]


@dataclass
class Settings:
    lowest: int = 0


@ob.multi_asset({"orders": ob.output(checks=[ob.unique("id")], description="of a day")}, subsettable=True)
def shop(context: ob.Context, config: Settings) -> dict[str, list[int]]:
    assert_type(context.outputs, tuple[AssetKey, ...])
    assert_type(context.partition_keys, tuple[str, ...])
    return {"orders": [config.lowest]}


assert_type(shop, MultiAsset)
assert_type(shop["orders"], Asset)
assert_type(ob.materialize([shop, bare], config={"shop": {"lowest": 3}}), Results)

sales = ob.dbt_assets("sales", sources={"python.flights": flights, "python.planes": "planes"}, gate=ob.GatePolicy())
assert_type(sales, DbtAssets)
assert_type(ob.dbt_assets("sales", schedule=ob.on_update(), monitors={"a": [ob.monitor("row_count")]}), DbtAssets)
ob.dbt_assets("sales", schedule={"*": "0 6 * * *", "orders": ob.on_update()})
ob.dbt_assets("sales", reads={"orders": {"customers": ob.columns("id"), "raw.orders": "proceed"}})
assert_type(sales["orders"], Asset)
assert_type(ob.materialize([sales, bare]), Results)
