"""`tidegate mark`: its text, its JSON and its exit codes."""

import re
from pathlib import Path

import pytest
from sqlalchemy import select

import observer as ob
from observer.cli.user import user_name
from orchestration.database import reading
from orchestration.events import EventKind
from orchestration.tables import events
from tests.unit.observer.cli.conftest import Tidegate, assert_golden
from tests.unit.observer.shop import put_lost_names


@pytest.fixture
def last(tidegate: Tidegate, folder: Path) -> str:
    """The last of twelve days of orders; it has hardly any names and is held."""
    days = put_lost_names(folder)
    assert tidegate("run", "orders", "--partition", f"{days[0]}..{days[-1]}").code == 1
    return days[-1]


def logged(folder: Path) -> list[tuple[str, object, object]]:
    """The events of the log that tell what people said."""
    work = ob.open_project(folder)
    with reading(work.engine) as connection:
        kinds = (EventKind.FEEDBACK_GIVEN, EventKind.FEEDBACK_TAKEN_BACK)
        rows = connection.execute(select(events).where(events.c.kind.in_(kinds)).order_by(events.c.id)).all()
    work.close()
    return [(row.kind, row.detail.get("as"), row.detail["reason"]) for row in rows]


def test_a_word_is_previewed_given_listed_and_taken_back(tidegate: Tidegate, folder: Path, last: str) -> None:
    of = ("mark", "orders", "--partition", last)
    steps = [
        tidegate(*of, "--as", "expected", "--preview"),
        tidegate(*of, "--as", "expected", "--reason", "names are gone for good"),
        tidegate("mark", "orders", "--undo", "--reason", "they came back"),
        tidegate("mark", "orders"),
    ]
    assert [(step.code, step.err) for step in steps] == [(0, "")] * 4
    assert_golden("mark", "\n".join(step.out for step in steps).replace(f" {user_name()}: ", " <user>: "))
    listed = tidegate("mark", "orders", "--format", "json").json
    assert [(one["counts"], one["feedback"]["kind"]) for one in listed] == [(False, "expected"), (False, None)]
    assert logged(folder) == [
        ("feedback.given", "expected", "names are gone for good"), ("feedback.taken_back", None, "they came back"),
    ]  # fmt: skip
    given = tidegate(*of, "--as", "bad-data", "--reason", "a lost column", "--format", "json").json
    assert [one["subject"] for one in given["feedback"]] == ["", "null_rate(name)"]
    assert (given["held"], given["preview"]) == (True, False)
    history = tidegate("history", "orders", "null_rate", "--column", "name", "--last", "1")
    assert re.search(rf"^{last} +100 %  bad-data ", history.out, re.MULTILINE)
    assert f"bad-data by {user_name()} on " in history.out
    assert ": a lost column" in history.out


def test_any_word_is_taken_back_by_its_number(tidegate: Tidegate, folder: Path, last: str) -> None:
    for day in ("2024-02-05", last):
        assert tidegate("mark", "orders", "--partition", day, "--as", "bad-data", "--reason", day).code == 0
    listed = tidegate("mark", "orders", "--format", "json").json
    first = listed[0]["feedback"]["id"]
    unknown = tidegate("mark", "orders", "--undo", "--word", "99", "--reason", "x")
    assert (unknown.code, "no word 99 on orders counts" in unknown.err) == (2, True)
    assert tidegate("mark", "orders", "--undo", "--word", str(first), "--reason", "it was right").code == 0
    now = tidegate("mark", "orders", "--format", "json").json
    assert [one["feedback"]["partition"] for one in now if one["counts"]] == [last, last]
    assert tidegate("mark", "orders", "--word", "1", "--reason", "x").code == 2


def test_wrong_use_changes_nothing(tidegate: Tidegate, last: str) -> None:
    of = ("mark", "orders", "--partition", last)
    assert tidegate(*of, "--as", "expected").code == 2  # no reason
    assert tidegate(*of, "--as", "fine", "--reason", "x").code == 2
    both = tidegate(*of, "--as", "expected", "--undo", "--reason", "x")
    assert (both.code, "leave --as out" in both.err) == (2, True)
    assert tidegate("mark", "orders", "--undo", "--reason", "x").code == 2
    assert tidegate("mark", "orders").out == "nobody has said anything of orders\n"
