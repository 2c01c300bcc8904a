"""The expectations that a scan tells exactly as the library would.

A rule is a promise: the same verdict, the same counts and the same rows as the library's own, nulls, NaN, no rows and
``mostly`` included. What it can't promise of some column, engine or argument it leaves to the library.
``tests/property/observer/test_expectations.py`` holds it to that.
"""

from __future__ import annotations

from collections.abc import Mapping

from observer.checks.gx.number_rules import DistinctCount, DistinctRate, Extreme, PresentRate, RowCount, Total
from observer.checks.gx.row_rules import Between, Lengths, Matches, Nulls, Pair, Set, Unique
from observer.checks.gx.rule import Bounds, Rule
from observer.checks.gx.schema_rules import ColumnCount, Exists, OrderedColumns, SameColumns

_BOUNDS = sorted(Bounds.names)

RULES: Mapping[str, Rule] = {
    "ExpectColumnValuesToNotBeNull": Nulls(are_unexpected=True),
    "ExpectColumnValuesToBeNull": Nulls(are_unexpected=False),
    "ExpectColumnValuesToBeBetween": Between(*_BOUNDS),
    "ExpectColumnValuesToBeInSet": Set(is_accepted=True),
    "ExpectColumnValuesToNotBeInSet": Set(is_accepted=False),
    "ExpectColumnValuesToBeUnique": Unique("column"),
    "ExpectColumnValueLengthsToBeBetween": Lengths(*_BOUNDS),
    "ExpectColumnValueLengthsToEqual": Lengths("value"),
    "ExpectColumnValuesToMatchRegex": Matches(is_accepted=True),
    "ExpectColumnValuesToNotMatchRegex": Matches(is_accepted=False),
    "ExpectCompoundColumnsToBeUnique": Unique("column_list", "ignore_row_if"),
    "ExpectColumnPairValuesToBeEqual": Pair("="),
    "ExpectColumnPairValuesAToBeGreaterThanB": Pair(">", "or_equal"),
    "ExpectTableRowCountToBeBetween": RowCount(*_BOUNDS),
    "ExpectTableRowCountToEqual": RowCount("value"),
    "ExpectTableColumnCountToBeBetween": ColumnCount("min_value", "max_value"),
    "ExpectTableColumnCountToEqual": ColumnCount("value"),
    "ExpectTableColumnsToMatchOrderedList": OrderedColumns(),
    "ExpectTableColumnsToMatchSet": SameColumns(),
    "ExpectColumnToExist": Exists(),
    "ExpectColumnMinToBeBetween": Extreme("min"),
    "ExpectColumnMaxToBeBetween": Extreme("max"),
    "ExpectColumnSumToBeBetween": Total(is_mean=False),
    "ExpectColumnMeanToBeBetween": Total(is_mean=True),
    "ExpectColumnUniqueValueCountToBeBetween": DistinctCount(),
    "ExpectColumnProportionOfUniqueValuesToBeBetween": DistinctRate(),
    "ExpectColumnProportionOfNonNullValuesToBeBetween": PresentRate(),
}
