"""What a scan tells of an expectation is what the real Great Expectations says of the same data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from observer.checks import CheckData, expect
from observer.checks.gx.expectation import ExpectationCheck
from observer.checks.gx.rules import RULES
from observer.collectors.opening import opened
from observer.collectors.patterns import NotPlain
from observer.collectors.relation import Relation
from observer.model import CheckOutcome, Way
from orchestration.model import AssetKey
from tests.support.checked import outcomes

pytestmark = pytest.mark.slow  # the library's process takes seconds to start

WHOLE = st.integers(-3, 6)
REAL = st.sampled_from([-2.5, -0.0, 0.0, 0.1, 0.2, 0.30000000000000004, 1.0, 2.0, 5.5, 1e16, -1e16, 1e-300])
TEXT = st.sampled_from(["", "a", "b", "ab", "é", "e\u0301", "日本", "🙂", "A", " a", "a\nb", "a'b", "a\0b"])
INFINITE = [math.inf, -math.inf]


@st.composite
def frames(draw: st.DrawFn) -> object:
    """A frame, or an Arrow table, of few rows with much in common, and nulls and NaN of every kind."""
    rows = draw(st.integers(0, 7))

    def column(values: st.SearchStrategy[Any], nulls: bool = True) -> list[Any]:
        return draw(st.lists(st.none() | values if nulls else values, min_size=rows, max_size=rows))

    reals = column(REAL | st.sampled_from(INFINITE) if draw(st.booleans()) else REAL)
    texts = column(TEXT)
    frame = pd.DataFrame({
        "i": pd.Series(column(WHOLE, nulls=False), dtype="int64"),
        "n": pd.Series(column(WHOLE), dtype="Int64"),
        "x": pd.Series(reals, dtype="float64"),
        "y": pd.Series(column(REAL), dtype=draw(st.sampled_from(["float64", "Float64"]))),
        "s": pd.Series(texts, dtype=draw(st.sampled_from(["str", "object", "string"]))),
        "t": pd.Series(column(TEXT), dtype="str"),
        "b": pd.Series(column(st.booleans()), dtype=draw(st.sampled_from(["boolean", "object"]))),
        "o": pd.Series(column(WHOLE), dtype="object"),
        "d": pd.Series(column(st.just(pd.Timestamp("2013-02-08"))), dtype="datetime64[us]"),
    })  # fmt: skip
    return pa.Table.from_pandas(frame) if draw(st.booleans()) else frame


COLUMNS = ("i", "n", "x", "y", "s", "t", "b", "o", "d")
NUMBERS, TEXTS = st.sampled_from(["i", "n", "x", "y", "o"]), st.sampled_from(["s", "t"])
ANY = st.sampled_from(COLUMNS)
COUNT = st.integers(0, 7)
MOSTLY = {"mostly": st.sampled_from([1.0, 0.5, 0.0, 0.8, 2 / 3, 1])}
NAMES = st.lists(st.sampled_from([*COLUMNS, "other"]), min_size=1, max_size=9, unique=True) | st.just(list(COLUMNS))
PATTERNS = st.sampled_from(
    [
        "a",
        "^a",
        "b$",
        "^[ab]+$",
        "^$",
        ".",
        "^.$",
        "[^a]",
        r"\d",
        r"^\w*$",
        r"\s",
        r"\Sb",
        "a|b",
        "(ab)?",
        "é",
        "a{1,2}",
        "(?i)A",
    ]
)


def column(kind: st.SearchStrategy[str]) -> dict[str, st.SearchStrategy[Any]]:
    """Mostly of the kind that an expectation is about."""
    return {"column": kind | kind | kind | ANY}


def between(bound: st.SearchStrategy[Any]) -> dict[str, st.SearchStrategy[Any]]:
    return {
        "min_value": st.none() | bound, "max_value": st.none() | bound,
        "strict_min": st.booleans(), "strict_max": st.booleans(),
    }  # fmt: skip


def drawn(*of: Mapping[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({name: value for one in of for name, value in one.items()})


SETS = drawn(column(NUMBERS), MOSTLY, {"value_set": st.lists(WHOLE | REAL, min_size=1, max_size=4)}) | drawn(
    column(TEXTS), MOSTLY, {"value_set": st.lists(TEXT, min_size=1, max_size=4)}
)
PAIR = {"column_A": NUMBERS, "column_B": NUMBERS}
ARGUMENTS: Mapping[str, st.SearchStrategy[dict[str, Any]]] = {
    "ExpectColumnValuesToNotBeNull": drawn(column(ANY), MOSTLY),
    "ExpectColumnValuesToBeNull": drawn(column(ANY), MOSTLY),
    "ExpectColumnValuesToBeBetween": drawn(column(NUMBERS), MOSTLY, between(WHOLE | REAL)),
    "ExpectColumnValuesToBeInSet": SETS,
    "ExpectColumnValuesToNotBeInSet": SETS,
    "ExpectColumnValuesToBeUnique": drawn(column(ANY), MOSTLY),
    "ExpectColumnValueLengthsToBeBetween": drawn(column(TEXTS), MOSTLY, between(COUNT)),
    "ExpectColumnValueLengthsToEqual": drawn(column(TEXTS), MOSTLY, {"value": st.integers(0, 3)}),
    "ExpectColumnValuesToMatchRegex": drawn(column(TEXTS), MOSTLY, {"regex": PATTERNS}),
    "ExpectColumnValuesToNotMatchRegex": drawn(column(TEXTS), MOSTLY, {"regex": PATTERNS}),
    "ExpectCompoundColumnsToBeUnique": drawn(
        MOSTLY, {"column_list": st.lists(ANY, min_size=2, max_size=3, unique=True)}
    ),
    "ExpectColumnPairValuesToBeEqual": drawn(PAIR, MOSTLY) | drawn({"column_A": TEXTS, "column_B": TEXTS}, MOSTLY),
    "ExpectColumnPairValuesAToBeGreaterThanB": drawn(PAIR, MOSTLY, {"or_equal": st.booleans()}),
    "ExpectTableRowCountToBeBetween": drawn(between(COUNT)),
    "ExpectTableRowCountToEqual": drawn({"value": COUNT}),
    "ExpectTableColumnCountToBeBetween": drawn({"min_value": COUNT, "max_value": COUNT}),
    "ExpectTableColumnCountToEqual": drawn({"value": st.integers(7, 10)}),
    "ExpectTableColumnsToMatchOrderedList": drawn({"column_list": NAMES}),
    "ExpectTableColumnsToMatchSet": drawn({"column_set": NAMES, "exact_match": st.booleans()}),
    "ExpectColumnToExist": drawn({"column": ANY | st.just("other"), "column_index": st.none() | st.integers(-10, 10)}),
    "ExpectColumnMinToBeBetween": drawn(column(NUMBERS), between(WHOLE | REAL)),
    "ExpectColumnMaxToBeBetween": drawn(column(NUMBERS), between(WHOLE | REAL)),
    "ExpectColumnSumToBeBetween": drawn(column(NUMBERS), between(WHOLE | REAL)),
    "ExpectColumnMeanToBeBetween": drawn(column(NUMBERS), between(WHOLE | REAL)),
    "ExpectColumnUniqueValueCountToBeBetween": drawn(column(ANY), between(COUNT)),
    "ExpectColumnProportionOfUniqueValuesToBeBetween": drawn(column(ANY), between(COUNT | REAL)),
    "ExpectColumnProportionOfNonNullValuesToBeBetween": drawn(column(ANY), between(COUNT | REAL)),
}
SUMS = ("ExpectColumnSumToBeBetween", "ExpectColumnMeanToBeBetween")


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_scan_says_what_the_library_says(data: st.DataObject) -> None:
    frame = data.draw(frames())
    checks = [expectation(name, data) for name in RULES]
    with opened(frame) as relation:
        assert relation is not None
        held = CheckData(asset=AssetKey("a"), partition=None, value=frame, relation=relation)
        scanned = [check for check in checks if is_scanned(check, relation)]
        for check, mine in zip(scanned, outcomes(scanned, frame), strict=True):
            event(f"{check.expectation}: {mine.way}")
            if mine.way is Way.SCAN:
                assert_same(mine, check.run(held))


def expectation(name: str, data: st.DataObject) -> ExpectationCheck:
    arguments = data.draw(ARGUMENTS[name], name)
    return expect(name, **{key: value for key, value in arguments.items() if value is not None})


def is_scanned(check: ExpectationCheck, relation: Relation) -> bool:
    try:
        check.expressions(relation)
    except (NotPlain, LookupError):
        return False
    return True


def assert_same(mine: CheckOutcome, theirs: CheckOutcome) -> None:
    if mine.check.startswith(SUMS) and theirs.observed is not None:
        assert mine.observed == pytest.approx(theirs.observed, rel=1e-12, abs=1e-280)
        assert mine.passed == theirs.passed
    else:
        evidence = {name: str(value) if value in INFINITE else value for name, value in theirs.evidence.items()}
        assert replace(mine, way=None, sample=None) == replace(theirs, evidence=evidence)
