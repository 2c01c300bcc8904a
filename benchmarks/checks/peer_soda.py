"""Soda Core 4 on a table of DuckDB's: ``python peer_soda.py FILE RULES``; making the table is not its cost."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ["SODA_CORE_TELEMETRY_ENABLED"] = "false"

import duckdb
from soda_core.contracts import verify_contract_locally


def contract(rules: Any) -> dict[str, Any]:
    """The rules as a contract, which is YAML, of which JSON is a part."""
    columns: dict[str, list[dict[str, Any]]] = {}
    table: list[dict[str, Any]] = []
    for n, (kind, *given) in enumerate(rules):
        if kind == "rows":
            bounds = {"must_be_between": {"greater_than_or_equal": given[0], "less_than_or_equal": given[1]}}
            table.append({"row_count": {"threshold": bounds}})
            continue
        column, *more = given
        named: dict[str, Any] = {"qualifier": f"q{n}"}
        if kind == "not_null":
            rate = {"threshold": {"metric": "percent", "must_be_less_than_or_equal": more[0] * 100}}
            one = {"missing": named | (rate if more[0] else {})}
        elif kind == "range":
            one = {"invalid": named | {"valid_min": more[0], "valid_max": more[1]}}
        elif kind == "values":
            one = {"invalid": named | {"valid_values": more[0]}}
        elif kind == "regex":
            one = {"invalid": named | {"valid_format": {"regex": more[0], "name": "form"}}}
        elif kind == "length":
            one = {"invalid": named | {"valid_min_length": more[0], "valid_max_length": more[1]}}
        else:
            one = {"duplicate": named}
        columns.setdefault(column, []).append(one)
    named_columns = [{"name": name, "checks": checks} for name, checks in columns.items()]
    return {"dataset": "file/main/trips", "checks": table, "columns": named_columns}


def main() -> None:
    """Verify the contract once and say what it cost."""
    rules = json.loads(Path(sys.argv[2]).read_text())
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "trips.duckdb"
        with duckdb.connect(str(place)) as connection:
            connection.execute(f"create table trips as select * from '{sys.argv[1]}'")
        source, asked = Path(folder) / "source.yml", Path(folder) / "contract.yml"
        source.write_text(f"type: duckdb\nname: file\nconnection:\n  database: {place}\n")
        asked.write_text(json.dumps(contract(rules)))
        before = time.process_time()
        result = verify_contract_locally(data_source_file_path=str(source), contract_file_path=str(asked))
        cost = time.process_time() - before
        passed = sum(
            one.outcome.name == "PASSED"
            for verified in result.contract_verification_results
            for one in verified.check_results
        )
        if passed < len(rules):
            raise RuntimeError(f"only {passed} of {len(rules)} checks passed:\n{result.get_logs_str()[-3000:]}")
    print(json.dumps({"cpu_s": cost}))


if __name__ == "__main__":
    main()
