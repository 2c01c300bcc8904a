"""Projects that are cut otherwise than by day: each part has a history of its own, windows are read together."""

from pathlib import Path

import pytest

from observer.errors import UnknownName
from observer.project import Project, open_project
from orchestration.model import StepStatus

REGIONS = """
from pathlib import Path

import pandas as pd
import observer as ob

SIZES = {"EU": 5000, "US": 40}
regions = ob.static("EU", "US")
days = ob.daily(start="2024-01-01")

@ob.asset(
    partitions=regions,
    monitors=[ob.monitor("row_count", severity="error")],
    code_version=Path("version").read_text(),
)
def orders(context):
    size = SIZES[context.partition] if Path("version").read_text() != "bad" else 40
    return pd.DataFrame({"n": range(size)})

@ob.asset(partitions=days)
def visits(context):
    return pd.DataFrame({"day": [context.partition]})

@ob.asset(partitions=days, reads={"visits": ob.last(3)})
def week(visits: pd.DataFrame):
    return {"days": sorted(visits["day"])}

customers = ob.dynamic("customers")

@ob.asset(partitions=customers)
def profile(context):
    return context.partition
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tidegate.toml").write_text('[env.local]\nstate = "sqlite:///state.db"\n')
    (tmp_path / "pipeline.py").write_text(REGIONS)
    (tmp_path / "version").write_text("0")
    return tmp_path


def run(work: Project, selection: str, partitions: str | None) -> dict[str, StepStatus]:
    done = work.run(work.plan(selection, partitions), trigger="test")
    return {str(step.address): step.status for step in done.steps}


def test_each_region_is_compared_with_its_own_past(project: Path) -> None:
    for n in range(12):
        (project / "version").write_text(str(n))
        found = run(open_project(project), "orders", "*")
        assert set(found.values()) == {StepStatus.PUBLISHED}, n
    (project / "version").write_text("bad")  # the EU delivers as few rows as the US always does
    assert run(open_project(project), "orders", "*") == {
        "orders EU": StepStatus.HELD,
        "orders US": StepStatus.PUBLISHED,
    }


def test_a_window_is_read_together(project: Path) -> None:
    work = open_project(project)
    assert set(run(work, "week", "2024-01-05").values()) == {StepStatus.PUBLISHED}
    assert work.load("week", "2024-01-05") == {"days": ["2024-01-03", "2024-01-04", "2024-01-05"]}


def test_keys_are_added_while_the_project_runs(project: Path) -> None:
    work = open_project(project)
    assert work.add_partitions("customers", ["ada", "bob"]) == ("ada", "bob")
    assert run(work, "profile", "ada") == {"profile ada": StepStatus.PUBLISHED}
    with pytest.raises(UnknownName, match="did you mean 'bob'"):
        work.load("profile", "bop")


def test_a_selection_by_status(project: Path) -> None:
    work = open_project(project)
    run(work, "orders", "EU")
    assert set(work.select("status:never")) == {"visits", "week", "profile"}
