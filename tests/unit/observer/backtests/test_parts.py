"""Each part of the partitions, and each segment, has a series of its own and is replayed by itself."""

from pathlib import Path

import observer as ob
from tests.unit.observer.shop import shop

PIPELINE = """
import observer as ob
import pandas as pd

days = ob.daily(start="2024-01-01")


@ob.asset(
    partitions=ob.multi(day=days, region=ob.static("EU", "US")),
    metrics=[ob.metric("row_count", segment="kind")],
    monitors=[ob.monitor("row_count", segment="kind")],
)
def sales(context: ob.Context) -> pd.DataFrame:
    day, region = context.partition.split("|")
    size = (10 if "EU" in region else 1000) + int(day[-2:]) % 3
    return pd.DataFrame({"kind": ["a"] * size + ["b"] * 2 * size})
"""


def test_parts_and_segments_are_replayed_one_by_one(tmp_path: Path) -> None:
    project = ob.open_project(shop(tmp_path / "shop", pipeline=PIPELINE))
    project.run(project.plan("sales", "day=2024-01-01..2024-01-12|region=*"), trigger="test")
    report = ob.backtest(project, "sales")
    found = {(each.part, each.monitor): each for each in report.monitors}
    names = ("row_count[kind=a]", "row_count[kind=b]", "row_count", "duration")
    assert set(found) == {(part, name) for part in ("region=EU", "region=US") for name in names}
    assert {each.points for each in found.values()} == {12}
    small, large = (found[f"region={part}", "row_count[kind=b]"].here for part in ("EU", "US"))
    assert small is not None
    assert large is not None
    assert small.expected is not None
    assert large.expected is not None
    assert small.expected < 30
    assert large.expected > 1990
    assert small.weeks == large.weeks == 5 / 7
    only = ob.backtest(project, "sales", monitor="row_count[kind]")
    assert {each.monitor for each in only.monitors} == set(names[:2])
    assert only.never_measured == ()
    project.close()
