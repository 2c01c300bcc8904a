"""A shop with two months of real runs: one day held, one that warned and was published."""

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

import observer as ob
from observer.project import Project
from tests.unit.observer.shop import PIPELINE, TOML, put, shop

FIRST, DAYS = date(2024, 1, 1), 60
HELD, LARGE = "2024-02-10", "2024-02-15"
TIGHT = '\n[env.tight]\nclock = "2024-03-01 06:00 UTC"\nfalse_alarms_per_week = 0.001\n'


def day(n: int) -> str:
    return (FIRST + timedelta(days=n)).isoformat()


@pytest.fixture(scope="session")
def _finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = shop(tmp_path_factory.mktemp("backtests") / "shop", pipeline=PIPELINE, toml=TOML + TIGHT)
    for n in range(DAYS):
        names: list[str | None] = ["ada"] * (40 + n * 7 % 11)
        if day(n) == HELD:
            names = [None] * 45
        put(folder, day(n), names * (9 if day(n) == LARGE else 1), score=1.0 + n * 5 % 7 / 10)
    project = ob.open_project(folder)
    project.run(project.plan("orders", f"{day(0)}..{day(DAYS - 1)}"), trigger="test")
    project.run(project.plan("whole", None), trigger="test")
    project.close()
    return folder


@pytest.fixture
def folder(_finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(_finished, tmp_path / "shop"))


@pytest.fixture
def project(folder: Path) -> Iterator[Project]:
    made = ob.open_project(folder)
    yield made
    made.close()
