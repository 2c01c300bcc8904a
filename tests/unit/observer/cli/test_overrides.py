"""`tidegate override --subject`: one check or monitor that holds nothing for a while."""

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import select

from observer.project import open_project
from orchestration.database import reading
from orchestration.tables import events
from tests.unit.observer.cli.conftest import Tidegate, assert_golden
from tests.unit.observer.shop import TOML, put

DAY = "2024-02-01"
HERE = ("orders", "--partition", DAY)
WHY = ("--reason", "a new feed")
FOR = ("override", "orders", *WHY, "--for", "2h", "--subject")


def fixed(text: str) -> str:
    """Without what differs between two runs: instants and who ran it."""
    return re.sub(r"(by )\S+(: a new feed)", r"\1<user>\2", re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "<instant>", text))


@pytest.mark.parametrize(("name", "told"), [("bad", "failed"), ("boom", "could not be judged")])
def test_it_is_published_and_said(tidegate: Tidegate, folder: Path, name: str, told: str) -> None:
    put(folder, DAY, [name])
    assert tidegate("run", *HERE).code in (1, 3)
    done = tidegate(*FOR, "known")
    assert (done.code, done.err) == (0, "")
    assert_golden("override_subject", fixed(done.out))
    still = tidegate("gate", *HERE)
    assert still.code in (1, 3), "it was judged before"
    assert re.search(r"\(known is overridden until .* UTC by .*: a new feed: that counts when", still.out)
    ran = tidegate("run", *HERE, "--force")
    assert ran.code == 0
    assert re.search(
        rf"(?m)^published orders {DAY}: .* \(known .*; would hold, overridden until .*: a new feed\)", ran.out
    )
    gate = tidegate("gate", *HERE)
    assert gate.code == 0
    assert_golden(f"gate_overridden_{name}", fixed(gate.out))
    assert tidegate("gate", *HERE, "--format", "json").json["overridden"] == ["known"]
    assert f"1 {told}" in gate.out
    with_page = open_project(folder)
    page = with_page.reads().asset("orders")
    with_page.close()
    assert page is not None
    assert page.text.count("would hold, overridden until") == 1
    assert "would hold, overridden until" in page.gate.sentence


def test_it_is_over_when_its_time_is(tidegate: Tidegate, folder: Path) -> None:
    assert tidegate(*FOR, "known").code == 0
    put(folder, DAY, ["bad"])
    (folder / "tidegate.toml").write_text(TOML.replace("2024-03-01 06:00", "2024-03-01 09:00"))
    held = tidegate("run", *HERE)
    assert (held.code, "would hold" in held.out) == (1, False)


def test_who_said_it_why_and_until_when_stays_in_the_log(tidegate: Tidegate, folder: Path) -> None:
    given = tidegate(*FOR, "null_rate(name)", "--partition", DAY, "--format", "json").json
    assert (given["subject"], given["partition"], given["reason"]) == ("null_rate(name)", DAY, "a new feed")
    work = open_project(folder)
    with reading(work.engine) as connection:
        row = connection.execute(select(events).where(events.c.kind == "hold.overridden")).one()
    work.close()
    assert (row.asset, row.partition) == ("orders", DAY)
    assert row.detail == {"hold": "null_rate(name)", **{name: given[name] for name in ("by", "reason", "until")}}
    assert tidegate("versions", "orders").code == 0, "no version was touched"


def test_a_value_of_a_segment_and_a_schema_that_may_hold(tidegate: Tidegate, folder: Path) -> None:
    file = folder / "pipeline.py"
    more = """ob.monitor("row_count", segment="name", severity="error"), ob.monitor("schema", added="error"), """
    metrics = """    metrics=[ob.metric("row_count", segment="name")],\n"""
    before = file.read_text()
    after = before.replace("monitors=[", f"monitors=[{more}", 1).replace("    checks=[", f"{metrics}    checks=[", 1)
    file.write_text(after)
    for subject in ("row_count[name=ada]", "row_count[name is null]", "schema"):
        done = tidegate(*FOR, subject)
        assert (done.code, done.err) == (0, "")
    for subject in ("row_count[name]", "row_count[id=1]"):
        done = tidegate(*FOR, subject)
        assert (done.code, f"no check or monitor is called '{subject}'" in done.err) == (2, True), done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((*FOR, "knwon"), "no check or monitor is called 'knwon'; did you mean 'known'?"),
        ((*FOR, "row_count"), "row_count of orders is of severity warn and holds nothing; nothing was changed"),
        ((*FOR, "known", "--partition", "yesterday"), "yesterday"),
        (("override", "oders", *WHY, "--for", "2h", "--subject", "known"), "did you mean 'orders'"),
        (("override", "orders", *WHY, "--for", "0s", "--subject", "known"), "would have ended"),
        (("override", "orders", "--reason", " ", "--for", "2h", "--subject", "known"), "needs a reason"),
    ],
)
def test_wrong_use_is_two(tidegate: Tidegate, folder: Path, arguments: tuple[str, ...], said: str) -> None:
    done = tidegate(*arguments)
    assert (done.code, said in done.err) == (2, True), done.err
    assert json.loads(tidegate(*arguments, "--format", "json").out)["error"]["code"]
