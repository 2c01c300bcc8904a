"""Two assets to begin with: put your own project in this folder's place, by PROJECT=/path docker compose ..."""

import pandas as pd

import observer as ob


@ob.asset(
    checks=[ob.unique("order_id"), ob.in_range("amount", min_value=0)],
    schedule=ob.cron("0 6 * * *", timezone="UTC"),
)
def orders() -> pd.DataFrame:
    """Every order; put your own query here."""
    return pd.DataFrame({"order_id": [1, 2, 3], "country": ["DE", "FR", "DE"], "amount": [20.0, 35.5, 12.0]})


revenue = ob.sql_asset("revenue", sql="select country, sum(amount) as revenue from {{ orders }} group by country")
