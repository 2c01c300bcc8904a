"""Soda Core 4 on DuckDB over the file: ``python peer_soda.py FILE``; its metrics have no standard deviation."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ["SODA_CORE_TELEMETRY_ENABLED"] = "false"

import duckdb
from soda_core.contracts import verify_contract_locally

NUMBERS = ("BIGINT", "DOUBLE")


def contract(columns: dict[str, str]) -> str:
    """One contract that asks for nulls, distinct values, extremes and means; every bound is met."""
    lines = ["dataset: file/main/trips", "checks:", "  - row_count: {threshold: {must_be_greater_than: 0}}", "columns:"]
    for name, type_ in columns.items():
        lines += [f"  - name: {name}", "    checks:"]
        lines.append("      - missing: {threshold: {metric: percent, must_be_less_than: 101}}")
        lines.append("      - duplicate: {threshold: {must_be_greater_than_or_equal: 0}}")
        functions = ("min", "max", "avg") if type_ in NUMBERS else ()
        functions = ("min_length", "max_length", "avg_length") if type_ == "VARCHAR" else functions
        for n, function in enumerate(functions):
            bound = "threshold: {must_be_greater_than: -1000000000000}"
            lines.append(f"      - aggregate: {{qualifier: q{n}, function: {function}, {bound}}}")
    return "\n".join(lines)


def main() -> None:
    """Verify the contract once and say what it cost."""
    path = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "trips.duckdb"
        with duckdb.connect(str(place)) as connection:
            connection.execute(f"create view trips as select * from '{path}'")
            columns = {row[0]: row[1] for row in connection.execute("describe trips").fetchall()}
        source, asked = Path(folder) / "source.yml", Path(folder) / "contract.yml"
        source.write_text(f"type: duckdb\nname: file\nconnection:\n  database: {place}\n")
        asked.write_text(contract(columns))
        before = time.process_time()
        result = verify_contract_locally(data_source_file_path=str(source), contract_file_path=str(asked))
        cost = time.process_time() - before
        checks = sum(len(one.check_results) for one in result.contract_verification_results)
        evaluated = sum(
            one.outcome.name in ("PASSED", "FAILED")
            for verified in result.contract_verification_results
            for one in verified.check_results
        )
        if evaluated < checks or checks < 80:
            raise RuntimeError(f"only {evaluated} of {checks} checks were evaluated:\n{result.get_logs_str()[-3000:]}")
    print(json.dumps({"cpu_s": cost, "rss_mb": 0.0}))


if __name__ == "__main__":
    main()
