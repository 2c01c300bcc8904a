"""A small project on disk whose data lies in JSON files beside it: what a day holds is what a test writes there."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

PIPELINE = """
import json
from pathlib import Path

import pandas as pd

import observer as ob

HERE = Path(__file__).parent
days = ob.daily(start="2024-01-01")


@ob.asset(
    partitions=days,
    checks=[ob.unique("id")],
    monitors=[ob.monitor("null_rate", column="name", severity="error"), ob.monitor("score", severity="error")],
)
def orders(context: ob.Context) -> pd.DataFrame:
    print("a print of the user's own")
    day = json.loads((HERE / f"{context.partition}.json").read_text())
    if "raises" in day:
        raise ValueError(day["raises"])
    context.add_metadata(score=day.get("score", 1.0))
    return pd.DataFrame(day["rows"], columns=day.get("columns", ["id", "name"]))


@ob.check(orders)
def known(orders: pd.DataFrame) -> bool:
    if (orders["name"] == "boom").any():
        raise RuntimeError("no idea what boom is")
    return not (orders["name"] == "bad").any()


report = ob.sql_asset("report", partitions=days, sql="select count(*) as orders from {{ orders }}")


@ob.asset
def whole() -> pd.DataFrame:
    return pd.DataFrame({"n": [1, 2, 3]})
"""

TOML = """
[env.local]
clock = "2024-03-01 06:00 UTC"
url = "http://tide.example"
"""


def shop(folder: Path, *, pipeline: str = PIPELINE, toml: str = TOML) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pipeline.py").write_text(textwrap.dedent(pipeline), encoding="utf-8")
    (folder / "tidegate.toml").write_text(toml, encoding="utf-8")
    return folder


def put(folder: Path, day: str, names: Sequence[str | None] = ("ada", "bob"), **more: object) -> None:
    """What `orders` will give for a day: one row a name."""
    body: Mapping[str, object] = {"rows": [[n, name] for n, name in enumerate(names)], **more}
    (folder / f"{day}.json").write_text(json.dumps(body), encoding="utf-8")


def put_lost_names(folder: Path) -> Sequence[str]:
    """Twelve days of orders, the last of which has hardly any names and will be held; gives their keys."""
    days = [(date(2024, 2, 1) + timedelta(days=n)).isoformat() for n in range(12)]
    for n, day in enumerate(days):
        put(folder, day, (["ada"] if day != days[-1] else [None]) * (40 + n * 7 % 11))
    return days
