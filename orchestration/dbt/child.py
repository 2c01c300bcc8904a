"""The process that dbt runs in: it parses once and then builds one node after the other, as it is asked.

Run as a file, by a Python that has dbt; it imports nothing of Tidegate. It reads a request a line on its input and
writes an answer a line on what was its output, all of them JSON objects. dbt's own words go to its log.

    {"do": "open", "project": ..., "arguments": [...]}                      -> {"target": {...}}
    {"do": "build", "node": id | null, "of": id, "checksum": ..., "tests": [id, ...], "as": [schema, name] | null}
                                                                            -> {"place": [...], "results": [...]}
"""

from __future__ import annotations

import functools
import importlib
import itertools
import json
import os
import queue
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

MISSING, STALE = "missing", "stale"
_ROWS_APART = ("table", "seed")
_LEAN = ("--no-write-json", "--no-populate-cache", "--log-level", "none")
"""Of one build nobody reads artifacts, looks up a relation twice, or watches the console; there is the log."""
_CONSTANT = (
    ("dbt.plugins.manager", "PluginManager", "get_prefixed_modules"),
    ("dbt_common.behavior_flags", "BehaviorFlagRendered", "_default_source"),
)
"""What dbt finds out anew in each invocation, for a quarter of its time, though no process sees it change."""
_CREDENTIALS = ("path", "host", "port", "user", "password", "sslmode", "sslrootcert", "sslcert", "sslkey")


class Session:
    """One project and target; it is parsed when something is built."""

    def __init__(self) -> None:
        self.manifest: Any = None
        self.arguments: list[str] = []

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """What a request gives."""
        if request["do"] == "open":
            return self.open(request["project"], request["arguments"])
        return self.build(request)

    def open(self, project: str, arguments: list[str]) -> dict[str, Any]:
        """Say where the target is."""
        self.arguments = arguments
        try:
            return {"target": _target(project, arguments)}
        except ImportError as error:
            return {"error": str(error), "kind": MISSING}

    def build(self, request: dict[str, Any]) -> dict[str, Any]:
        """Build ``node`` and run tests, or only these; ``as`` names another place for it, which they look at too."""
        from dbt.cli.main import dbtRunner

        if self.manifest is None:
            done = dbtRunner().invoke(["parse", *self.arguments])
            if not done.success:
                return {"error": _said(done)}
            self.manifest = done.result
            _found_out_once()
        node = self.manifest.nodes.get(request["of"]) or self.manifest.sources.get(request["of"])
        if node is None:
            return {"error": f"it has no {request['of']} any more", "kind": STALE}
        is_source = node.resource_type == "source"
        if not is_source and request["checksum"] != node.checksum.checksum:
            return {"error": f"{node.original_file_path} has changed since the manifest was made", "kind": STALE}
        if request["as"] and node.config.materialized not in _ROWS_APART:
            made = f"{node.original_file_path} is made as {node.config.materialized} for this target"
            return {"error": f"{made}, which the manifest did not say; it can't be built aside", "kind": STALE}
        place = [node.database, node.schema, node.identifier if is_source else node.alias]
        wanted = [id_ for id_ in (request["node"], *request["tests"]) if id_ and self._find(id_)]
        if not wanted:
            return {"place": place, "results": []}
        for one in self.manifest.nodes.values():  # what an earlier build has left in them would be taken as done
            if getattr(one, "extra_ctes_injected", False):
                one.extra_ctes_injected, one.extra_ctes, one.compiled = False, [], False
        arguments = ["build", *self.arguments, *_LEAN, "--indirect-selection", "empty", *self._selection(wanted)]
        with _lying(node, request["as"]), _file_open():
            done = dbtRunner(manifest=self.manifest).invoke(arguments)
        results = getattr(done.result, "results", None)
        if results is None:
            return {"error": _said(done)}
        return {"place": place, "results": [_result(one) for one in results]}

    def _find(self, id_: str) -> Any:
        return self.manifest.nodes.get(id_) or self.manifest.unit_tests.get(id_)

    def _selection(self, wanted: list[str]) -> list[str]:
        """What selects these nodes and no other: dbt also takes a name for the folder of that name."""
        chosen = [self._find(id_) for id_ in wanted]
        also = [
            one
            for one in (*self.manifest.nodes.values(), *self.manifest.unit_tests.values())
            if one.unique_id not in wanted and any(_is_below(one, each) for each in chosen)
        ]
        found = ["--select", *map(_selected, chosen)]
        return [*found, "--exclude", *map(_selected, also)] if also else found


def _found_out_once() -> None:
    """Remember what is constant, as far as this version of dbt has it."""
    for module, owner, name in _CONSTANT:
        try:
            found = getattr(importlib.import_module(module), owner)
            setattr(found, name, staticmethod(functools.cache(getattr(found, name))))
        except (ImportError, AttributeError):
            continue


def _selected(node: Any) -> str:
    return f"fqn:{'.'.join(node.fqn)},resource_type:{node.resource_type}"


def _is_below(one: Any, node: Any) -> bool:
    """Whether dbt would take ``one`` for a part of ``node``, by their paths with or without the package."""
    if str(one.resource_type) != str(node.resource_type):
        return False
    return any(path[: len(node.fqn)] == node.fqn for path in (one.fqn, one.fqn[1:]))


@contextmanager
def _lying(node: Any, where: list[str] | None) -> Iterator[None]:
    """The node's relation at another place: whatever refers to it meanwhile finds it there."""
    if where is None:
        yield
        return
    before = node.schema, node.alias, node.relation_name
    node.schema, node.alias = where
    node.relation_name = None
    try:
        yield
    finally:
        node.schema, node.alias, node.relation_name = before


@contextmanager
def _file_open() -> Iterator[None]:
    """A DuckDB file open for the length of a build, and not longer whatever the profile says: others want it, too.

    dbt itself would open and close it for each query, or never close it.
    """
    held = _duckdb()  # none before the first build
    counts = hasattr(held, "handle_count")
    if counts:
        held.handle_count += 1
    try:
        yield
    finally:
        if counts:
            held.handle_count -= 1
        for one in {id(env): env for env in (held, _duckdb()) if env is not None}.values():
            one.close()


def _duckdb() -> Any:
    """What dbt's adapter for DuckDB has open, where that is the adapter."""
    module = sys.modules.get("dbt.adapters.duckdb.connections")
    return getattr(getattr(module, "DuckDBConnectionManager", None), "_ENV", None)


def _result(one: Any) -> dict[str, Any]:
    seconds = {
        timing.name: (timing.completed_at - timing.started_at).total_seconds()
        for timing in one.timing
        if timing.started_at and timing.completed_at
    }
    return {
        "id": one.node.unique_id, "status": str(getattr(one.status, "value", one.status)), "message": one.message,
        "failures": one.failures, "compile_s": seconds.get("compile"), "execute_s": seconds.get("execute"),
    }  # fmt: skip


def _target(project: str, arguments: list[str]) -> dict[str, Any]:
    """The kind of database and what a client of it needs, by dbt's own reading of its profile."""
    from argparse import Namespace

    from dbt.config.runtime import load_profile
    from dbt.flags import set_from_args
    from dbt_common.context import set_invocation_context

    set_invocation_context(dict(os.environ))  # what the profile's env_var() reads

    given = dict(itertools.pairwise(arguments))
    set_from_args(Namespace(profiles_dir=given.get("--profiles-dir") or _profiles(project), project_dir=project), {})
    profile = load_profile(project, {}, target_override=given.get("--target"))
    credentials = profile.credentials
    found = {name: getattr(credentials, name, None) for name in _CREDENTIALS}
    return {
        "name": profile.target_name, "kind": credentials.type, "database": credentials.database,
        "schema": credentials.schema, "settings": {name: value for name, value in found.items() if value is not None},
    }  # fmt: skip


def _profiles(project: str) -> str:
    """Where dbt looks for ``profiles.yml``: as it is told, in the project, at home."""
    told = os.environ.get("DBT_PROFILES_DIR")
    here = os.path.exists(os.path.join(project, "profiles.yml"))
    return told or (project if here else os.path.expanduser("~/.dbt"))


def _said(done: Any) -> str:
    if done.exception is not None:
        return f"{type(done.exception).__name__}: {done.exception}"
    return "dbt failed and did not say why"


def main() -> None:
    """Answer until the input ends; the process that asked is gone then, and so is the reason to go on."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    log = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    requests: queue.Queue[str] = queue.Queue()

    def listen() -> None:
        for line in sys.stdin:
            requests.put(line)
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    session = Session()
    while True:
        request = json.loads(requests.get())
        try:
            answer = session.answer(request)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer, default=str) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
