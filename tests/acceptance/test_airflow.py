"""The DAG of `examples/airflow` in a real Airflow, before a real service: what it does of each answer of the gate."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from observer.access import Role
from observer.project import open_project
from observer.tokens import make_token
from tests.support.apart import python_of
from tests.support.repository import ROOT
from tests.unit.observer.shop import put, shop

pytestmark = pytest.mark.soak
PACKAGES = ("apache-airflow==3.3.2", "apache-airflow-providers-http==6.3.0")
DAG = ROOT / "examples" / "airflow" / "dags" / "billing.py"
_COMMAND = "from observer.cli import main; main()"


@dataclass
class Test:
    """One run of the DAG: what it has said until now, and how it ended."""

    __test__ = False
    process: "subprocess.Popen[str]"
    lines: list[str] = field(default_factory=list)
    heard: threading.Event = field(default_factory=threading.Event)

    def follow(self, word: str) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self.lines.append(line)
                if word in line:
                    self.heard.set()
        self.heard.set()

    @property
    def said(self) -> str:
        return "".join(self.lines)


@dataclass(frozen=True)
class Airflow:
    """A home of its own, and a connection to the service."""

    python: Path
    folder: Path
    url: str
    token: str

    def call(self, *words: str, token: str | None = None) -> "subprocess.Popen[str]":
        connection = {"conn_type": "http", "host": self.url, "password": token or self.token}
        settings = {
            "AIRFLOW_HOME": str(self.folder), "AIRFLOW_CONN_TIDEGATE": json.dumps(connection),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.folder / "dags"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor", "NO_PROXY": "127.0.0.1", "PYTHONUNBUFFERED": "1",
        }  # fmt: skip
        return subprocess.Popen(
            [self.python, "-m", "airflow", *words], env={**os.environ, **settings}, cwd=self.folder, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def start(
        self, day: str, until: str = "\0", *, token: str | None = None, dag: str = "billing"
    ) -> tuple[Test, threading.Thread]:
        """Run the DAG of the day after `day`, which asks for `day`; `heard` once it has said `until`, or ended."""
        date = f"{day[:-2]}{int(day[-2:]) + 1:02}"
        test = Test(self.call("dags", "test", dag, date, token=token))
        thread = threading.Thread(target=test.follow, args=(until,))
        thread.start()
        return test, thread

    def run(self, day: str, *, token: str | None = None, dag: str = "billing") -> str:
        """What it has said by its end."""
        test, thread = self.start(day, token=token, dag=dag)
        thread.join(300)
        test.process.wait(10)
        return test.said


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = shop(tmp_path_factory.mktemp("shop"))
    put(made, "2024-02-01")
    put(made, "2024-02-02", ["bad"])
    put(made, "2024-02-03", ["bad"])
    with closing(open_project(made)) as work:
        work.run(work.plan("orders", "2024-02-01..2024-02-03"), trigger="test")
    return made


@pytest.fixture(scope="module")
def airflow(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    python = python_of("airflow", PACKAGES, "Airflow")
    with closing(open_project(folder)) as work:
        _, token = make_token(work, "airflow", Role.VIEWER, assets=["orders"], for_s=None, by="test")
    service = subprocess.Popen(
        [sys.executable, "-c", _COMMAND, "serve", "--port", "0", "--project", str(folder)], text=True,
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    assert service.stderr is not None
    try:
        url = service.stderr.readline().split()[3]
        home = tmp_path_factory.mktemp("airflow")
        (home / "dags").mkdir()
        dag = DAG.read_text()
        assert "poke_interval=60" in dag
        dag = dag.replace("poke_interval=60", "poke_interval=1")
        (home / "dags" / "billing.py").write_text(dag)
        (home / "dags" / "unknown.py").write_text(
            dag.replace("gate/orders", "gate/ordres").replace("billing()", "unknown()")
        )
        made = Airflow(python, home, url, token)
        migrated = made.call("db", "migrate")
        said, _ = migrated.communicate(timeout=300)
        assert migrated.returncode == 0, said
        parsed = made.call("dags", "reserialize")
        parsed.communicate(timeout=120)
        yield made
    finally:
        service.terminate()
        service.communicate(timeout=60)


def loaded(day: str) -> str:
    return f"loading the orders of {day}"


def test_a_held_gate_makes_it_wait_until_the_version_is_released(airflow: Airflow, folder: Path) -> None:
    test, thread = airflow.start("2024-02-02", "held: ")
    try:
        assert test.heard.wait(300), test.said[-3000:]
        assert thread.is_alive(), test.said[-3000:]
        assert loaded("2024-02-02") not in test.said
        with closing(open_project(folder)) as work:
            work.release("orders", "2024-02-02", reason="it is right", by="ana")
        thread.join(300)
        assert loaded("2024-02-02") in test.said, test.said[-3000:]
    finally:
        test.process.kill()
        test.process.wait()


def test_a_token_that_opens_nothing_fails_at_once(airflow: Airflow) -> None:
    said = airflow.run("2024-02-01", token="tidegate_0000000000000000_nothing")
    assert "401" in said
    assert loaded("2024-02-01") not in said


def test_an_asset_that_the_token_is_not_for_is_an_error_and_not_a_wait(airflow: Airflow) -> None:
    said = airflow.run("2024-02-01", dag="unknown")
    assert "403:Forbidden" in said, said[-3000:]
    assert "state=failed" in said
    assert loaded("2024-02-01") not in said


def test_an_open_gate_lets_it_go_on_and_the_token_is_in_no_log(airflow: Airflow) -> None:
    said = airflow.run("2024-02-01")
    kept = [path.read_text(errors="replace") for path in (airflow.folder / "logs").rglob("*") if path.is_file()]
    assert "open: 2024-02-01 was published" in said, said[-3000:]
    assert loaded("2024-02-01") in said
    assert airflow.token not in "\n".join([said, *kept])
