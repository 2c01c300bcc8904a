"""What users measure beside the catalogue: expressions, functions, segments, and monitors on them."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

import observer as ob
from observer.audit import measure
from observer.errors import CheckError
from observer.history import SeriesKey
from observer.model import Audit, Observation
from observer.monitors import Monitor
from observer.own_metrics import OwnMetric
from observer.project import Project, open_project
from observer.store import observations
from orchestration.database import reading
from orchestration.io.base import StagedData
from orchestration.model import Address, AssetKey, Materialization, Staged
from tests.support.databases import new_io
from tests.unit.observer.shop import TOML, shop

FRAME = pd.DataFrame(
    {
        "carrier": ["UA", "UA", "UA", "AA", "AA", None],
        "Price": [1.0, 2.0, 3.0, 10.0, None, 5.0],
        "late": [True, False] * 3,
    }
)
OWN = (
    ob.metric("mean_price", sql="sum(Price) / count(price)"),
    ob.metric("dear", sql="count(case when price > 2 then 1 end)"),
    ob.metric("mean_price_by", sql="avg(Price)", segment="carrier"),
    ob.metric("null_rate", column="Price", segment="carrier"),
    ob.metric("true_rate", column="late", segment="carrier"),
)


def made(asset: str = "orders") -> Materialization:
    return Materialization(
        id="m", asset=AssetKey(asset), partition=None, run_id="r", materialized_at=datetime(2024, 1, 1, tzinfo=UTC),
        data_version="d", code_version="c", fingerprint="f", duration_s=0.1,
    )  # fmt: skip


def audited(data: object, *metrics: OwnMetric) -> Mapping[SeriesKey, Observation]:
    audit: Audit = measure(Staged(materialization=made(), data=data), metrics=metrics)
    return {SeriesKey(o.metric, o.column, o.segment): o for o in audit.observations}


@pytest.fixture(params=["frame", "sqlite", "duckdb", pytest.param("postgres", marks=pytest.mark.postgres)])
def data(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[object]:
    """The same rows in memory and in databases that are asked where the data lies."""
    if request.param == "frame":
        yield FRAME
        return
    io = new_io(request.param, request.getfixturevalue, tmp_path)
    staged: StagedData = io.stage(Address(AssetKey("orders")), "v1", FRAME)
    yield staged.data
    io.close()


def test_expressions_and_segments_say_the_same_everywhere(data: object) -> None:
    found = audited(data, *OWN)
    assert found["mean_price", None, None].value == pytest.approx(21 / 5)
    assert found["dear", None, None].value == 3
    of = {segment: found["mean_price_by", None, segment].value for segment in ("carrier=UA", "carrier=AA")}
    assert of == {"carrier=UA": 2.0, "carrier=AA": 10.0}
    assert found["mean_price_by", None, "carrier is null"].value == 5.0
    assert found["null_rate", "Price", "carrier=AA"].value == 0.5
    assert found["true_rate", "late", "carrier=UA"].value == pytest.approx(2 / 3)
    assert found["row_count", None, "carrier=UA"].value == 3
    assert (found["segment_count", "carrier", None].value, found["segment_count", "carrier", None].reason) == (3, None)


def test_segments_are_bounded_and_the_rest_is_said() -> None:
    found = audited(FRAME, ob.metric("row_count", segment="carrier", most=1))
    assert [key.segment for key in found if key.segment] == ["carrier=UA"]
    count = found["segment_count", "carrier", None]
    assert (count.value, count.reason) == (3, "the 1 with the most rows are measured; 3 rows lie in others")


def test_what_cannot_be_measured_takes_nothing_else_down() -> None:
    found = audited(
        FRAME,
        ob.metric("wrong", sql="sum(carrier)"),
        ob.metric("gone", sql="sum(cost)"),
        ob.metric("wrong_by", sql="sum(carrier)", segment="carrier"),
        ob.metric("nowhere", sql="sum(Price)", segment="region"),
        *OWN,
    )
    assert found["wrong", None, None].value is None
    assert "sum(VARCHAR)" in str(found["wrong", None, None].reason)
    assert "no column is called 'cost'" in str(found["gone", None, None].reason)
    assert found["wrong_by", None, "carrier=UA"].value is None
    assert "'region'" in str(found["segment_count", "region", None].reason)
    assert found["mean_price_by", None, "carrier=UA"].value == 2.0
    assert found["mean_price", None, None].value == pytest.approx(4.2)
    assert found["mean", "Price", None].value == pytest.approx(4.2)


def test_a_function_gets_the_data_in_the_form_that_it_asks_for() -> None:
    def spread(orders: pd.DataFrame) -> float:
        return float(orders["Price"].max() - orders["Price"].min())

    def nothing(orders: pd.DataFrame) -> None: ...

    def raises(orders: pd.DataFrame) -> float:
        raise RuntimeError("no idea")

    found = audited(FRAME, *(ob.metric(f.__name__, function=f) for f in (spread, nothing, raises)))  # type: ignore[arg-type]
    assert found["spread", None, None].value == 9.0
    assert found["nothing", None, None].reason == "the function returned None"
    assert found["raises", None, None].reason == "RuntimeError: no idea"


def test_data_that_is_no_table_has_a_reason() -> None:
    found = audited("a text", ob.metric("total", sql="sum(x)"), ob.metric("row_count", segment="x"))
    assert found["total", None, None].reason == "the data is no table"
    assert found["segment_count", "x", None].reason == "the data is no table"


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (lambda: ob.metric("total"), "says nothing"),
        (lambda: ob.metric("total", sql="amount"), "a value for each row"),
        (lambda: ob.metric("total", sql="sum(a), sum(b)"), "several expressions"),
        (lambda: ob.metric("total", sql="sum(a) from other"), "more than an expression"),
        (lambda: ob.metric("total", sql="(select max(a) from other)"), "holds a query"),
        (lambda: ob.metric("total", sql="sum(a) over ()"), "a window"),
        (lambda: ob.metric("total", sql="sum(a"), "can't be read"),
        (lambda: ob.metric("row_count"), "measured of every version anyway"),
        (lambda: ob.metric("mean", column="a", sql="avg(a)"), "has a metric of that name"),
        (lambda: ob.metric("median", column="a", segment="b"), "by segment there are"),
        (lambda: ob.metric("row_count", segment="a", most=0), "1 to 1,000"),
        (lambda: ob.asset(metrics=[ob.metric("a", sql="sum(a)")] * 2), "declared twice"),
        (lambda: ob.asset(metrics=["sum(a)"]), "takes ob.metric"),  # type: ignore[list-item]
    ],
)
def test_what_cannot_be_is_refused(declare: Callable[[], object], message: str) -> None:
    with pytest.raises(CheckError, match=message):
        declare()


def test_a_monitor_of_a_column_is_one_for_each_of_its_values() -> None:
    keys = [SeriesKey("row_count", None, s) for s in ("carrier=UA", "carrier is null", "origin=UA", None)]
    each = ob.monitor("row_count", segment="carrier").of_each(keys)
    assert [m.id for m in each] == ["row_count[carrier is null]", "row_count[carrier=UA]"]
    assert Monitor(metric="row_count", segment="carrier=UA").of_each(keys)[0].segment == "carrier=UA"


PIPELINE = """
import json
from pathlib import Path

import pandas as pd

import observer as ob

HERE = Path(__file__).parent


@ob.asset(
    partitions=ob.daily(start="2024-01-01"),
    metrics=[ob.metric("mean_price", sql="avg(price)", segment="carrier")],
    monitors=[
        ob.monitor("mean_price", segment="carrier", severity="error"),
        ob.monitor("row_count", segment="carrier=UA"),
    ],
)
def orders(context: ob.Context) -> pd.DataFrame:
    return pd.DataFrame(json.loads((HERE / f"{context.partition}.json").read_text()))
"""


@pytest.fixture
def project(tmp_path: Path, state_url: str) -> Iterator[Project]:
    toml = TOML.replace("2024-03-01", "2024-03-31") + f'state = "{state_url}"\n'
    folder = shop(tmp_path / "shop", pipeline=PIPELINE, toml=toml)
    for n in range(1, 16):
        dear = 300.0 if n == 15 else 30.0 + n % 3
        rows = {"carrier": ["UA"] * 4 + ["AA"] * 3, "price": [10.0 + n % 2] * 4 + [dear] * 3}
        (folder / f"2024-02-{n:02}.json").write_text(json.dumps(rows), encoding="utf-8")
    work = open_project(folder)
    yield work
    work.close()


def test_one_segment_holds_and_says_which(project: Project) -> None:
    done = project.run(project.plan("orders", "2024-02-01..2024-02-14"), trigger="test")
    assert {step.status.value for step in done.steps} == {"published"}
    (step,) = project.run(project.plan("orders", "2024-02-15"), trigger="test").steps
    assert step.status.value == "held"
    page = project.reads().asset("orders")
    assert page is not None
    by_id = {m.id: m for m in page.monitors}
    bad = by_id["mean_price[carrier=AA]"]
    assert bad.sentence.startswith("mean_price where carrier=AA 300, expected ")
    assert by_id["mean_price[carrier=UA]"].status == "passed"
    assert [p.value for p in by_id["row_count[carrier=UA]"].points] == [4.0] * 15
    key = SeriesKey("mean_price", None, "carrier=AA")
    with reading(project.engine) as connection:
        points = observations.load(connection, AssetKey("orders"), {key}, partitioned=True)[key]
    assert [p.value for p in points][-2:] == [32.0, 300.0]


def test_a_value_that_is_no_number_says_so(data: object) -> None:
    metrics = (ob.metric("last", sql="max(carrier)"), ob.metric("last_by", sql="max(carrier)", segment="carrier"))
    seen = audited(data, *metrics)
    assert (seen[SeriesKey("last")].value, seen[SeriesKey("last")].reason) == (None, "it gives no number")
    assert seen[SeriesKey("last_by", None, "carrier=UA")].reason == "it gives no number"
