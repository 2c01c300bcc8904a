"""A person's word on a version: what it would change is told before, and it is taken back in one step."""

import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

import observer as ob
from observer.errors import FeedbackError, ReleaseError, UnknownName
from observer.feedback import in_force
from observer.foresight import Foresight
from observer.marking import Marked, mark, said_of, undo
from observer.model import FeedbackKind
from observer.project import Project
from tests.unit.observer.backtests.conftest import HELD, LARGE, day
from tests.unit.observer.shop import put, shop


def change(done: Marked, name: str) -> Foresight:
    return next(each for each in done.changes if each.monitor == name)


def said(project: Project, partition: str, kind: FeedbackKind, **more: object) -> Marked:
    return mark(project, "orders", partition, kind, reason="so it is", by="ana", **more)  # type: ignore[arg-type]


def test_a_preview_says_what_the_word_then_does_and_writes_nothing(project: Project, folder: Path) -> None:
    def state() -> list[str]:
        with closing(sqlite3.connect(folder / ".tidegate" / "state.db")) as connection:
            return list(connection.iterdump())

    before = state()
    foreseen = said(project, LARGE, FeedbackKind.BAD_DATA, preview=True)
    assert state() == before
    done = said(project, LARGE, FeedbackKind.BAD_DATA)
    assert done.changes == foreseen.changes
    assert [one.subject for one in done.feedback] == ["", "row_count"]  # of all, and that one alarmed rightly
    undone = undo(project, "orders", LARGE, reason="it was a sale", by="ana")
    assert [one.undoes for one in undone.feedback] == [one.id for one in done.feedback]
    assert in_force(said_of(project, "orders")) == ()
    back = {each.monitor: (each.after, each.before) for each in undone.changes}
    assert back == {each.monitor: (each.before, each.after) for each in done.changes}


def test_the_held_version_is_meant_and_those_monitors_that_alarmed(project: Project) -> None:
    done = said(project, HELD, FeedbackKind.EXPECTED)
    assert done.held
    assert [one.subject for one in done.feedback] == ["null_rate(name)"]
    nulls = change(done, "null_rate(name)")
    assert nulls.before.above is not None
    assert nulls.after.above is None or nulls.after.above > nulls.before.above  # it is an example now


def test_a_backtest_then_counts_it_so(project: Project) -> None:
    said(project, LARGE, FeedbackKind.BAD_DATA)
    here = ob.backtest(project, "orders", monitor="row_count").monitors[0].here
    assert here is not None
    assert (here.false_alarms, here.held, here.held_found) == ((), 2, 1)
    said(project, day(50), FeedbackKind.NEW_NORMAL, subject="row_count")
    begun = ob.backtest(project, "orders", monitor="row_count").monitors[0]
    assert begun.points == 10


def test_a_page_shows_what_was_said_and_what_is_learned_from(project: Project) -> None:
    said(project, LARGE, FeedbackKind.EXPECTED_ONCE)
    said(project, day(50), FeedbackKind.NEW_NORMAL, subject="score")
    page = project.reads().asset("orders")
    assert page is not None
    points = {one.id: {p.partition: p for p in one.points} for one in page.monitors}
    large = points["row_count"][LARGE]
    assert (large.mark, large.excluded, large.held) == (FeedbackKind.EXPECTED_ONCE, True, False)
    assert points["null_rate(name)"][HELD].held
    assert [partition for partition, p in points["score"].items() if not p.excluded] == [day(n) for n in range(50, 60)]


def test_what_can_not_be_said_is_refused_and_why(project: Project) -> None:
    with pytest.raises(FeedbackError, match=r"no monitor of a number alarmed at orders 2024-01-20.*--subject"):
        said(project, "2024-01-20", FeedbackKind.EXPECTED)
    with pytest.raises(UnknownName, match="did you mean 'row_count'"):
        said(project, LARGE, FeedbackKind.EXPECTED, subject="row_cont")
    with pytest.raises(FeedbackError, match="no version that is held or published"):
        mark(project, "report", LARGE, FeedbackKind.BAD_DATA, reason="x", by="ana")
    with pytest.raises(ReleaseError, match="needs a reason"):
        mark(project, "orders", LARGE, FeedbackKind.BAD_DATA, reason=" ", by="ana")
    with pytest.raises(FeedbackError, match="nothing that was said of orders counts"):
        undo(project, "orders", None, reason="x", by="ana")


def test_it_counts_what_would_have_been_silenced_and_what_missed(tmp_path: Path) -> None:
    """From the thirtieth day on five times as many rows came: warnings on the first of them, until it had adapted."""
    folder = shop(tmp_path / "shop")
    days = [(date(2024, 1, 1) + timedelta(days=n)).isoformat() for n in range(36)]
    for n, each in enumerate(days):
        put(folder, each, ["ada"] * ((40 if n < 30 else 200) + n * 7 % 5))
    project = ob.open_project(folder)
    project.run(project.plan("orders", f"{days[0]}..{days[-1]}"), trigger="test")
    found = ob.backtest(project, "orders", monitor="row_count").monitors[0].here
    assert found is not None
    alarms = [alarm.partition for alarm in found.false_alarms]
    assert alarms[:2] == days[30:32]
    plain = said(project, days[30], FeedbackKind.NEW_NORMAL, preview=True)
    assert (change(plain, "row_count").silenced, change(plain, "row_count").missed) == (len(alarms), 0)
    said(project, days[31], FeedbackKind.BAD_DATA, subject="row_count")
    done = change(said(project, days[30], FeedbackKind.NEW_NORMAL, preview=True), "row_count")
    assert done.missed == 1
    assert done.silenced >= 1
    assert done.after.runs_needed > 0
    project.close()
