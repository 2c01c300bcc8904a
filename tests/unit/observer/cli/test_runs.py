"""``tidegate runs``: the last ones, the steps of one, and what they said."""

import textwrap
from pathlib import Path

import pytest

from tests.unit.observer.cli.conftest import Tidegate
from tests.unit.observer.shop import shop

PIPELINE = """
    import observer as ob


    @ob.asset
    def orders(context: ob.Context) -> list[int]:
        context.logger.info("fetched 3 pages")
        context.logger.warning("one was empty\\nand one was short")
        return [1]


    @ob.asset
    def report(orders: list[int]) -> list[int]:
        raise ValueError("no orders")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = shop(tmp_path / "shop", pipeline=textwrap.dedent(PIPELINE))
    monkeypatch.chdir(made)
    return made


def test_runs_their_steps_and_what_they_said(tidegate: Tidegate, folder: Path) -> None:
    assert "nothing has been run yet" in tidegate("runs").out
    tidegate("run", "*")
    (run,) = tidegate("runs", "--format", "json").json
    line = tidegate("runs").out
    assert line.startswith(f"failed      {run['id']}  2024-03-01 06:00 UTC  all assets: 1 published, 1 failed in")
    steps = tidegate("runs", run["id"]).out
    assert "published   orders: " in steps
    assert "(said 2 lines)" in steps
    assert "failed      report: " in steps
    assert f"what they said: tidegate runs {run['id']} --logs" in steps
    said = tidegate("runs", run["id"], "--logs").out.splitlines()
    assert said[0] == "orders, published"
    assert said[1].endswith(" s  info     tidegate.asset.orders: fetched 3 pages")
    assert said[2].endswith(" s  warning  tidegate.asset.orders: one was empty")
    assert said[3].strip() == "and one was short"
    assert "nothing was said" in tidegate("runs", run["id"], "--asset", "report").out
    (page,) = tidegate("runs", run["id"], "--logs", "--format", "json").json
    assert [one["level"] for one in page["logs"][0]["lines"]] == ["info", "warning"]


def test_what_is_not_there_is_named(tidegate: Tidegate, folder: Path) -> None:
    tidegate("run", "*")
    (run,) = tidegate("runs", "--format", "json").json
    unknown = tidegate("runs", run["id"][:-1])
    assert (unknown.code, run["id"] in unknown.err) == (2, True)
    assert tidegate("runs", run["id"], "--asset", "nothing").code == 2
    parted = tidegate("runs", run["id"], "--asset", "orders", "--partition", "a")
    assert parted.code == 2
    assert "leave the partition out" in parted.err
