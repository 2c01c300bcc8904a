"""Built-in checks on generated data say what plain Python says of it, however much was known without asking."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observer.checks import (
    Check,
    accepted_values,
    in_range,
    increasing,
    matches,
    no_gaps,
    not_null,
    text_length,
    unique,
)
from observer.collectors import texts
from orchestration.io.base import ParquetFiles
from tests.support.checked import outcome, outcomes

WHOLE = st.one_of(st.none(), st.integers(-3, 6), st.sampled_from([2**53, 2**53 + 1, -(2**62)]))
SMALL = st.one_of(st.none(), st.integers(-3, 6))
REAL = st.one_of(st.none(), st.floats(-3, 6), st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0, 1e300]))
TEXT = st.one_of(st.none(), st.text(alphabet="abé\n ", max_size=4))
START = datetime(1970, 1, 1, tzinfo=UTC)
INSTANT = st.one_of(st.none(), st.integers(-90_000, 90_000).map(lambda s: START + timedelta(seconds=s)))


def forms(values: Sequence[Any], type_: pa.DataType, folder: Any) -> list[object]:
    table = pa.table({"id": pa.array(range(len(values)), pa.int64()), "x": pa.array(values, type_)})
    file = str(folder / "data.parquet")
    pq.write_table(table, file)
    frame = table.to_pandas(types_mapper=pd.ArrowDtype)
    return [table, frame, ParquetFiles((file,)), pa.concat_tables([table.slice(0, 2), table.slice(2)])]


def known(values: Sequence[Any]) -> list[Any]:
    return [value for value in values if value is not None and value == value]


def agree(cases: Sequence[tuple[Check, int]], data: Sequence[object]) -> None:
    for form in data:
        found = outcomes([check for check, _ in cases], form)
        for (check, bad), told in zip(cases, found, strict=True):
            assert (told.passed, told.failing_rows or 0) == (bad == 0, bad), (check, told.message, type(form))
            assert told.sample is None if bad == 0 else told.sample is not None


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return tmp_path_factory.mktemp("checks")


@settings(max_examples=40, deadline=None)
@given(st.lists(WHOLE | SMALL, max_size=12), st.integers(-4, 7), st.integers(-4, 7))
def test_whole_numbers(folder: Any, values: list[int | None], one: int, other: int) -> None:
    least, most, some = min(one, other), max(one, other), known(values)
    repeated = sum(n - 1 for n in Counter(some).values())
    cases: list[tuple[Check, int]] = [
        (not_null("x"), len(values) - len(some)),
        (unique("x"), repeated),
        (unique("x", "id"), 0),
        (in_range("x", least, most), sum(not least <= value <= most for value in some)),
        (accepted_values("x", range(least, most + 1)), sum(not least <= value <= most for value in some)),
        (accepted_values("x", [least, most], name="two"), sum(value not in (least, most) for value in some)),
    ]
    agree(cases, forms(values, pa.int64(), folder))


@settings(max_examples=40, deadline=None)
@given(st.lists(REAL, max_size=12), st.floats(-3, 6), st.floats(-3, 6), st.sampled_from([pa.float64(), pa.float32()]))
def test_numbers(folder: Any, values: list[float | None], one: float, other: float, type_: pa.DataType) -> None:
    stored = pa.array(values, type_).to_pylist()
    least, most, some = min(one, other), max(one, other), known(stored)
    cases: list[tuple[Check, int]] = [
        (not_null("x"), len(values) - len(some)),
        (unique("x"), len(some) - len(set(some))),
        (in_range("x", min_value=least), sum(value < least for value in some)),
        (in_range("x", max_value=most, name="most"), sum(value > most for value in some)),
        (accepted_values("x", [0.0, 1.0, 1e300]), sum(value not in (0, 1, 1e300) for value in some)),
    ]
    agree(cases, forms(values, type_, folder))


@settings(max_examples=40, deadline=None)
@given(st.lists(TEXT, max_size=12))
def test_texts(folder: Any, values: list[str | None]) -> None:
    check_texts(folder, values)


def check_texts(folder: Any, values: list[str | None]) -> None:
    some = known(values)
    cases: list[tuple[Check, int]] = [
        (unique("x"), len(some) - len(set(some))),
        (text_length("x", 1, 3), sum(not 1 <= len(value) <= 3 for value in some)),
        (accepted_values("x", ["a", "", "é"]), sum(value not in ("a", "", "é") for value in some)),
        (matches("x", "^a*$"), sum(re.search(r"^a*\Z", value) is None for value in some)),
        (matches("x", "a.", name="dot"), sum(re.search("a.", value) is None for value in some)),
        (matches("x", "a", name="least", max_rate=0.0), sum("a" not in value for value in some)),
    ]
    agree(cases, forms(values, pa.string(), folder))


@settings(max_examples=40, deadline=None)
@given(st.lists(TEXT, max_size=12))
def test_texts_that_repeat(folder: Any, values: list[str | None]) -> None:
    """What big tables are asked, of small ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "_LEAST_ROWS", 1)
        patch.setattr(texts, "_FEW", 1.0)
        patch.setattr(texts, "_UNPACKED", math.inf)
        check_texts(folder, values)


@settings(max_examples=30, deadline=None)
@given(st.lists(INSTANT, max_size=12))
def test_time(folder: Any, values: list[datetime | None]) -> None:
    some = known(values)
    hours = {_hour(value) for value in some}
    gone = max(hours) - min(hours) + 1 - len(hours) if hours else 0
    falls = sum(later < earlier for earlier, later in pairwise(some))
    for form in forms(values, pa.timestamp("us", "UTC"), folder):
        assert (outcome(no_gaps("x", "1h"), form).observed or 0) == gone
        assert outcome(increasing("x"), form).failing_rows == falls


def _hour(value: datetime) -> int:
    return (value - START) // timedelta(hours=1)
