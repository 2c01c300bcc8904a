"""The verbs that look after versions, and the doctor's."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from observer.cli.app import app
from tests.unit.observer.cli.conftest import Tidegate, assert_golden
from tests.unit.observer.shop import TOML, put

DAY = "2024-02-01"
HERE = ("orders", "--partition", DAY)
WHY = ("--reason", "ada has left")


def publish(tidegate: Tidegate, folder: Path, *names: str) -> None:
    put(folder, DAY, names)
    assert tidegate("run", "orders+", "--partition", DAY, "--force").code == 0


def hold(tidegate: Tidegate, folder: Path) -> None:
    put(folder, DAY, ["bad"])
    assert tidegate("run", *HERE, "--force").code == 1


def statuses(tidegate: Tidegate) -> list[str]:
    return [one["status"] for one in tidegate("versions", *HERE, "--format", "json").json]


def test_versions_and_rollback(tidegate: Tidegate, folder: Path) -> None:
    assert tidegate("versions", "orders").out == "orders was never materialized; make it: tidegate run orders\n"
    publish(tidegate, folder, "ada", "bob")
    put(folder, DAY, ["bob"])
    assert tidegate("run", *HERE, "--force").code == 0
    done = tidegate("rollback", *HERE, *WHY)
    assert (done.code, done.err) == (0, "")
    assert_golden("rollback", done.out)
    assert_golden("versions", tidegate("versions", *HERE).out)
    again = tidegate("run", "report", "--partition", DAY)
    assert "published report" not in again.out, "report was made from the version that is back"
    newer = tidegate("versions", *HERE, "--format", "json").json[0]
    assert (newer["status"], newer["in_storage"]) == ("rolled_back", True)
    forward = tidegate("rollback", *HERE, *WHY, "--to", newer["id"], "--format", "json").json
    assert (forward["to"], forward["stale"]) == (newer["id"], ["report"])
    assert statuses(tidegate) == ["published", "superseded"]


def test_discard(tidegate: Tidegate, folder: Path) -> None:
    publish(tidegate, folder, "ada")
    hold(tidegate, folder)
    done = tidegate("discard", *HERE, *WHY)
    assert (done.code, done.err) == (0, "")
    assert_golden("discard", done.out)
    assert statuses(tidegate) == ["discarded", "published"]
    gate = tidegate("gate", *HERE)
    assert (gate.code, "its held version was discarded by" in gate.out) == (1, True)
    again = tidegate("discard", *HERE, *WHY)
    assert (again.code, "nothing of orders 2024-02-01 is held; nothing was changed" in again.err) == (2, True)


def test_override(tidegate: Tidegate, folder: Path) -> None:
    publish(tidegate, folder, "ada")
    hold(tidegate, folder)
    done = tidegate("override", *HERE, *WHY, "--for", "2h")
    assert (done.code, done.err) == (0, "")
    assert_golden("override", re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "<instant>", done.out))
    gate = tidegate("gate", *HERE)
    assert (gate.code, gate.out.startswith("orders 2024-02-01: open by override of ")) == (0, True)
    ran = tidegate("run", "report", "--partition", DAY)
    assert (ran.code, "read orders 2024-02-01 while held, by override" in ran.out) == (0, True)
    assert statuses(tidegate) == ["held", "published"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("rollback", *HERE), "Missing option '--reason'"),
        (("rollback", *HERE, "--reason", " "), "needs a reason"),
        (("rollback", *HERE, *WHY), "nothing of orders 2024-02-01 is published"),
        (("rollback", "orders", *WHY), "say which: --partition"),
        (("override", *HERE, *WHY), "Missing option '--for'"),
        (("override", *HERE, *WHY, "--for", "soon"), "--for 'soon' isn't a length of time"),
        (("override", *HERE, *WHY, "--for", "0s"), "would have ended"),
        (("versions", "oders"), "did you mean 'orders'"),
        (("prune", "oders"), "did you mean 'orders'"),
    ],
)
def test_wrong_use_is_two(tidegate: Tidegate, folder: Path, arguments: tuple[str, ...], said: str) -> None:
    done = tidegate(*arguments)
    assert (done.code, said in done.err) == (2, True), done.err


def test_prune(tidegate: Tidegate, folder: Path) -> None:
    publish(tidegate, folder, "ada")
    publish(tidegate, folder, "ada", "bob")
    nothing = tidegate("prune")
    assert nothing.out.startswith("0 versions of 0 addresses removed")
    assert "tidegate.toml [env.local] has no retention=, so every version stays" in nothing.err
    toml = folder / "tidegate.toml"
    toml.write_text(TOML.replace("2024-03-01", "2024-03-02") + "retention = { days = 1 }\n")
    dry = tidegate("prune", "orders", "--dry-run")
    assert dry.out.startswith("0 versions of 0 addresses would be removed"), "it was replaced a moment ago"
    toml.write_text(TOML.replace("2024-03-01", "2024-03-09") + "retention = { days = 1 }\n")
    assert tidegate("prune", "orders", "--dry-run").out.startswith("1 version of 1 address would be removed")
    assert tidegate("prune", "orders").out.startswith("1 version of 1 address removed")
    gone = tidegate("versions", *HERE)
    assert gone.out.count("data removed") == 1
    assert tidegate("doctor", "--deep").code == 0


def test_doctor(tidegate: Tidegate, folder: Path) -> None:
    publish(tidegate, folder, "ada")
    well = tidegate("doctor")
    assert (well.code, well.err) == (0, "")
    assert_golden("doctor", re.sub(r"sqlite:///\S+(.*revision) \d+", r"<state>\1 <revision>", well.out))
    (data,) = (folder / ".tidegate" / "data" / "orders").rglob("data.parquet")
    data.unlink()
    broken = tidegate("doctor", "--format", "json")
    assert (broken.code, broken.json["healthy"]) == (1, False)
    assert [f["part"] for f in broken.json["findings"] if f["health"] == "broken"] == [f"asset orders {DAY}"]
    (folder / "pipeline.py").write_text("1 / 0\n")
    assert tidegate("doctor").code == 3
    (folder / "tidegate.toml").write_text("nonsense")
    assert tidegate("doctor").code == 2
    assert json.loads(tidegate("doctor", "--format", "json").out)["error"]["code"] == "invalid-project"


def test_every_verb_that_opens_a_project_takes_an_environment() -> None:
    def verbs(group: Any) -> Iterator[Any]:
        for verb in group.commands.values():
            yield from verbs(verb) if hasattr(verb, "commands") else (verb,)

    known = verbs(typer.main.get_command(app))
    without = {verb.name for verb in known if not any("--env" in p.opts for p in verb.params)}
    assert without == {"init"}, "init makes a project, and opens none"


HOSTILE = "a'; touch gone; '"
CUT_BY_NAME = f"""
import pandas as pd

import observer as ob

names = ob.static({HOSTILE!r})


@ob.asset(partitions=names, checks=[ob.not_null("x")])
def made() -> pd.DataFrame:
    return pd.DataFrame({{"x": [None, 1.0]}})


@ob.asset(partitions=names)
def below(made: pd.DataFrame) -> pd.DataFrame:
    return made
"""


def test_what_is_to_be_typed_can_be_pasted_whatever_a_partition_is_called(tidegate: Tidegate, folder: Path) -> None:
    (folder / "pipeline.py").write_text(CUT_BY_NAME, encoding="utf-8")
    assert tidegate("run", "made", "--partition", HOSTILE).code == 1
    unsaid = tidegate("release", "made", "--reason", "r").err
    assert shlex.split(unsaid.partition("say which: ")[2]) == ["--partition", HOSTILE]
    released = tidegate("release", "made", "--partition", HOSTILE, "--reason", "r").out
    typed = released.partition("run what waited: ")[2]
    assert shlex.split(typed) == ["tidegate", "run", "made+", "--partition", HOSTILE]
    gone = tidegate("release", "made", "--partition", HOSTILE, "--reason", "r").err
    typed = gone.partition("see: ")[2].splitlines()[0]
    assert shlex.split(typed) == ["tidegate", "gate", "made", "--partition", HOSTILE]
