"""From `tidegate.toml` to the executor of a run."""

import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from observer.config import EnvironmentConfig, read
from observer.errors import ProjectError, UnknownName
from observer.executors import executor_of
from observer.project import open_project
from observer.worker import ProjectRecipe
from orchestration.errors import TidegateError
from orchestration.executors.inline import InlineExecutor
from orchestration.executors.laws import LabRecipe
from orchestration.executors.processes import ProcessExecutor, cores
from orchestration.executors.recipe import ShiftedNow
from orchestration.executors.threads import ThreadExecutor
from tests.support.repository import ROOT
from tests.unit.observer.shop import shop


def config(folder: Path, executor: str = "", more: str = "") -> EnvironmentConfig:
    line = f"executor = {executor}\n" if executor else ""
    (folder / "tidegate.toml").write_text(f"[env.local]\n{line}{more}\n")
    return read(folder, None)


@pytest.mark.parametrize(
    ("executor", "kind", "slots"),
    [
        ("", InlineExecutor, 1),
        ('{ kind = "inline" }', InlineExecutor, 1),
        ("{ }", InlineExecutor, 1),
        ('{ kind = "threads" }', ThreadExecutor, cores()),
        ('{ kind = "threads", workers = 7 }', ThreadExecutor, 7),
        ('{ kind = "processes" }', ProcessExecutor, cores()),
        ('{ kind = "processes", workers = 3 }', ProcessExecutor, 3),
    ],
)
def test_each_kind(tmp_path: Path, executor: str, kind: type, slots: int) -> None:
    made = executor_of(config(tmp_path, executor))(LabRecipe(str(tmp_path)))
    try:
        assert type(made) is kind
        assert made.slots == slots
    finally:
        made.close()


def test_processes_offer_their_resources_and_no_others(tmp_path: Path) -> None:
    from orchestration.executors.base import Limits
    from orchestration.executors.laws import Lab, product_of

    made = executor_of(config(tmp_path, '{ kind = "processes", workers = 1, resources = { gpu = 1 } }'))(
        LabRecipe(str(tmp_path))
    )
    lab = Lab(tmp_path, made)
    try:
        assert "gpu = 1" in lab.fails(lab.do("number", Limits(resources=(("gpu", 2.0),))), "Unsatisfiable").error
        assert product_of(lab.do("number", Limits(resources=(("gpu", 1.0),)))).execute_s >= 0
    finally:
        made.close()


@pytest.mark.parametrize(
    ("executor", "says"),
    [
        ('{ kind = "thread" }', "no kind of executor is called 'thread'; did you mean 'threads'?"),
        ('{ kind = "threads", worker = 2 }', "no setting is called 'worker'; did you mean 'workers'?"),
        ('{ kind = "inline", workers = 2 }', "no setting is called 'workers'"),
        ('{ kind = "threads", workers = 0 }', "workers is how many steps run at once, 1 or more, not 0"),
        ('{ kind = "threads", workers = true }', "1 or more, not True"),
        ('{ kind = "processes", workers = "4" }', "1 or more, not '4'"),
        ('{ kind = "processes", resources = { gpu = 0 } }', "gpu is a number above 0, not 0"),
        ('{ kind = "processes", resources = { gpu = "one" } }', "gpu is a number above 0, not 'one'"),
        ('{ kind = "processes", resources = 3 }', "resources is a table"),
        ('{ kind = "dask" }', "address is missing; write address = '...'"),
        ('{ kind = "dask", address = "tcp://x:1", slots = 0 }', "1 or more, not 0"),
        ('{ kind = "dask", address = "tls://x:1", ca = "ca.pem" }', "ca, cert and key belong together; there is only"),
        ('"threads"', "executor is a table"),
        ('{ kind = 3 }', "no kind of executor is called '3'"),
    ],
)  # fmt: skip
def test_what_can_not_be_is_said_with_the_key(tmp_path: Path, executor: str, says: str) -> None:
    with pytest.raises((ProjectError, UnknownName)) as raised:
        config(tmp_path, executor)
    assert says in str(raised.value)
    assert "executor" in str(raised.value)


@pytest.mark.parametrize(
    ("pools", "says"),
    [
        ("{ db = 0 }", "db is a number above 0, not 0"),
        ("{ db = 1.5 }", "db is how many steps run at once, not 1.5"),
        ("{ db = true }", "db is a number above 0, not True"),
        ("3", "pools is a table"),
    ],
)
def test_pools(tmp_path: Path, pools: str, says: str) -> None:
    assert config(tmp_path, more="pools = { db = 2, web = 1 }").pools == {"db": 2, "web": 1}
    with pytest.raises(ProjectError) as raised:
        config(tmp_path, more=f"pools = {pools}")
    assert says in str(raised.value)


def test_files_and_addresses_of_dask_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHEDULER", "tls://10.0.0.1:8786")
    found = config(
        tmp_path,
        '{ kind = "dask", address = "${SCHEDULER}", slots = 8, ship = true, '
        'ca = "ca.pem", cert = "/a/me.pem", key = "k" }',
    ).executor
    assert (found.address, found.workers, found.ship) == ("tls://10.0.0.1:8786", 8, True)
    assert (found.ca, found.cert, found.key) == (tmp_path / "ca.pem", Path("/a/me.pem"), tmp_path / "k")


def test_a_cluster_that_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from orchestration.executors.dask import DaskExecutor

    monkeypatch.setitem(DaskExecutor.__init__.__kwdefaults__, "connect_s", 0.3)
    make = executor_of(config(tmp_path, '{ kind = "dask", address = "tcp://127.0.0.1:1" }'))
    with pytest.raises(TidegateError, match=r"127\.0\.0\.1:1 can't be used"):
        make(LabRecipe(str(tmp_path)))


def test_a_kind_that_is_not_used_is_not_imported() -> None:
    code = (
        "import sys; from pathlib import Path; from observer.executors import executor_of; "
        "from observer.config import read; executor_of(read(Path(sys.argv[1]), None))(lambda: None).close(); "
        "print(sorted(n for n in sys.modules if n in ('distributed', 'orchestration.executors.threads', "
        "'orchestration.executors.dask')))"
    )
    example = str(ROOT / "examples" / "flights")
    found = subprocess.run([sys.executable, "-c", code, example], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.fixture
def own_path(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    sys.modules.pop("pipeline", None)


@pytest.mark.usefixtures("own_path")
def test_the_recipe_travels_and_opens_no_state(tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop")
    recipe = pickle.loads(pickle.dumps(ProjectRecipe(folder, "local", ShiftedNow())))
    assert type(recipe()).__name__ == "Worker"
    assert not (folder / ".tidegate").exists(), "a worker has no business with the state database"


def test_a_limit_of_what_nothing_counts_in_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pipeline.py").write_text(
        "import observer as ob\n@ob.asset(tags=['heavy'], run=ob.RunPolicy(pool='db'))\ndef a():\n    return 1\n"
    )
    for pools, says in (
        ('{ "tag:havy" = 1 }', "no pool or tag is called 'tag:havy'; did you mean 'tag:heavy'"),
        ("{ heavy = 1 }", "pools: no pool or tag is called 'heavy'"),
        ("{ bd = 1 }", "no pool or tag is called 'bd'"),
    ):
        (tmp_path / "tidegate.toml").write_text(f"[env.local]\npools = {pools}\n")
        with pytest.raises(UnknownName) as raised:
            open_project(tmp_path)
        assert says in str(raised.value)
    (tmp_path / "tidegate.toml").unlink()
    for setting, says in (
        ("pools = { bd = 1 }", " pools: no pool or tag"),
        ("holidays = { '*' = ['USS'] }", " holidays: "),
    ):
        (tmp_path / "pyproject.toml").write_text(f"[tool.tidegate.env.local]\n{setting}\n")
        with pytest.raises((UnknownName, ProjectError)) as raised:
            open_project(tmp_path)
        assert f"{tmp_path / 'pyproject.toml'} [tool.tidegate.env.local]{says}" in str(raised.value)
    (tmp_path / "pyproject.toml").unlink()
    (tmp_path / "tidegate.toml").write_text('[env.local]\npools = { db = 2, "tag:heavy" = 1 }\n')
    work = open_project(tmp_path)
    assert work.runtime.pools == {"db": 2, "tag:heavy": 1}
    work.engine.dispose()
