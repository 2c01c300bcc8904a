"""The catalogue of metrics is one consistent table."""

from __future__ import annotations

import subprocess
import sys

import pytest

from detectors.model import MetricKind
from observer.collectors.compiled import _ASKED_OF, _TOGETHER
from observer.collectors.dialect import DIALECTS, DUCKDB
from observer.errors import CheckError
from observer.metrics import DEFAULT_MONITORS, EFFECTS, METRICS, Level, Order, metric

_DERIVED = {"null_rate", "segment_count"}
"""What the profile works out of other answers, and what counts segments."""


def test_what_is_watched_where_nobody_says_anything() -> None:
    assert DEFAULT_MONITORS == ("row_count", "duration", "schema")


def test_every_column_metric_can_be_measured() -> None:
    columns = {line.name for line in METRICS.values() if line.level is Level.COLUMN}
    for dialect in (DUCKDB, *DIALECTS.values()):
        asked = {name for names in _ASKED_OF[dialect.name].values() for name in names}
        assert asked == set(dialect.metrics)
        measured = {part for name in asked for part in _TOGETHER.get(name, (name,))} | _DERIVED
        assert columns - EFFECTS == measured
    assert all("{column}" in METRICS[name].title for name in columns)


def test_only_durations_ages_and_waits_are_ordered_by_the_wall_clock() -> None:
    by_the_wall = {line.name for line in METRICS.values() if line.order is Order.WALL_CLOCK}
    kinds = (MetricKind.DURATION, MetricKind.FRESHNESS, MetricKind.ARRIVAL)
    assert by_the_wall == {line.name for line in METRICS.values() if line.kind in kinds}


def test_a_name_of_the_users_own_is_a_value_of_the_table() -> None:
    own = metric("orders_per_user")
    assert (own.kind, own.level, own.title) == (MetricKind.VALUE, Level.TABLE, "orders_per_user")
    assert metric("null_rate", column="dep_time").label("dep_time") == "Null rate of dep_time"


@pytest.mark.parametrize(
    ("name", "column", "says"),
    [
        ("nul_rate", "dep_time", "did you mean 'null_rate'"),
        ("qqq", "dep_time", "there are null_rate, distinct_count"),
        ("null_rate", None, "write column='...'"),
        ("row_count", "dep_time", "leave column='dep_time' out"),
        (" ", None, "write a name"),
    ],
)
def test_a_wrong_name_is_told_with_what_to_write(name: str, column: str | None, says: str) -> None:
    with pytest.raises(CheckError, match=says):
        metric(name, column=column)


def test_importing_checks_metrics_and_collectors_loads_nothing_heavy() -> None:
    code = (
        "import sys, observer.checks, observer.metrics, observer.collectors, observer.audit;"
        "print({'pandas', 'numpy', 'pyarrow', 'duckdb', 'scipy', 'great_expectations'} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"
