"""`tidegate dev` as a process: runs over HTTP, schedules, edits of the project's files, a clean end."""

import json
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import start

_PATIENCE_S = 60.0
_PIPELINE = """
import pandas as pd

import observer as ob


@ob.asset(checks=[ob.unique("id")])
def asked() -> pd.DataFrame:
    return pd.DataFrame({"id": [1, 2, 3]})


@ob.asset(freshness=ob.FreshnessPolicy(max_age="0.05m", refresh=True))
def fresh() -> pd.DataFrame:
    return pd.DataFrame({"id": [1]})


@ob.asset
def slow() -> pd.DataFrame:
    import time

    time.sleep(600)
    return pd.DataFrame({"id": [1]})


@ob.asset
def deadly() -> pd.DataFrame:
    import os
    import pathlib
    import signal

    mark = pathlib.Path("died-once")
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return pd.DataFrame({"id": [1]})


@ob.asset
def delivered() -> pd.DataFrame:
    import pathlib

    if not pathlib.Path("todays-file").exists():
        raise FileNotFoundError("the file of today has not come")
    return pd.DataFrame({"id": [1]})


@ob.asset
def report(delivered: pd.DataFrame) -> pd.DataFrame:
    return delivered
"""


class Dev:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[str] = start(folder, "dev", "--port", "0")
        assert self.process.stderr is not None
        line = self.process.stderr.readline()
        assert "listens on" in line, line + self.process.stderr.read()
        self.url = next(word for word in line.split() if word.startswith("http"))

    def get(self, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read().decode()
        return json.loads(text) if path.startswith("/api") else text

    def until(self, ask: Callable[[], Any], holds: Callable[[Any], bool]) -> Any:
        deadline = time.monotonic() + _PATIENCE_S
        while not holds(found := ask()):
            assert time.monotonic() < deadline, found
            time.sleep(0.05)
        return found

    def ran(self, **body: object) -> Any:
        run = self.get("/api/v1/runs", body)
        return self.until(lambda: self.get(f"/api/v1/runs/{run['id']}"), lambda found: found["ended"])

    def rewrite(self, text: str) -> None:
        (self.folder / "pipeline.py").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    folder = tmp_path_factory.mktemp("dev")
    (folder / "pipeline.py").write_text(_PIPELINE, encoding="utf-8")
    (folder / "tidegate.toml").write_text("[env.local]\n", encoding="utf-8")
    running = Dev(folder)
    yield running
    running.process.kill()
    running.process.communicate()


@pytest.mark.slow
def test_a_run_asked_for_over_http_succeeds(dev: Dev) -> None:
    run = dev.ran(selection="asked", reason="for the test")
    assert (run["status"], [step["status"] for step in run["steps"]]) == ("succeeded", ["published"])
    assert "asked" in dev.get(f"/runs/{run['id']}")


@pytest.mark.slow
def test_what_goes_stale_is_made_without_being_asked_for(dev: Dev) -> None:
    first = dev.ran(selection="fresh")["steps"][0]["materialization_id"]
    gate = dev.until(lambda: dev.get("/api/v1/gate/fresh"), lambda found: found["materialization_id"] != first)
    assert gate["open"]


@pytest.mark.slow
def test_a_run_whose_process_dies_is_begun_again(dev: Dev) -> None:
    run = dev.ran(selection="deadly")
    assert run["status"] == "succeeded"
    at = f"/api/v1/runs/{run['id']}"  # the log says that it has ended a moment before the queue does
    run = dev.until(lambda: dev.get(at), lambda found: found["attempts"][-1]["ended"] is not None)
    assert [one["ended"] for one in run["attempts"]] == ["its process died", "succeeded"]


@pytest.mark.slow
def test_people_hear_of_a_run_that_failed_until_one_goes_well(dev: Dev) -> None:
    def told() -> Any:
        return [one for one in dev.get("/api/v1/incidents")["incidents"] if one["asset"] == "delivered"]

    for _ in range(2):  # the second goes on with the incident of the first
        assert dev.ran(selection="delivered+")["status"] == "failed"
        found = dev.until(told, bool)
        assert [(one["status"], one["subjects"], one["affected"]) for one in found] == [
            ("open", ["failed run"], ["report"])
        ]
        assert "the file of today has not come" in found[0]["sentence"]
    (dev.folder / "todays-file").touch()
    assert dev.ran(selection="delivered+")["status"] == "succeeded"
    assert [one["status"] for one in told()] == ["resolved"]


@pytest.mark.slow
def test_a_run_is_cancelled_over_http(dev: Dev) -> None:
    run = dev.get("/api/v1/runs", {"selection": "slow"})
    at = f"/api/v1/runs/{run['id']}"
    dev.until(lambda: dev.get(at), lambda found: bool(found["steps"]))
    dev.get(f"{at}/cancel", {"reason": "enough"})
    ended = dev.until(lambda: dev.get(at), lambda found: found["ended"])
    assert (ended["status"], ended["cancelled_by"]) == ("cancelled", "someone on this machine")


@pytest.mark.slow
def test_a_broken_edit_keeps_the_last_good_project_and_says_so(dev: Dev) -> None:
    dev.rewrite(_PIPELINE + "\nthis is no Python\n")
    page = dev.until(lambda: dev.get("/"), lambda found: "can&#39;t be used" in found or "can't be used" in found)
    assert "pipeline.py" in page
    assert "asked" in page
    waits = dev.get("/api/v1/runs", {"selection": "asked", "force": True})
    dev.rewrite(_PIPELINE + "\n\n@ob.asset\ndef joined() -> pd.DataFrame:\n    return pd.DataFrame({'n': [1]})\n")
    page = dev.until(lambda: dev.get("/"), lambda found: "joined" in found)
    assert "be used as they are now" not in page
    done = dev.until(lambda: dev.get(f"/api/v1/runs/{waits['id']}"), lambda found: found["ended"])
    assert done["status"] == "succeeded"
    assert dev.ran(selection="joined")["status"] == "succeeded"


@pytest.mark.slow
def test_told_to_stop_it_gives_its_runs_back(dev: Dev) -> None:
    run = dev.get("/api/v1/runs", {"selection": "slow", "reason": "the last one"})
    at = f"/api/v1/runs/{run['id']}"
    dev.until(lambda: dev.get(at), lambda found: bool(found["steps"]))
    dev.process.send_signal(signal.SIGTERM)
    _, said = dev.process.communicate(timeout=_PATIENCE_S)
    assert dev.process.returncode == 0, said
    assert "Traceback" not in said
    from observer.project import open_project
    from observer.requests import queued

    work = open_project(dev.folder)
    row, attempts = queued(work, run["id"])
    work.close()
    assert row is not None
    assert (row.status, [one.ended for one in attempts]) == ("queued", ["its process was told to stop"])
