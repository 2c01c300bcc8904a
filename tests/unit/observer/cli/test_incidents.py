"""The verbs about incidents, in a project whose second day is held."""

from pathlib import Path

import pytest

from tests.unit.observer.cli.conftest import Tidegate
from tests.unit.observer.shop import put

RUN = ("run", "orders", "--partition")


@pytest.fixture
def held(tidegate: Tidegate, folder: Path) -> Tidegate:
    """Incident 1: a day with two equal ids."""
    put(folder, "2024-02-01", rows=[[1, "ada"], [1, "bob"]])
    assert tidegate(*RUN, "2024-02-01").code == 1
    return tidegate


def test_the_inbox_says_that_something_waits_for_somebody_and_then_that_nothing_does(held: Tidegate) -> None:
    listed = held("incidents")
    assert listed.code == 1
    assert listed.out.startswith("#1     error open         2024-03-01 06:00  orders 2024-02-01: ")
    assert listed.out.endswith("; 1 asset downstream\n")
    assert held("incidents", "ack", "1", "-r", "looking").out == "incident #1 is acknowledged\n"
    assert held("incidents").code == 0
    assert held("incidents", "--status", "snoozed").out == "no incident is snoozed\n"
    assert held("incidents", "--format", "json").json["incidents"][0]["status"] == "acknowledged"


def test_an_incident_is_shown_with_what_happened_to_it(held: Tidegate) -> None:
    held("incidents", "assign", "1", "--to", "ana@example.com", "--to", "bo")
    held("incidents", "note", "1", "-r", "asked the vendor")
    said = held("incidents", "show", "1")
    assert said.code == 0
    assert said.out.startswith("incident #1 of severity error is open\norders 2024-02-01: ")
    assert "  owner      ana@example.com, bo\n" in said.out
    assert ": asked the vendor\n" in said.out
    assert said.out.endswith("http://tide.example/incidents/1\n")
    page = held("incidents", "show", "1", "--format", "json").json
    assert [turn["kind"] for turn in page["turns"]] == ["opened", "assigned", "noted"]


def test_what_was_a_false_alarm_counts_against_its_check(held: Tidegate, folder: Path) -> None:
    resolved = held("incidents", "resolve", "1", "--as", "false-alarm", "-r", "ids repeat by design")
    assert resolved.out == "incident #1 is resolved (false-alarm)\n"
    assert (
        "0 %  orders unique(id): 0 confirmed, 0 expected, 1 false alarm, 0 not said"
        in held("incidents", "precision").out
    )
    assert held("incidents", "reopen", "1", "-r", "it was not").out == "incident #1 is open\n"
    assert held("gate", "orders", "-p", "2024-02-01").code == 1  # the gate is left as it was


def test_a_snooze_says_until_when(held: Tidegate) -> None:
    until = "incident #1 is snoozed until 2024-03-01 08:00 UTC\n"
    assert held("incidents", "snooze", "1", "--for", "2h").out == until
    assert held("incidents", "snooze", "1", "--until", "2024-03-01T09:00+01:00").out == until


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ack"], "tidegate incidents ack needs the incident's number: tidegate incidents ack 7"),
        (["list", "1"], "takes no number"),
        (["ack", "9"], "no incident has the number 9; nothing was changed; those that are open: tidegate incidents;"),
        (["show", "9"], "no incident has the number 9;"),
        (["resolve", "1", "-r", "x"], "one of fixed, expected, no-action, false-alarm"),
        (["resolve", "1", "--as", "fixed"], "resolving needs a reason"),
        (
            ["resolve", "1", "--as", "passed", "-r", "x"],
            "'passed' is not one of 'fixed', 'expected', 'no-action', 'fal",
        ),
        (["assign", "1", "--to", "ana\u202ebob"], "the owner 'ana\\u202ebob' has marks that nobody sees; nothing was"),
        (["ack", "1", "--for", "2h"], "goes with snooze"),
        (["snooze", "1", "--until", "2013-01-01"], "would be over already; nothing was changed"),
        (["snooze", "1", "--until", "soon"], "'soon' isn't an instant"),
        (["ack", "1", "--to", "ana"], "--to says whose it is"),
        (["reopen", "1", "-r", "x"], "incident #1 is open: it can't be reopened; nothing was changed"),
    ],
)
def test_wrong_use_says_what_to_write_and_changes_nothing(held: Tidegate, arguments: list[str], said: str) -> None:
    answer = held("incidents", *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert len(held("incidents", "show", "1", "--format", "json").json["turns"]) == 1


def test_maintenance_is_planned_listed_kept_and_ended(tidegate: Tidegate, folder: Path) -> None:
    assert tidegate("maintenance").out == "no maintenance window is open or planned\n"
    planned = tidegate("maintenance", "orders+", "--for", "2h", "-r", "a move")
    assert planned.out.startswith("1    orders+: open until 2024-03-01 08:00 UTC; ")
    weekly = tidegate("maintenance", "report", "--cron", "0 2 * * sun", "--for", "3h", "-r", "backups")
    assert "2    report: at 0 2 * * sun (UTC) for 180 min; " in weekly.out
    put(folder, "2024-02-01", rows=[[1, "ada"], [1, "bob"]])
    assert tidegate(*RUN, "2024-02-01").code == 1  # held as ever
    assert tidegate("incidents", "--format", "json").json["incidents"][0]["status"] == "muted"
    ended = tidegate("maintenance", "--end", "1")
    assert ended.out.startswith("2    report: ")
    assert tidegate("incidents", "--format", "json").json["incidents"][0]["status"] == "open"
    assert tidegate("maintenance", "--end", "1").code == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["orders", "--for", "2h"], "needs a reason"),
        (["orders", "-r", "x"], "--for 2h or --until"),
        (["orders", "-r", "x", "--until", "2024-02-01"], "over at 2024-02-01 00:00 UTC already"),
        (["orders", "-r", "x", "--cron", "often", "--for", "2h"], "five fields"),
        (["orders", "-r", "x", "--cron", "0 2 * * *", "--until", "2025-01-01"], "how long each window lasts"),
        (["order", "-r", "x", "--for", "2h"], "did you mean"),
        (["status:held", "-r", "x", "--for", "2h"], "by other terms than status:"),
    ],
)
def test_a_window_that_can_t_be_meant_is_not_planned(
    tidegate: Tidegate, folder: Path, arguments: list[str], said: str
) -> None:
    answer = tidegate("maintenance", *arguments)
    assert answer.code == 2
    assert said in answer.err
    assert tidegate("maintenance", "--format", "json").json == []
