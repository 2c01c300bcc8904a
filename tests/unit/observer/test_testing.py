"""The testing mode, as a user writes it."""

import pandas as pd
import pytest

import observer as ob
from orchestration.errors import UnknownName

days = ob.daily(start="2024-01-01")


@ob.asset(partitions=days)
def orders_raw(context: ob.Context) -> pd.DataFrame:
    missing = context.partition == "2024-02-01"
    names = [None if missing and n % 2 else f"c{n}" for n in range(200)]
    return pd.DataFrame({"customer": names, "amount": range(200)})


@ob.asset(
    partitions=days,
    checks=[ob.not_null("amount")],
    monitors=[ob.monitor("null_rate", column="customer", severity="error")],
)
def orders(orders_raw: pd.DataFrame) -> pd.DataFrame:
    return orders_raw


totals = ob.sql_asset("totals", partitions=days, sql="select sum(amount) as total from {{ orders }}")


@ob.check(orders)
def amounts_are_known(orders: pd.DataFrame) -> bool:
    return bool(orders["amount"].notna().all())


PIPELINE = [orders_raw, orders, totals]


def test_a_bad_day_is_held_before_anything_reads_it() -> None:
    result = ob.materialize(
        PIPELINE, partition="2024-02-01", history="2024-01-01..2024-01-31", checks=[amounts_are_known]
    )
    assert result["orders"].outcome == "held"
    assert result["orders"].reason.startswith("Null rate of customer 50 %")
    assert result["totals"].outcome == "blocked"
    assert result["totals"].value is None
    assert isinstance(result["orders"].value, pd.DataFrame)  # what is held can be looked at
    assert {e.subject for e in result["orders"].evaluations} >= {"not_null(amount)", "amounts_are_known", "row_count"}


def test_a_good_day_gives_values_and_observations() -> None:
    result = ob.materialize(PIPELINE, partition="2024-01-01..2024-01-02")
    assert [made.outcome for made in result.all_of("totals")] == ["published", "published"]
    frame = result["totals"].value
    assert isinstance(frame, pd.DataFrame)
    assert frame["total"].tolist() == [199 * 100]
    rows = {o.metric: o.value for o in result["orders"].observations if o.column is None}
    assert rows["row_count"] == 200


def test_a_misspelt_name_is_told() -> None:
    with pytest.raises(UnknownName, match="did you mean 'orders'"):
        ob.materialize(PIPELINE, partition="2024-01-01")["order"]
