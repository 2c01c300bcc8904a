import sys
from pathlib import Path

import pytest

from observer.errors import CheckError, ProjectError, UnknownName
from observer.loading import load
from orchestration.errors import CycleError, DefinitionError

HEAD = "import observer as ob\n"


def project(folder: Path, text: str, name: str = "pipeline.py") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture(autouse=True)
def _path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\n", "defines no asset; decorate a function with @ob.asset"),
        ("def f(:\n", "pipeline.py:1 isn't Python: invalid syntax"),
        (
            "\n1 / 0\n",
            "pipeline.py:2 raised ZeroDivisionError while it was imported: division by zero; nothing",
        ),
        ("import nowhere_to_be_found\n", "pipeline.py:1 raised ModuleNotFoundError while it was imported"),
        ("import sys\nsys.exit(0)\n", "pipeline.py:2 raised SystemExit while it was imported: 0"),
        ("raise ValueError\n", "pipeline.py:1 raised ValueError while it was imported; nothing was run"),
        ("import observer\nobserver.nothing\n", "module 'observer' has no attribute 'nothing'"),
    ],
)
def test_a_file_that_cannot_be_used_is_said_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ProjectError) as raised:
        load(project(tmp_path, text))
    assert said in str(raised.value)


def test_a_missing_file_says_what_names_it(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"there is no .*pipeline\.py; project= in the project's settings names it"):
        load(tmp_path / "pipeline.py")


def test_a_helper_beside_it_is_found_and_named_when_it_fails(tmp_path: Path) -> None:
    project(tmp_path, "def rows():\n    return 3\n", "tide_helper_one.py")
    made = load(project(tmp_path, HEAD + "from tide_helper_one import rows\n@ob.asset\ndef a(): return rows()\n"))
    assert made.graph.order == ("a",)
    project(tmp_path, "def rows(:\n", "tide_helper_two.py")
    with pytest.raises(ProjectError, match=r"tide_helper_two\.py:1 isn't Python"):
        load(project(tmp_path, "import tide_helper_two\n"))


@pytest.mark.parametrize("name", ["observer.py", "json.py", "pandas.py"])
def test_a_file_may_not_hide_a_module_that_it_needs(tmp_path: Path, name: str) -> None:
    with pytest.raises(ProjectError, match="can't be called like the module"):
        load(project(tmp_path, HEAD, name))


def test_a_failed_import_leaves_no_module_behind(tmp_path: Path) -> None:
    with pytest.raises(ProjectError):
        load(project(tmp_path, "1 / 0\n", "tide_failing.py"))
    assert "tide_failing" not in sys.modules


def test_what_does_not_fit_together_is_said_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(CycleError):
        load(project(tmp_path, HEAD + "@ob.asset\ndef a(b): ...\n@ob.asset\ndef b(a): ...\n"))
    with pytest.raises(UnknownName, match="did you mean 'orders'"):
        load(project(tmp_path, HEAD + "@ob.asset\ndef orders(): ...\n@ob.asset\ndef b(order): ...\n"))
    with pytest.raises(DefinitionError):
        load(project(tmp_path, HEAD + "@ob.asset\ndef a(*b): ...\n"))
    with pytest.raises(UnknownName, match=r"the check c: no asset is called 'ordrs'; did you mean 'orders'"):
        load(project(tmp_path, HEAD + "@ob.asset\ndef orders(): ...\n@ob.check('ordrs')\ndef c(x): ...\n"))


def test_two_checks_of_one_name_are_refused_however_they_are_declared(tmp_path: Path) -> None:
    twice = (
        HEAD + "@ob.asset(checks=[ob.unique('id', name='c')])\ndef orders(): ...\n@ob.check(orders)\ndef c(x): ...\n"
    )
    with pytest.raises(CheckError, match="orders has two checks or monitors called 'c'"):
        load(project(tmp_path, twice))


def test_checks_join_their_asset(tmp_path: Path) -> None:
    text = HEAD + "@ob.asset(checks=[ob.unique('id')])\ndef orders(): ...\n@ob.check(orders)\ndef more(x): ...\n"
    made = load(project(tmp_path, text))
    assert [check.name for check in made.checks[made.graph.order[0]]] == ["unique(id)", "more"]
