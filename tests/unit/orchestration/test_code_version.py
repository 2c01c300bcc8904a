"""What makes an asset stale, and what doesn't."""

import importlib.util
import itertools
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.assets import Asset
from orchestration.code_version import CodeVersions

NUMBERS = itertools.count()
PIPELINE = '''
import orchestration as o
from datetime import date
import helpers_N
from helpers_N import tidy, Settings
LIMIT = 3
START = date(2013, 1, 1)
SETTINGS = Settings(1)
def local(value):
    return value + 1
@o.asset(tags=["a"])
def made():
    """Says something."""
    # thinks
    return tidy(local(LIMIT)), helpers_N.other(START), SETTINGS
'''
HELPERS = '''
from dataclasses import dataclass
@dataclass
class Settings:
    n: int
def deep(value):
    return value
def tidy(value):
    """Tidies."""
    return deep(value)
def other(value):
    return value
'''


def version(
    folder: Path, pipeline: str = PIPELINE, helpers: str = HELPERS, monkey: pytest.MonkeyPatch | None = None
) -> str:
    name = f"{next(NUMBERS)}"
    project = folder / name
    project.mkdir()
    (project / f"helpers_{name}.py").write_text(helpers)
    (project / "pipeline.py").write_text(pipeline.replace("helpers_N", f"helpers_{name}"))
    assert monkey is not None
    monkey.syspath_prepend(str(project))
    spec = importlib.util.spec_from_file_location("pipeline_of_the_test", project / "pipeline.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)  # not in sys.modules, as projects are loaded
    spec.loader.exec_module(module)
    asset = module.made
    assert isinstance(asset, Asset)
    return CodeVersions(project).of(asset)


def same_names(text: str) -> str:
    return text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Says something.", "Says another thing."),
        ("# thinks", "# thinks again"),
        ('@o.asset(tags=["a"])', '@o.asset(\n    tags=["b"],\n)'),
        ("LIMIT = 3", "LIMIT = 3\n\n\nUNUSED = 4"),
        ("return value + 1", "return (value\n            + 1)"),
    ],
)
def test_what_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str) -> None:
    pipeline = PIPELINE.replace("helpers_N.other", "tidy")  # a module's name is part of the code
    pipeline = pipeline.replace("import helpers_N\n", "")
    assert old in pipeline
    before = version(tmp_path, pipeline, monkey=monkeypatch)
    assert version(tmp_path, pipeline.replace(old, new), monkey=monkeypatch) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT = 3", "LIMIT = 4"),
        ("date(2013, 1, 1)", "date(2013, 1, 2)"),
        ("Settings(1)", "Settings(2)"),
        ("return value + 1", "return value + 2"),
        ("return tidy(", "return 0, tidy("),
    ],
)
def test_what_makes_it_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str) -> None:
    pipeline = PIPELINE.replace("helpers_N.other", "tidy").replace("import helpers_N\n", "")
    before = version(tmp_path, pipeline, monkey=monkeypatch)
    assert version(tmp_path, pipeline.replace(old, new), monkey=monkeypatch) != before


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ("    return deep(value)", "    return deep(value) or 1", True),
        ("def deep(value):\n    return value", "def deep(value):\n    return -value", True),
        ("Tidies.", "Tidies well.", False),
    ],
)
def test_helpers_of_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, changes: bool
) -> None:
    pipeline = PIPELINE.replace("helpers_N.other", "tidy").replace("import helpers_N\n", "")
    before = version(tmp_path, pipeline, HELPERS, monkeypatch)
    assert old in HELPERS
    assert (version(tmp_path, pipeline, HELPERS.replace(old, new), monkeypatch) != before) is changes


def test_a_module_that_is_used_whole_counts_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The module's name holds a number here, so the same text has two versions; only its own folder can say.
    found = version(tmp_path, monkey=monkeypatch)
    assert len(found) == 16


def test_containers_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = PIPELINE.replace("helpers_N.other", "tidy").replace("import helpers_N\n", "")
    found = {
        version(tmp_path, pipeline.replace("LIMIT = 3", f"LIMIT = {text}"), monkey=monkeypatch)
        for text in ("[1, 23]", "[12, 3]", "[[1], 23]", "(1, 23)", "{1: 23}", "'[1, 23]'", "[]")
    }
    assert len(found) == 7


def test_a_list_that_holds_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = PIPELINE.replace("helpers_N.other", "tidy").replace("import helpers_N\n", "")
    version(tmp_path, pipeline.replace("LIMIT = 3", "LIMIT = []\nLIMIT.append(LIMIT)"), monkey=monkeypatch)


def test_it_is_the_same_in_each_process() -> None:
    code = """
import orchestration as o
from pathlib import Path
from orchestration.code_version import CodeVersions
space = {"o": o}
exec("def made():\\n    inner = lambda: {'a', 'b', 'c'}\\n    return 1 in {1, 2, 'x'}, inner", space)
print(CodeVersions(Path('.')).of(o.asset(space['made'])))
"""
    found = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(found) == 1


def test_the_explicit_version_is_taken_as_it_is(tmp_path: Path) -> None:
    import orchestration as o

    assert CodeVersions(tmp_path).of(o.asset(code_version="7")(same_names)) == "7"


def test_query_text_is_code(tmp_path: Path) -> None:
    import orchestration as o

    codes = CodeVersions(tmp_path)
    assert codes.of(o.sql_asset("a", "select 1")) != codes.of(o.sql_asset("a", "select 2"))
