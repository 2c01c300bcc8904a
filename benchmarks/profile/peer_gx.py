"""Great Expectations on a pandas frame read from the file: ``python peer_gx.py FILE``, metrics only."""

from __future__ import annotations

import json
import os
import sys
import time

os.environ["GX_ANALYTICS_ENABLED"] = "false"

import great_expectations as gx
import pandas as pd

_OF_ALL = ("column_values.null.unexpected_count", "column.distinct_values.count")
_OF_NUMBERS = ("column.min", "column.max", "column.mean", "column.standard_deviation")


def main() -> None:
    """Compute the metrics once and say what it cost."""
    from great_expectations.validator.metric_configuration import MetricConfiguration

    before = time.process_time()
    frame = pd.read_parquet(sys.argv[1])
    context = gx.get_context(mode="ephemeral")
    batch = context.data_sources.add_pandas("p").add_dataframe_asset("trips").add_batch_definition_whole_dataframe("b")
    validator = context.get_validator(batch_request=batch.build_batch_request({"dataframe": frame}))
    asked = [MetricConfiguration("table.row_count", {})]
    for name in frame.columns:
        numeric = pd.api.types.is_numeric_dtype(frame[name]) and not pd.api.types.is_bool_dtype(frame[name])
        names = (*_OF_ALL, *(_OF_NUMBERS if numeric else ()))
        asked += [MetricConfiguration(one, {"column": name}) for one in names]
        if numeric:
            shares = {"column": name}
            values = {"quantiles": (0.25, 0.5, 0.75), "allow_relative_error": False}
            asked.append(MetricConfiguration("column.quantile_values", shares, values))
    found = validator.compute_metrics(asked)
    cost = time.process_time() - before
    values = found[0] if isinstance(found, tuple) else found
    if len(values) < len(asked):
        raise RuntimeError(f"only {len(values)} of {len(asked)} metrics were computed")
    print(json.dumps({"cpu_s": cost, "rss_mb": 0.0}))


if __name__ == "__main__":
    main()
