"""Values and names as SQL text."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import pytest

from observer.collectors.sql import identifier, literal
from observer.errors import CheckError

HOSTILE = ["a'b", "'; drop table x --", 'a"b', "é☃", "\\", "line\nbreak", "", "c1", "$1", "{x}", "%s", "?"]


VALUES: list[object] = [
    *HOSTILE,
    *(0, -1, 2**62, True, 0.1, -1e300, Decimal("1.50")),
    date(2013, 2, 8),
    datetime.fromisoformat("2013-02-08 01:02:03.000004"),
]
UNFIT: list[object] = [float("nan"), None, [1], {"a": 1}, "a\0b", "\ud800", object(), pd.NaT, Decimal("NaN")]


@pytest.mark.parametrize("value", VALUES)
def test_a_literal_comes_back_as_the_value(value: object) -> None:
    ((back,),) = duckdb.sql(f"SELECT {literal(value)}").fetchall()
    assert back == value


def test_an_instant_with_a_zone_is_itself() -> None:
    instant = datetime(2013, 2, 8, 12, tzinfo=UTC)
    ((seconds,),) = duckdb.sql(f"SELECT epoch({literal(instant)})").fetchall()
    assert seconds == instant.timestamp()
    assert literal(pd.Timestamp(instant)) == literal(instant)


def test_numpy_scalars_read_like_pythons() -> None:
    assert literal(np.int64(3)) == "3"
    assert literal(np.float64(0.5)) == literal(0.5)
    assert literal(np.bool_(True)) == "TRUE"


@pytest.mark.parametrize("value", UNFIT)
def test_what_no_column_can_hold_is_refused(value: object) -> None:
    with pytest.raises(CheckError):
        literal(value)


@pytest.mark.parametrize("name", [name for name in HOSTILE if name])
def test_any_name_can_be_quoted(name: str) -> None:
    described = duckdb.sql(f"SELECT 1 AS {identifier(name)}")
    assert described.columns == [name]
