"""A project whose settings stand in its `pyproject.toml`: whoever is sent to them is sent there."""

from pathlib import Path

import pytest

from observer.config import read
from orchestration.dbt.invoke import Dbt
from orchestration.errors import DbtMissing
from tests.unit.observer.cli.conftest import Tidegate

PIPELINE = """
from dataclasses import dataclass

import observer as ob


@dataclass
class Limits:
    lowest: int


@ob.asset(schedule=ob.cron("0 6 * * *"))
def prices(config: Limits) -> int:
    return config.lowest
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file, with an environment that has a table."""
    (tmp_path / "pipeline.py").write_text(PIPELINE)
    monkeypatch.chdir(tmp_path)
    return _write(tmp_path, "schedules = false")


def _write(folder: Path, line: str, project: str = "pipeline.py") -> Path:
    file = folder / "pyproject.toml"
    file.write_text(f"[tool.tidegate]\nproject = '{project}'\n[tool.tidegate.env.local]\n{line}\n")
    return file


def test_each_refusal_names_the_file_that_has_the_settings(tidegate: Tidegate, settings: Path) -> None:
    own, env = f"{settings} [tool.tidegate]", f"{settings} [tool.tidegate.env.local]"
    assert f"(schedules = false in {env})" in tidegate("schedule", "list").out
    assert f"see config.prices in {own}" in tidegate("run", "prices").err
    assert f"{env} has neither retention=" in tidegate("db", "prune").err
    assert f"{env} has no retention=" in tidegate("prune", "prices").err
    _write(settings.parent, "state = 'sqlite:///pipeline.py/state.db'")
    for verb in (("ls",), ("doctor",), ("db", "upgrade")):
        said = tidegate(*verb)
        assert f"make it writable or set state= in {env}" in said.err + said.out, verb
    _write(settings.parent, "", project="jobs.py")
    assert f"jobs.py; project= in {own} names it" in tidegate("ls").err


def test_the_python_that_has_dbt_is_said_where_the_environment_is(settings: Path) -> None:
    _write(settings.parent, "dbt = { python = '/no/python' }")
    with pytest.raises(DbtMissing, match=r"say in \S*pyproject\.toml \[tool\.tidegate\.env\.local\] which Python"):
        _ = Dbt(settings.parent, read(settings.parent, None).dbt).target
