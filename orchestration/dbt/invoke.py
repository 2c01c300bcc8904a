"""Running dbt: a warm process of its own, which parses once and then builds what it is asked for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.dbt import child
from orchestration.dbt.model import Build, Result, ResultStatus
from orchestration.dbt.settings import DbtSettings, Place
from orchestration.dbt.turn import turn
from orchestration.errors import DbtError, DbtMissing

_CHILD = Path(child.__file__)
_LOG = "process.log"
_QUIET = {"DO_NOT_TRACK": "1", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
_PLAIN = ("--no-version-check", "--no-send-anonymous-usage-stats", "--no-use-colors", "--no-print")
_TAKEN = ("could not set lock on file", "conflicting lock is held")
_NAP_S = 0.25
_KEPT = "nothing was published and readers keep what they had"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where dbt puts a project's nodes: the kind of database and what its client needs."""

    name: str
    kind: str
    database: str | None
    schema: str
    settings: Mapping[str, Any]

    def __repr__(self) -> str:  # the settings hold a password
        return f"Target({self.name!r}, {self.kind!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What became of a build: where the node's own place is, and the results by id, those of its tests among them."""

    place: Place
    results: Mapping[str, Result]


class Dbt:
    """A project's dbt in one environment. Thread-safe: builds come one after the other."""

    def __init__(self, project: Path, settings: DbtSettings) -> None:
        self.project, self._settings = project, settings
        mark = f"-{settings.options.mark}" if settings.options.mark else ""
        self._folder = project / "target" / f"tidegate-{settings.target or 'default'}{mark}"
        self._lock = threading.RLock()
        self._process: subprocess.Popen[str] | None = None
        self._owner = 0
        self._target: Target | None = None

    @property
    def target(self) -> Target:
        """The database that its nodes lie in; raises DbtMissing or DbtError."""
        with self._lock:
            if self._target is None or not self._is_alive():
                self._open()
            assert self._target is not None
            return self._target

    def build(self, order: Build, place: tuple[str, str] | None, *, only_test: bool = False) -> Built:
        """Build a node and run its tests; only the tests where it is a source.

        Parameters
        ----------
        place:
            Schema and name of the relation in place of its own.
        only_test:
            Run the tests on what is there.

        Raises
        ------
        DbtMissing, DbtBusy, DbtError
            dbt can't be run, or could not tell what became of it.
        """
        node = order.node
        request = {
            "do": "build", "node": None if node.is_source or only_test else node.id, "of": node.id,
            "checksum": node.checksum,
            "tests": [test.id for test in order.tests], "as": list(place) if place else None,
        }  # fmt: skip
        with self._lock, self._turn():
            if not self._is_alive():
                self._open()
            deadline = time.monotonic() + self._settings.patience_s
            while True:
                answer = self._ask(request)
                if not _is_taken(answer) or time.monotonic() > deadline:
                    break
                time.sleep(_NAP_S)  # a DuckDB file is one process's at a time
        if "error" in answer:
            raise self._refused(answer)
        database, schema, name = answer["place"]
        found = (_result(one, self.without_secrets) for one in answer["results"])
        return Built(place=Place(database=database, schema=schema, name=name), results={one.id: one for one in found})

    def close(self) -> None:
        """End the process; the next use begins another one."""
        with self._lock:
            process, self._process, self._target = self._process, None, None
            if process is None or self._owner != os.getpid():
                return
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
            process.kill()
            process.wait()

    @property
    def log(self) -> Path:
        """dbt's own log."""
        return self._folder / "dbt.log"

    def _turn(self) -> Any:
        what = f"dbt's project {self.project.name} (target {self._settings.target or 'by its profile'})"
        return turn(self._folder, what, self._settings.patience_s)

    def _is_alive(self) -> bool:
        """Whether the process is there and ours: one that was forked away from us belongs to the parent."""
        return self._process is not None and self._owner == os.getpid() and self._process.poll() is None

    def _open(self) -> None:
        if self._owner != os.getpid():
            self._process = None
        self.close()
        self._start()
        answer = self._ask({"do": "open", "arguments": self._arguments(), "project": str(self.project)})
        if "error" in answer:
            self.close()
            raise self._refused(answer)
        said = answer["target"]
        self._target = Target(
            name=said["name"], kind=said["kind"], database=said["database"], schema=said["schema"],
            settings=said["settings"],
        )  # fmt: skip

    def _start(self) -> None:
        python = self._settings.python or sys.executable
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            self._process = subprocess.Popen(
                [python, "-I", str(_CHILD), str(self._folder / _LOG)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, cwd=self.project, env={**os.environ, **_QUIET}, text=True,
                encoding="utf-8",
            )  # fmt: skip
        except OSError as error:
            raise DbtMissing(
                f"dbt can't be run by {python}: {error.strerror}; {_KEPT}; say in {self._settings.where} "
                "which Python has it: dbt = { python = '...' }"
            ) from error
        self._owner = os.getpid()

    def _arguments(self) -> list[str]:
        found = ["--project-dir", str(self.project), "--target-path", str(self._folder)]
        found += ["--log-path", str(self._folder), *_PLAIN]
        if self._settings.profiles is not None:
            found += ["--profiles-dir", str(self._settings.profiles)]
        if self._settings.target is not None:
            found += ["--target", self._settings.target]
        if self._settings.options.variables:
            found += ["--vars", self._settings.options.variables]
        return found

    def _ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError:
            line = ""
        if not line:
            code = process.wait()
            self.close()
            return {"error": f"its process ended (exit code {code}): {self._last_words()}"}
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _last_words(self) -> str:
        try:
            said = (self._folder / _LOG).read_text(encoding="utf-8", errors="replace").split("\n")
        except OSError:
            return "it left no log"
        return " ".join(" ".join(said[-5:]).split())[-400:] or "it said nothing"

    def _refused(self, answer: Mapping[str, Any]) -> DbtError:
        said = self.without_secrets(_one_line(str(answer["error"])))
        kind = answer.get("kind")
        if kind == child.MISSING:
            python = self._settings.python or sys.executable
            return DbtMissing(
                f"dbt isn't installed for {python} ({said}); {_KEPT}; pip install 'tidegate[dbt]', or say in "
                f"{self._settings.where} which Python has it: dbt = {{ python = '...' }}"
            )
        advice = "run dbt parse in it, then run this again" if kind == child.STALE else f"see {self.log}"
        return DbtError(f"dbt's project {self.project.name}: {said}; {_KEPT}; {advice}")

    def without_secrets(self, text: str) -> str:
        """A text of dbt's without the password of its target."""
        password = None if self._target is None else self._target.settings.get("password")
        return text.replace(str(password), "***") if password and len(str(password)) >= 4 else text


def _is_taken(answer: Mapping[str, Any]) -> bool:
    """Whether another process has the database's file open, and nothing was built for that."""
    said = [str(answer.get("error") or "")]
    said += [str(one.get("message")) for one in answer.get("results") or () if one.get("status") == "error"]
    return any(sign in text.lower() for text in said for sign in _TAKEN)


def _result(said: Mapping[str, Any], without_secrets: Callable[[str], str]) -> Result:
    status = said["status"]
    known = status in {one.value for one in ResultStatus}
    return Result(
        id=said["id"], status=ResultStatus(status) if known else ResultStatus.ERROR,
        message=without_secrets(_one_line(str(said["message"] or ""))), failures=said["failures"],
        compile_s=said["compile_s"], execute_s=said["execute_s"],
    )  # fmt: skip


def _one_line(text: str) -> str:
    return " ".join(text.split())[:1000]
