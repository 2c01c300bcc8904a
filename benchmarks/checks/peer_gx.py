"""Great Expectations on a pandas frame in memory: ``python peer_gx.py FILE RULES``, with its default results."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ["GX_ANALYTICS_ENABLED"] = "false"

import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd


def suite(rules: Any) -> list[gxe.Expectation]:
    """The rules as expectations."""
    made: list[gxe.Expectation] = []
    for kind, *given in rules:
        if kind == "rows":
            made.append(gxe.ExpectTableRowCountToBeBetween(min_value=given[0], max_value=given[1]))
            continue
        column, *more = given
        if kind == "not_null":
            made.append(gxe.ExpectColumnValuesToNotBeNull(column=column, mostly=1 - more[0]))
        elif kind == "range":
            made.append(gxe.ExpectColumnValuesToBeBetween(column=column, min_value=more[0], max_value=more[1]))
        elif kind == "values":
            made.append(gxe.ExpectColumnValuesToBeInSet(column=column, value_set=more[0]))
        elif kind == "regex":
            made.append(gxe.ExpectColumnValuesToMatchRegex(column=column, regex=more[0]))
        elif kind == "length":
            made.append(gxe.ExpectColumnValueLengthsToBeBetween(column=column, min_value=more[0], max_value=more[1]))
        else:
            made.append(gxe.ExpectColumnValuesToBeUnique(column=column))
    return made


def main() -> None:
    """Validate the suite once and say what it cost."""
    rules = json.loads(Path(sys.argv[2]).read_text())
    frame = pd.read_parquet(sys.argv[1])
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    whole = context.data_sources.add_pandas("p").add_dataframe_asset("trips").add_batch_definition_whole_dataframe("b")
    expectations = gx.ExpectationSuite(name="trips", expectations=suite(rules))
    before = time.process_time()
    result = whole.get_batch({"dataframe": frame}).validate(expectations, result_format="SUMMARY")
    cost = time.process_time() - before
    met = sum(bool(one.success) for one in result.results)
    if met < len(rules):
        raise RuntimeError(f"only {met} of {len(rules)} expectations were met")
    print(json.dumps({"cpu_s": cost}))


if __name__ == "__main__":
    main()
