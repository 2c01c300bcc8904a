"""examples/dbt as it is: models and Python assets in turn, on DuckDB and on PostgreSQL, by the real dbt."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url

import observer as ob
from observer.project import Project
from orchestration.model import Run
from tests.support.dbt import dbt, dbt_python
from tests.support.repository import ROOT

pytestmark = pytest.mark.slow
PYTHON = {"departures", "usual_delays", "report"}
WITHOUT_A_DAY = 'rows = rows[(rows["day"] != 3) | (rows["origin"] != "JFK")]'


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with its manifest. Copy it before you run it."""
    folder = tmp_path_factory.mktemp("dbt") / "example"
    ignored = shutil.ignore_patterns("target", "logs", ".tidegate", "__pycache__")
    shutil.copytree(ROOT / "examples" / "dbt", folder, ignore=ignored)
    dbt(folder / "dbt", "--quiet", "parse")
    return folder


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.postgres)])
def example(
    request: pytest.FixtureRequest, parsed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator["Example"]:
    monkeypatch.setenv("DBT_PYTHON", dbt_python())
    folder = Path(shutil.copytree(parsed, tmp_path / "example"))
    if request.param == "duckdb":
        made = Example(folder, "local", duckdb_rows(folder / ".tidegate" / "flights.duckdb"))
    else:
        url = make_url(request.getfixturevalue("new_database")())
        given = {
            "PGHOST": str(url.query["host"]), "PGUSER": url.username, "PGDATABASE": url.database,
            "PGPASSWORD": url.password or "",
        }  # fmt: skip
        for name, value in given.items():
            monkeypatch.setenv(name, str(value))
        made = Example(folder, "prod", postgres_rows(url.render_as_string(hide_password=False)))
    yield made
    made.close()


class Example:
    """A copy of the example in one of its environments."""

    def __init__(self, folder: Path, environment: str, rows: Callable[[str], list[tuple[object, ...]]]) -> None:
        self.folder, self.rows = folder, rows
        self.environment = environment
        self.project: Project | None = None

    def run(self, selection: str = "*") -> Mapping[str, str]:
        """What became of each asset in a run of a project that was opened anew."""
        return {step.asset: step.status.value for step in self.run_of(selection).steps}

    def run_of(self, selection: str = "*") -> Run:
        self.close()
        self.project = ob.open_project(self.folder, self.environment)
        return self.once_more(selection)

    def once_more(self, selection: str = "*") -> Run:
        """A run of the project as it is open, with the dbt that is warm."""
        assert self.project is not None
        return self.project.run(self.project.plan(selection, None), trigger="test")

    def change(self, old: str, new: str) -> None:
        file = self.folder / "pipeline.py"
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")
        os.utime(file)

    def close(self) -> None:
        if self.project is not None:
            self.project.close()


def duckdb_rows(file: Path) -> Callable[[str], list[tuple[object, ...]]]:
    def rows(sql: str) -> list[tuple[object, ...]]:
        import duckdb

        with duckdb.connect(file, read_only=True) as connection:
            return connection.execute(sql).fetchall()

    return rows


def postgres_rows(url: str) -> Callable[[str], list[tuple[object, ...]]]:
    def rows(sql: str) -> list[tuple[object, ...]]:
        engine = create_engine(url)
        with engine.connect() as connection:
            found = [tuple(row) for row in connection.exec_driver_sql(sql)]
        engine.dispose()
        return found

    return rows


def test_a_failing_test_of_dbts_holds_the_python_asset_below_now_and_later(example: Example) -> None:
    first = example.run_of()
    became = {step.asset: step.status.value for step in first.steps}
    assert set(became.values()) == {"published"}, [step.error for step in first.steps if step.error]
    assert len(became.keys() - PYTHON) >= 10
    assert example.rows("select count(*) from daily_delays") == [(42,)]
    assert example.rows("select count(*) from usual_delays") == [(3,)]
    ((late, carrier),) = example.rows("select late_days, latest_carrier from report")
    assert late == len(example.rows("select * from late_days"))
    assert carrier
    assert {step.status.value for step in example.once_more().steps} == {"skipped"}

    example.change("columns = [", f"{WITHOUT_A_DAY}\n    columns = [")
    second = example.run_of("report")
    became = {step.asset: step.status.value for step in second.steps}
    assert became["daily_delays"] == "held"
    held = next(step for step in second.steps if step.asset == "daily_delays")
    assert "every_day_has_every_airport: 1 failing row" in held.reason
    blocked = {name for name, status in became.items() if status == "blocked"}
    assert blocked == {"usual_delays", "late_days", "report"}
    assert became["carrier_delays"] == "published"
    assert example.rows("select count(*) from daily_delays") == [(42,)], "readers keep the last good version"

    assert example.run("report")["usual_delays"] == "blocked"

    if example.environment == "prod":
        return  # what comes after a good version has nothing to do with the database
    example.change(f"{WITHOUT_A_DAY}\n    columns", "columns")
    became = dict(example.run("report"))
    assert not {"held", "blocked", "failed"} & set(became.values())
    assert became["daily_delays"] == "published"
