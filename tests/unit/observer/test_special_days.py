"""Holidays and what recurs: found in the calendar, compared with their like, and undone as any word is."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

import observer as ob
from detectors.calendar import Calendared
from observer.detection import detectors_of, history_of
from observer.feedback import NO_MARKS, marks_of
from observer.history import StoredPoint
from observer.model import Every, FeedbackKind
from observer.monitors import Monitor
from observer.recurrence import Recurrence
from observer.special_days import special_days_of
from observer.store import feedback as feedback_store
from observer.store.tables import evaluations
from orchestration.database import reading, writing
from orchestration.errors import DefinitionError
from orchestration.model import VersionStatus
from orchestration.special_days import HOLIDAY, special_days
from tests.unit.observer.cli.conftest import Tidegate, tidegate
from tests.unit.observer.ledger import Ledger, daily_asset, day, ledger
from tests.unit.observer.shop import put, shop
from tests.unit.observer.test_feedback import ORDERS, said

__all__ = ["tidegate"]

ROWS = Monitor(metric="row_count")


def test_names_stand_for_days() -> None:
    days = special_days(("US-NY", "XNYS", "2024-11-29"), "here")
    assert days is not None
    known = [date(2024, 7, 4), date(2024, 2, 12), date(2025, 1, 9), date(2024, 11, 29), date(2024, 7, 5)]
    assert [one in days for one in known] == [True, True, True, True, False]  # Lincoln, Carter's mourning on exchanges
    assert special_days((), "here") is None


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("USS", "no calendar of holidays is called 'USS'; did you mean .*'US'"),
        ("US-NYC", "did you mean 'US-NY'"),
        ("2024-02-30", "is no day of the calendar"),
    ],
)
def test_a_name_that_stands_for_nothing_says_what_is_near(name: str, why: str) -> None:
    with pytest.raises(DefinitionError, match=why):
        special_days((name,), "here")


def test_without_the_library_days_can_still_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *more: object) -> object:
        if name == "holidays":
            raise ImportError(name)
        return real(name, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    days = special_days(("2024-11-29",), "here")
    assert days is not None
    assert date(2024, 11, 29) in days
    with pytest.raises(DefinitionError, match=r"pip install 'tidegate\[holidays\]'"):
        special_days(("US",), "here")


@pytest.mark.parametrize(
    ("every", "on", "comes", "stays_away"),
    [
        (Every.WEEK, "2024-03-01", ["2024-03-08", "2023-12-29"], ["2024-03-07"]),
        (Every.MONTH, "2024-01-31", ["2024-02-29", "2024-03-31", "2024-04-30"], ["2024-03-30"]),
        (Every.MONTH_END, "2024-02-28", ["2024-01-30", "2024-04-29"], ["2024-01-31"]),
        (Every.YEAR, "2024-02-29", ["2028-02-29", "2023-02-28"], ["2024-02-28", "2024-03-01"]),
        (Every.YEAR, "2024-11-29", ["2023-11-29"], ["2024-11-28"]),
    ],
)
def test_what_recurs_falls_on_its_days(every: Every, on: str, comes: list[str], stays_away: list[str]) -> None:
    recurs = Recurrence.of(every, date.fromisoformat(on))
    assert all(recurs.falls_on(date.fromisoformat(each)) for each in comes)
    assert not any(recurs.falls_on(date.fromisoformat(each)) for each in stays_away)


@given(every=st.sampled_from(list(Every)), on=st.dates(date(1990, 1, 1), date(2060, 1, 1)), other=st.dates())
def test_the_day_itself_is_one_of_them_and_kinds_are_told_apart(every: Every, on: date, other: date) -> None:
    one, another = Recurrence.of(every, on), Recurrence.of(every, other)
    assert one.falls_on(on)
    assert (one.kind == another.kind) is (one == another)
    assert one.kind != HOLIDAY


@pytest.fixture
def daily(state_url: str) -> Iterator[Ledger]:
    with ledger(state_url, daily_asset()) as made:
        yield made


def with_holidays(made: Ledger, *names: str) -> None:
    days = special_days_of(made.observer.graph, {"*": names}, "here")
    made.observer = replace(made.observer, holidays=days)


def newest(made: Ledger, subject: str = "row_count") -> tuple[str, float, float, int]:
    with reading(made.engine) as connection:
        c = evaluations.c
        row = connection.execute(select(evaluations).where(c.subject == subject).order_by(c.id.desc()).limit(1)).one()
        return row.status, row.lower, row.upper, row.n_train


def test_a_holiday_is_judged_by_holidays_and_an_ordinary_day_by_ordinary_days(daily: Ledger) -> None:
    holidays = [day(n) for n in (8, 15, 22, 29)]
    with_holidays(daily, *holidays)
    for n in range(1, 31):
        daily.version(day(n), rows=(400.0 if day(n) in holidays else 1000.0) + 7 * (n % 5))
        if day(n) == holidays[0]:
            assert newest(daily)[0] == "learning" or newest(daily)[1] < 400
        assert newest(daily)[0] in ("learning", "passed")
    assert newest(daily)[3] == 25  # holidays teach ordinary days nothing
    daily.version(day(31), rows=400.0)
    assert newest(daily)[0] == "warned"
    with_holidays(daily, *holidays, day(31))
    daily.version(day(31), rows=400.0)
    assert newest(daily)[0] == "passed"
    daily.version(day(31), rows=20.0)
    assert newest(daily)[0] == "warned"


def test_what_recurs_is_expected_at_its_recurrence_until_that_is_taken_back(daily: Ledger) -> None:
    start = date(2024, 1, 1)
    for n in range(86):
        on = start + timedelta(days=n)
        end = (on + timedelta(days=1)).day == 1
        daily.version(on.isoformat(), rows=(3000.0 if end else 1000.0) + 7 * (n % 5))
    assert newest(daily)[3] == 85

    def mark(**more: object) -> int:
        given = said(0, FeedbackKind.RECURRING, every=Every.MONTH_END, day=date(2024, 1, 31), **more)
        with writing(daily.engine) as connection:
            number = feedback_store.add(connection, given)
            assert feedback_store.all_of(connection, ORDERS)[-1] == replace(given, id=number)
        return number

    def verdict(on: str, rows: float) -> str:
        daily.version(on, rows=rows)
        return newest(daily)[0]

    assert verdict("2024-03-31", 3010.0) == "warned"
    number = mark()
    assert verdict("2024-03-31", 3010.0) == "passed"
    assert verdict("2024-03-31", 40_000.0) == "warned"
    assert verdict("2024-03-31", 3010.0) == "passed"
    assert verdict("2024-03-27", 1000.0) == "passed"
    assert newest(daily)[3] == 84  # without the ends of January and February
    with writing(daily.engine) as connection:
        feedback_store.add(connection, said(0, None, undoes=number))
    assert verdict("2024-03-31", 3010.0) == "warned"


def test_weeks_and_months_have_no_holidays_and_what_is_long_may_still_recur() -> None:
    @ob.asset(partitions=ob.monthly(start="2020-01"))
    def books() -> None: ...

    starts = [datetime(2023, month, 1, tzinfo=UTC) for month in range(1, 13)]
    points = [
        StoredPoint(at, f"{at:%Y-%m}", n, f"m{n}", "r", VersionStatus.PUBLISHED, 1.0) for n, at in enumerate(starts)
    ]
    named = NO_MARKS.with_holidays(special_days(("2023-01-01",), "here"))
    history = history_of(ROWS, books, points, (), starts[-1], named)
    assert history.special is not None
    assert not history.special.any()
    yearly = marks_of([said(1, FeedbackKind.RECURRING, every=Every.YEAR, day=date(2022, 12, 1))])
    history = history_of(ROWS, books, points, (), starts[-1], yearly)
    assert history.special is not None
    assert history.special.astype(bool).tolist() == [False] * 11 + [True]
    assert all(isinstance(each, Calendared) for each, _ in detectors_of(ROWS, books, history))
    assert history_of(ROWS, books, points, (), starts[-1]).special is None


def test_the_command_marks_previews_lists_and_undoes_it(
    tidegate: Tidegate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shop(tmp_path / "shop")
    monkeypatch.chdir(folder)
    for n in range(1, 32):
        put(folder, f"2024-01-{n:02}", ["a", "b", "c"] * (40 if n == 31 else 10))
    assert tidegate("run", "orders", "--partition", "2024-01-01..2024-01-31").code in (0, 1)
    word = ("mark", "orders", "--partition", "2024-01-31", "--as", "recurring")
    assert "say how often: --every week, --every month" in tidegate(*word, "--reason", "books").err
    assert (
        "only what is recurring"
        in tidegate(
            "mark", "orders", "--partition", "2024-01-31", "--as", "expected", "--every", "week", "--reason", "x"
        ).err
    )
    assert "--every goes with --as recurring" in tidegate("mark", "orders", "--every", "week").err
    full = (*word, "--every", "month-end", "--subject", "row_count")
    seen = tidegate(*full, "--preview")
    assert "would be recurring every end of a month" in seen.out
    assert "would have silenced 1 alarm, missed 0 on bad data" in seen.out
    assert "nothing was changed" in seen.out
    assert "nobody has said anything" in tidegate("mark", "orders").out
    assert tidegate(*full, "--reason", "the books are closed").code == 0
    listed = tidegate("mark", "orders", "--format", "json").json[0]["feedback"]
    assert (listed["kind"], listed["every"], listed["day"]) == ("recurring", "month-end", "2024-01-31")
    assert tidegate("mark", "orders", "--undo", "--reason", "no").code == 0
    work = ob.open_project(folder)
    page = work.reads().asset("orders")
    work.close()
    assert page is not None
    assert [(one.said, one.reason, one.counts) for one in page.said] == [
        (f"takes the word of {listed['by']} back", "no", False),
        ("recurring every end of a month", "the books are closed", False),
    ]
    assert "counts no more" in tidegate("mark", "orders").out


def test_the_environment_names_them_and_a_wrong_name_is_told(
    tidegate: Tidegate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shop(tmp_path / "shop", toml='[env.local]\nholidays = ["US", "2024-11-29"]\n')
    monkeypatch.chdir(folder)
    with_them = ob.open_project(folder)
    assert date(2024, 7, 4) in with_them.observer.holidays["orders"]
    with_them.close()
    shop(folder, toml='[env.local]\nholidays = "USS"\n')
    assert "[env.local] holidays: no calendar of holidays is called 'USS'" in tidegate("ls").err
    shop(folder, toml="[env.local]\nholidays = 3\n")
    assert "holidays is the code of a country" in tidegate("ls").err


def test_assets_have_holidays_of_their_own_and_the_last_word_counts(
    tidegate: Tidegate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = '"*" = "US"\norders = ["DE", "2024-11-29"]\nreport = []\n'
    folder = shop(tmp_path / "shop", toml=f"[env.local]\n[env.local.holidays]\n{said}")
    monkeypatch.chdir(folder)
    work = ob.open_project(folder)
    known = work.observer.holidays
    work.close()
    assert set(known) == {*work.graph.order} - {"report"}
    american, german = date(2024, 7, 4), date(2024, 10, 3)
    assert [day in known["orders"] for day in (american, german, date(2024, 11, 29))] == [False, True, True]
    assert all(american in days for key, days in known.items() if key != "orders")
    shop(folder, toml='[env.local]\nholidays = { ordres = "US" }\n')
    refused = tidegate("ls").err
    assert "[env.local] holidays: no asset is called 'ordres'; did you mean 'orders'" in refused
    shop(folder, toml="[env.local]\nholidays = { orders = 4 }\n")
    assert "[env.local] holidays: 'orders' is the code of a country" in tidegate("ls").err
