"""The project while its files change: opened anew where it can be, kept as it was where it can't."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from observer.project import open_project
from observer.service.current import Current
from tests.unit.observer.shop import shop

_PIPELINE = """
import observer as ob
from {helper} import number


@ob.asset
def made() -> int:
    return number()
"""


@pytest.fixture
def helper(tmp_path: Path) -> Path:
    """A module of the project's own, under a name that no other test has imported."""
    return tmp_path / f"numbers_of_{tmp_path.name}.py"


@pytest.fixture
def folder(tmp_path: Path, helper: Path) -> Path:
    shop(tmp_path, pipeline=_PIPELINE.format(helper=helper.stem))
    helper.write_text("def number():\n    return 1\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def current(folder: Path) -> Iterator[Current]:
    found = Current(lambda: open_project(folder))
    yield found
    found.work.close()


def edit(file: Path, text: str) -> None:
    """As an editor would, a second later."""
    before = file.stat().st_mtime_ns
    file.write_text(text, encoding="utf-8")
    os.utime(file, ns=(before + 10**9, before + 10**9))


def test_nothing_is_opened_while_nothing_changes(current: Current) -> None:
    work = current.work
    assert current.follow() is False
    assert current.work is work


def test_a_module_that_it_imports_is_one_of_its_files(current: Current, helper: Path) -> None:
    before = current.work.runtime.code_versions["made"]
    edit(helper, "def number():\n    return 2  # another one\n")
    assert current.follow() is True
    assert current.work.runtime.code_versions["made"] != before
    assert current.follow() is False


def test_a_broken_edit_keeps_the_last_good_one_until_it_is_mended(current: Current, folder: Path) -> None:
    good = (folder / "pipeline.py").read_text(encoding="utf-8")
    work = current.work
    edit(folder / "pipeline.py", "this is no Python")
    assert current.follow() is False
    assert current.work is work
    assert current.problem is not None
    assert "pipeline.py:1 isn't Python" in current.problem
    assert current.follow() is False, "it is told once"
    edit(folder / "pipeline.py", good.replace("def made", "def other"))
    assert current.follow() is True
    assert current.problem is None
    assert current.work.graph.order == ("other",)


def test_its_settings_are_followed_too(current: Current, folder: Path) -> None:
    edit(folder / "tidegate.toml", '[env.local]\nnothing = "is called so"\n')
    assert current.follow() is False
    assert current.problem is not None
    assert "nothing" in current.problem


def test_settings_in_a_pyproject_are_followed_as_well(folder: Path) -> None:
    said = (folder / "tidegate.toml").read_text(encoding="utf-8")
    (folder / "tidegate.toml").unlink()
    pyproject = folder / "pyproject.toml"
    pyproject.write_text(
        said.replace("[env.", "[tool.tidegate.env.").replace("project =", "tool.tidegate.project ="), encoding="utf-8"
    )
    current = Current(lambda: open_project(folder))
    edit(pyproject, pyproject.read_text(encoding="utf-8") + '\n[tool.tidegate.env.local]\nnothing = "is called so"\n')
    assert current.follow() is False
    assert current.problem is not None
    current.work.close()
