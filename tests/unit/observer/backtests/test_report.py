"""A backtest says what monitors said, finds what is injected, and is honest about what it can't know."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

import observer as ob
from observer.backtests.model import BacktestReport, Replayed, SeriesBacktest
from observer.errors import CheckError, ProjectError, UnknownName
from observer.project import Project
from tests.unit.observer.backtests.conftest import HELD, LARGE
from tests.unit.observer.shop import PIPELINE

STRICTER = PIPELINE.replace('column="name", severity="error"', 'column="name", severity="error", alpha=0.00001')


def one(report: BacktestReport, name: str) -> SeriesBacktest:
    return next(each for each in report.monitors if each.monitor == name)


def here(report: BacktestReport, name: str) -> Replayed:
    found = one(report, name).here
    assert found is not None
    return found


def rows(folder: Path, question: str) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(folder / ".tidegate" / "state.db")) as connection:
        return connection.execute(question).fetchall()


def test_it_says_what_was_said_when_each_day_was_made(project: Project, folder: Path) -> None:
    report = ob.backtest(project, "orders")
    for name in ("null_rate(name)", "score", "row_count"):
        judged = f"where subject = '{name}' and status <> 'learning'"
        warned = rows(folder, f"select partition from evaluations {judged} and status <> 'passed' order by partition")
        found = here(report, name)
        alarms = {alarm.partition for alarm in found.false_alarms} | ({HELD} if found.held_found else set())
        assert alarms == {partition for (partition,) in warned}
        assert [(found.judged + found.held,)] == rows(folder, f"select count(*) from evaluations {judged}")


def test_what_was_held_is_a_catch_and_what_was_published_a_false_alarm(project: Project) -> None:
    report = ob.backtest(project, "orders")
    nulls, size = here(report, "null_rate(name)"), here(report, "row_count")
    assert (nulls.held, nulls.held_found, nulls.false_alarms) == (1, 1, ())
    assert [alarm.partition for alarm in size.false_alarms] == [LARGE]
    assert size.weeks == pytest.approx(size.judged / 7)
    assert size.false_alarms_per_week == pytest.approx(1 / size.weeks)
    assert size.at_most_per_week is not None
    assert size.at_most_per_week > 4 / size.weeks  # 4.74 is what one event in a Poisson sample does not rule out
    assert size.promised_per_week == pytest.approx(7 / 365)


def test_faults_are_found_the_better_the_larger_they_are(project: Project) -> None:
    found = here(ob.backtest(project, "orders", monitor="row_count"), "row_count")
    drops = [fault for fault in found.faults if fault.fault == "drop"]
    assert [fault.size for fault in drops] == [0.1, 0.3, 0.9]
    assert [fault.recall for fault in drops] == sorted(fault.recall or 0.0 for fault in drops)
    assert (drops[-1].found, drops[-1].injected, drops[-1].delay) == (12, 12, 0.0)
    assert {fault.fault for fault in found.faults} == {"drop", "duplicate_load", "drift", "stale"}


def test_nothing_is_written(project: Project, folder: Path) -> None:
    def state() -> list[str]:
        with closing(sqlite3.connect(folder / ".tidegate" / "state.db")) as connection:
            return list(connection.iterdump())

    before = state()
    ob.backtest(project, "*", alpha=0.01)
    assert state() == before


def test_too_short_a_history_says_how_much_is_missing(project: Project) -> None:
    report = ob.backtest(project, "orders", last=5)
    assert (report.here.judging, report.here.learning) == (0, 4)
    found = here(report, "row_count")
    assert (found.judged, found.runs_needed, found.false_alarms_per_week, found.at_most_per_week) == (0, 2, None, None)
    assert all(fault.recall is None for fault in found.faults)
    once = here(ob.backtest(project, "whole"), "row_count")
    assert (once.judged, once.runs_needed) == (0, 6)


def test_another_alpha_is_tried(project: Project) -> None:
    names = {each.monitor: each.here for each in ob.backtest(project, "orders", alpha=0.2).monitors}
    assert {replayed.alpha for replayed in names.values() if replayed} == {0.2}
    usual = here(ob.backtest(project, "orders"), "row_count")
    loose = names["row_count"]
    assert loose is not None
    assert len(loose.false_alarms) > len(usual.false_alarms)
    found = [sum(fault.found for fault in each.faults) for each in (usual, loose)]
    assert found[0] < found[1]


def test_another_file_is_compared_with(project: Project, tmp_path: Path) -> None:
    other = tmp_path / "other" / "pipeline.py"
    other.parent.mkdir()
    more = STRICTER.replace('ob.monitor("score"', 'ob.monitor("mean", column="id"), ob.monitor("score"')
    other.write_text(more, encoding="utf-8")
    report = ob.backtest(project, "orders", compare=str(other))
    nulls = one(report, "null_rate(name)")
    assert nulls.here is not None
    assert nulls.other is not None
    assert (nulls.here.alpha, nulls.other.alpha) == (0.001, 0.00001)
    assert nulls.other.judged < nulls.here.judged  # so small an alpha takes longer to learn
    mean = one(report, "mean(id)")
    assert mean.here is None
    assert mean.other is not None
    assert report.other is not None
    assert report.other.judging == report.here.judging + 1
    size = one(report, "row_count")
    assert size.here == size.other


def test_another_environment_has_another_budget(project: Project, folder: Path) -> None:
    plain = ob.backtest(project, "orders")
    for name in ("tight", str(folder / "tighter.toml")):
        (folder / "tighter.toml").write_text("[env.other]\nfalse_alarms_per_week = 0.001\n", encoding="utf-8")
        report = ob.backtest(project, "orders", compare=name)
        assert replace(report, other=None, compared_with=None).here == plain.here
        assert report.other is not None
        assert report.other.promised_per_week < 0.001 < report.here.promised_per_week
        assert report.other.found < report.here.found


def test_another_project_is_compared_with(project: Project, folder: Path) -> None:
    report = ob.backtest(project, "orders", compare=str(folder))
    assert report.other == report.here


@pytest.mark.parametrize("text", ["this is no Python", "import os; os._exit(3)"])
def test_what_is_compared_with_can_be_broken(project: Project, tmp_path: Path, text: str) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text(text, encoding="utf-8")
    with pytest.raises(ProjectError, match=r"broken\.py.*nothing was replayed"):
        ob.backtest(project, "orders", compare=str(broken))


def test_what_is_not_there_is_said_with_the_nearest_names(project: Project) -> None:
    with pytest.raises(UnknownName, match="did you mean 'tight'"):
        ob.backtest(project, "orders", compare="thight")
    with pytest.raises(UnknownName, match="did you mean 'row_count'"):
        ob.backtest(project, "orders", monitor="row_cont")
    with pytest.raises(UnknownName, match="did you mean 'orders'"):
        ob.backtest(project, "order")
    for wrong in ({"last": 0}, {"alpha": 0.7}):
        with pytest.raises(CheckError, match=next(iter(wrong))):
            ob.backtest(project, "orders", **wrong)  # type: ignore[arg-type]


def test_a_monitor_of_what_was_never_measured_is_named(project: Project, tmp_path: Path) -> None:
    other = tmp_path / "odd.py"
    other.write_text(PIPELINE.replace('ob.monitor("score"', 'ob.monitor("scores"'), encoding="utf-8")
    assert ob.backtest(project, "orders", compare=str(other)).never_measured == ("orders scores",)
    assert ob.backtest(project, "report").monitors == ()
